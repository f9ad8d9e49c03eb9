// Small parts that several forms draw: an entry with its sign, and how rows are limited.

const MOST_ROWS = 64

// Which sign a row has at this moment: written, read, or none.
function signOf(scene, name) {
  const { op } = scene
  if (!op || op.g === 'x') return ''
  if (op.c.some(([changed, row, last]) => changed === name && row !== null && op.g !== 'r')) return 'w'
  if (op.k === name && op.g === 'r') return 'r'
  return op.c.some(([changed, row]) => changed === name && row !== null) ? 'r' : ''
}

// The rows that the operation removed, as they were before.
function goneRows({ op, before }) {
  if (!op) return []
  return op.c.filter(([, row]) => row === null).map(([name]) => [name, before.get(name)]).filter(([, row]) => row)
}

function sign(scene, mark) {
  return mark ? make('span', { role: 'img', 'aria-label': scene.say(OP_WORDS[mark]) }, OP_SIGNS[mark], ' ') : ''
}

function valueOf(row) {
  return Array.isArray(row.v) ? row.v.join(' | ') : row.v ?? ''
}

// One entry in a box: its sign, its key, its value.
function entry(scene, name, row, { gone = false, key = true, below = '' } = {}) {
  const mark = gone ? '' : signOf(scene, name)
  const value = valueOf(row)
  const text = key ? [make('b', {}, row.k), value && ` = ${value}`] : [make('b', {}, value)]
  return make('span', { class: `ent ${mark} ${gone ? 'gone' : ''}`, 'data-row': name },
    gone ? '⊖ ' : sign(scene, mark), ...text.filter(Boolean), below ? make('small', {}, below) : '')
}

// At most `most` rows, around the one that the operation is about.
function around(names, about, most = MOST_ROWS) {
  if (names.length <= most) return names
  const at = Math.max(0, names.indexOf(about))
  const from = Math.max(0, Math.min(at - (most >> 1), names.length - most))
  return names.slice(from, from + most)
}

function hiddenNote(scene, count) {
  return count > 0 ? make('small', { class: 'note' }, scene.say('rows-hidden', { count: scene.number(count) })) : ''
}
