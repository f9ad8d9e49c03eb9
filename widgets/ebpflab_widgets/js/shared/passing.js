// Which keys of a view others may hear. A notebook must not hear plain keys typed here:
// its own `d d` deletes the cell. What is typed with Control or Command, and Shift+Enter,
// goes on. A deck hears what the view has no use for: at either end the key that steps
// goes on to it, and so does the lecturer.

const PASSED_ON = ['Tab', 'Escape', 'Shift', 'Enter']
const ON_SLIDES = { ' ': 'ArrowRight', PageDown: 'ArrowRight', PageUp: 'ArrowLeft' }
const PRESSED_BY_SPACE = 'button, summary'

const isOnSlide = view => Boolean(view.node.closest('.reveal'))
const isChord = ({ ctrlKey, metaKey, altKey }) => ctrlKey || metaKey || altKey

// The key as the view knows it: on a slide, other keys step as well.
function keyOf({ key, target }, view) {
  if (!isOnSlide(view) || (key === ' ' && target.matches(PRESSED_BY_SPACE))) return key
  return ON_SLIDES[key] ?? key
}

function isKept(event, view) {
  if (isChord(event) || isOnSlide(view)) return false
  const { key, shiftKey, target } = event
  return !PASSED_ON.includes(key) || (key === 'Enter' && !shiftKey && target !== view.node)
}

// Do what a key asks for, if it asks for anything; else it may be somebody else’s.
function take(event, view, act) {
  if (act || isKept(event, view)) event.stopPropagation()
  if (!act) return
  event.preventDefault()
  act()
}
