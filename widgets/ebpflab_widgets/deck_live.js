// Keys of live slides, where a view and JupyterLab's deck want the same ones: Enter goes
// into the view of the slide and Esc out of it, and a step that the view lets pass at
// its end moves the deck. The look itself is deck.css.

const VIEW = '.jp-Deck .ebpflab[tabindex]'
const WRITING = '.jp-mod-editMode, input, select, textarea'
const WAYS = { ArrowRight: 'forward', PageDown: 'forward', ' ': 'forward', ArrowLeft: 'back', PageUp: 'back' }

const viewAround = event => event.target.closest?.(VIEW)

// Before the view and JupyterLab see the key.
function early(event) {
  // By this class the views know that they stand on a slide.
  document.body.classList.toggle('reveal', document.body.dataset.jpDeckMode === 'presenting')
  const inside = viewAround(event)
  const view = document.querySelector('.jp-Deck .jp-deck-mod-visible .ebpflab[tabindex]')
  const to = { Escape: inside?.closest('.jp-Cell'), Enter: inside ? null : view }[event.key]
  if (!to || event.shiftKey || event.target.closest(WRITING)) return
  event.preventDefault()
  event.stopPropagation()
  to.focus()
  to.focus() // again: a cell that becomes active takes the focus for itself
}

// After the view.
function late(event) {
  const way = WAYS[event.key]
  if (!way || event.defaultPrevented || !viewAround(event)) return
  const pressed = event.key === ' ' && event.target.closest('button, summary')
  if (pressed || event.target.closest(WRITING)) return
  event.preventDefault()
  document.querySelector(`.jp-Deck-Remote .jp-deck-mod-direction-${way}`)?.click()
}

export default {
  render() {
    window.addEventListener('keydown', early, true)
    window.addEventListener('keydown', late)
    return () => {
      window.removeEventListener('keydown', early, true)
      window.removeEventListener('keydown', late)
    }
  },
}
