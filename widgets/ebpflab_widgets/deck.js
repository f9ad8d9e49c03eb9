// A deck without Python: one section at a time, by keys, buttons or the address's hash.
// A view that has the focus is asked first; it lets pass what it does not use. S opens
// the lecturer's notes in a window of their own, T swaps the theme.

const slides = [...document.querySelectorAll('body > section')]
const [count] = document.getElementsByTagName('output')
const [nav] = document.getElementsByTagName('nav')
const STEPS = { ArrowRight: 1, PageDown: 1, ' ': 1, ArrowLeft: -1, PageUp: -1 }
const VIEW = '[role=group][tabindex]'
const FIELDS = 'button, input, select, summary, textarea'
let now = 0, notes = null, began = 0

const asked = () => Math.max(0, Math.min(slides.length, Number(location.hash.slice(1))) - 1 || 0)
const viewOf = slide => slide.querySelector(VIEW)
const titleOf = slide => slide?.querySelector('h1, h2')?.textContent ?? ''

function show(index) {
  now = Math.max(0, Math.min(slides.length - 1, index))
  slides.forEach((slide, i) => slide.classList.toggle('now', i === now))
  // Where the focus stood is hidden now; the keys go to the deck.
  if (!slides[now].contains(document.activeElement)) document.activeElement.blur()
  count.textContent = `${now + 1} / ${slides.length}`
  nav.classList.toggle('views', Boolean(viewOf(slides[now])))
  if (asked() !== now) location.replace(`#${now + 1}`)
  tell()
}

function swapTheme() {
  const dark = document.body.dataset.jpThemeLight
    ? document.body.dataset.jpThemeLight === 'false'
    : matchMedia('(prefers-color-scheme: dark)').matches
  document.body.dataset.jpThemeLight = dark
}

const ACTS = {
  Home: () => show(0), End: () => show(slides.length - 1),
  Enter: () => viewOf(slides[now])?.focus(), t: swapTheme, s: openNotes,
}

function key(event) {
  const { target } = event
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
  const pressed = [' ', 'Enter'].includes(event.key) && target.closest(FIELDS)
  if (pressed || target.closest('input, select, textarea')) return
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key
  const act = name in STEPS ? () => show(now + STEPS[name]) : ACTS[name]
  if (!act) return
  event.preventDefault()
  act()
}

// ---- the lecturer's window: these notes, the next title, the minutes so far

function openNotes() {
  notes = window.open('', 'ebpflab-notes', 'popup,width=900,height=640')
  if (!notes) return
  began = began || Date.now()
  notes.document.title = document.title
  notes.document.body.style.cssText =
    'font: 22px/1.5 system-ui, sans-serif; margin: 1.5em; color-scheme: light dark'
  notes.document.onkeydown = key
  tell()
}

function tell() {
  if (!notes || notes.closed) return
  const seconds = Math.floor((Date.now() - began) / 1000)
  const time = `${Math.floor(seconds / 60)}:${`${seconds % 60}`.padStart(2, '0')}`
  const next = titleOf(slides[now + 1])
  notes.document.body.innerHTML = `<p>${time} · ${count.textContent}</p>`
    + `<h1>${titleOf(slides[now])}</h1>${slides[now].querySelector('.notes').innerHTML}`
    + (next && `<p>${nav.dataset.next} ${next}</p>`)
}

document.addEventListener('keydown', key)
window.addEventListener('hashchange', () => show(asked()))
nav.addEventListener('click', ({ target }) => target.dataset.go && show(now + Number(target.dataset.go)))
setInterval(tell, 1000)
show(asked())
