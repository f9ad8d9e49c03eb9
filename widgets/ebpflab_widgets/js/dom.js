// Making and patching elements. A row is made once; afterwards only what differs is
// written, so focus, selection and a screen reader's place survive each step.

function make(tag, attributes = {}, ...children) {
  const node = tag === 'svg' || tag === 'path' || tag === 'rect' || tag === 'g'
    ? document.createElementNS('http://www.w3.org/2000/svg', tag)
    : document.createElement(tag)
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== false) node.setAttribute(name, value === true ? '' : value)
  node.append(...children)
  return node
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text
}

function setAttribute(node, name, value) {
  if (value === null || value === undefined) {
    if (node.hasAttribute(name)) node.removeAttribute(name)
  } else if (node.getAttribute(name) !== `${value}`) node.setAttribute(name, value)
}

function setClass(node, name, on) {
  if (node.classList.contains(name) !== Boolean(on)) node.classList.toggle(name, Boolean(on))
}

// The two signs of what a step does to a value; `mark` is 'w', 'r' or ''.
const SIGNS = { w: '●', r: '○', '': '' }

function setMark(node, sign, mark, say) {
  setClass(node, 'w', mark === 'w')
  setClass(node, 'r', mark === 'r')
  setText(sign, SIGNS[mark])
  const word = mark && say(mark === 'w' ? 'word-written' : 'word-read')
  setAttribute(sign, 'role', mark ? 'img' : null)
  setAttribute(sign, 'aria-label', word || null)
}

// Scroll inside one list, by whole rows, and only when the row is near an edge. Of the
// `others` (where it may go next) each that fits is kept in view as well.
function keepInView(list, row, ...others) {
  const tall = list.clientHeight
  if (!row || !tall) return
  let top = row.offsetTop, bottom = top + row.offsetHeight
  const margin = 2 * row.offsetHeight
  for (const { offsetTop, offsetHeight } of others.filter(Boolean)) {
    const low = Math.min(top, offsetTop), high = Math.max(bottom, offsetTop + offsetHeight)
    if (high - low <= tall - margin) [top, bottom] = [low, high]
  }
  const near = Math.min(margin, (tall - (bottom - top)) / 2)
  const seen = top - list.scrollTop
  if (seen >= near && seen + bottom - top <= tall - near) return
  const wanted = (top + bottom) / 2 - tall / 2
  let first = row
  while (first.previousElementSibling && first.previousElementSibling.offsetTop >= wanted)
    first = first.previousElementSibling
  list.scrollTop = wanted <= 0 ? 0 : first.offsetTop
}
