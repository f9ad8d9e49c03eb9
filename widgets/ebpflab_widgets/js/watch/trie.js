// A trie of prefixes: bars as deep as they are nested; a lookup is a vertical cut. Where
// there are too many for the width, the same as an indented list.

const COLUMN = 8.4 // em that the shortest bar needs
const LEVEL = 3.3 // em from one depth to the next

function drawTrie(scene) {
  const { map, rows, em, width } = scene
  const parts = map.columns * COLUMN * em <= width ? bars(scene) : indented(scene)
  const isEmpty = !rows.size && !goneRows(scene).length
  return [...(isEmpty ? [make('p', {}, scene.say('empty'))] : []), parts, make('small', { class: 'note' }, scene.say('trie-key'))]
}

// What the lookup met: the prefixes that fit, the longest first.
function fits({ op }) {
  return op && op.g === 'r' ? op.x : []
}

function barClass(scene, name, met) {
  if (met[0] === name) return 'best'
  if (met.includes(name)) return 'hit'
  return signOf(scene, name) === 'w' ? 'w' : ''
}

function barText(scene, name, row, kind) {
  const { say } = scene
  const mark = kind === 'best' ? 'r' : kind === 'w' ? 'w' : ''
  const value = valueOf(row)
  return [make('code', {}, sign(scene, mark), row.k), make('small', {}, kind === 'best' ? `${value}, ${say('longest')}` : value)]
}

function bars(scene) {
  const { map, rows, op } = scene
  const met = fits(scene)
  const share = columns => `${columns / map.columns * 100}%`
  const depth = 1 + Math.max(0, ...Object.values(map.bars).map(([, , d]) => d))
  const place = name => {
    const [column, columns, level] = map.bars[name]
    return `left:${share(column)};width:calc(${share(columns)} - .4em);top:${level * LEVEL + .3}em`
  }
  const shown = [...rows].map(([name, row]) => {
    const kind = barClass(scene, name, met)
    return make('div', { class: `bar-of ${kind}`, style: place(name), 'data-row': name }, ...barText(scene, name, row, kind))
  })
  const gone = goneRows(scene).map(([name, row]) =>
    make('div', { class: 'bar-of gone', style: place(name) }, make('code', {}, `⊖ ${row.k}`)))
  return make('div', { class: 'ice', style: `height:${depth * LEVEL + 1.2}em` }, ...needle(scene, met, share, depth), ...shown, ...gone)
}

function needle({ map, op }, met, share, depth) {
  const cut = op?.g === 'r' ? map.cuts[op.h] : undefined
  if (cut === undefined) return []
  const deep = met.length ? map.bars[met[0]][2] * LEVEL + 2 : depth * LEVEL
  return [make('div', { class: 'needle', style: `left:calc(${share(cut + .5)} - .2em);height:${deep + 1.7}em` },
    make('code', {}, op.a))]
}

function indented(scene) {
  const { map, rows } = scene
  const met = fits(scene)
  const names = [...rows.keys()].sort((a, b) => map.bars[a][0] - map.bars[b][0] || map.bars[a][2] - map.bars[b][2])
  const shown = around(names, scene.op?.k)
  return make('div', {}, ...shown.map(name => {
    const kind = barClass(scene, name, met)
    return make('div', { class: `twig ${kind}`, style: `margin-left:${map.bars[name][2] * 1.4}em`, 'data-row': name },
      ...barText(scene, name, rows.get(name), kind))
  }), hiddenNote(scene, names.length - shown.length))
}
