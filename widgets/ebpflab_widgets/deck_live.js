// Keys of live slides, where a view and JupyterLab's deck want the same ones: Enter goes
// into the view of the slide and Esc out of it, and a step that the view lets pass at
// its end moves the deck. A step shows another slide: JupyterLab's deck would stop at each
// cell, though nothing changes on the screen. The look itself is deck.css.

const VIEW = '.jp-Deck .ebpflab[tabindex]'
const WRITING = '.jp-mod-editMode, input, select, textarea'
const WAYS = { ArrowRight: 'forward', PageDown: 'forward', ' ': 'forward', ArrowLeft: 'back', PageUp: 'back' }

const STOPS = 9 // cells of a slide, at most
const PATIENCE = 1500 // ms that JupyterLab may take to show what a step leads to

const viewAround = event => event.target.closest?.(VIEW)
const isShown = () => document.body.dataset.jpDeckMode === 'presenting'
const active = () => document.querySelector('.jp-Deck .jp-Cell.jp-mod-active')
const slide = () => document.querySelector('.jp-Deck .jp-deck-mod-visible')

async function until(test) {
  for (const end = Date.now() + PATIENCE; !test() && Date.now() < end;)
    await new Promise(done => setTimeout(done, 20))
  return test()
}

// From cell to cell until another slide is there; at the end of the deck, nothing.
async function move(way) {
  const before = slide()
  for (let stops = 0; stops < STOPS && slide() === before; stops++) {
    const cell = active()
    document.querySelector(`.jp-Deck-Remote .jp-deck-mod-direction-${way}`)?.click()
    if (!await until(() => active() !== cell)) return
    await until(() => active()?.matches('.jp-deck-mod-visible'))
  }
}

let moved = Promise.resolve()
const go = way => { moved = moved.then(() => move(way)) }

// Before the view and JupyterLab see the key.
function early(event) {
  // By this class the views know that they stand on a slide.
  document.body.classList.toggle('reveal', isShown())
  const inside = viewAround(event)
  const view = document.querySelector('.jp-Deck .jp-deck-mod-visible .ebpflab[tabindex]')
  const to = { Escape: inside?.closest('.jp-Cell'), Enter: inside ? null : view }[event.key]
  if (event.shiftKey || event.target.closest(WRITING)) return
  const way = isShown() && !inside && !isPressed(event) && WAYS[event.key]
  if (!to && !way) return
  event.preventDefault()
  event.stopPropagation()
  if (way) return go(way)
  to.focus()
  to.focus() // again: a cell that becomes active takes the focus for itself
}

// After the view.
function late(event) {
  const way = WAYS[event.key]
  if (!way || event.defaultPrevented || !viewAround(event)) return
  if (isPressed(event) || event.target.closest(WRITING)) return
  event.preventDefault()
  go(way)
}

// The space bar presses a button that has the focus.
const isPressed = event => event.key === ' ' && event.target.closest('button, summary')

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
