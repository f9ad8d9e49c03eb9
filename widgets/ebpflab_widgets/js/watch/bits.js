// A Bloom filter: its bits, and the few that a value sets or is asked for.

const MOST_DRAWN = 256 // bits with a cell each; more are dots
const ACROSS = 16

function drawBits(scene) {
  const { rows, map, op, say, number } = scene
  const asked = (op?.x ?? []).map(Number)
  const pushed = op?.g === 'w'
  const range = make('small', {}, say('bits-range', { last: number(map.places - 1), count: number(rows.size) }))
  const name = asked.length ? make('p', { class: 'asked' }, entry(scene, '', { k: op.a }),
    ' → ', make('span', { class: 'm' }, asked.map(bit => `${bit}`).join(', '))) : make('p', { class: 'asked' })
  const body = map.places <= MOST_DRAWN ? cells(scene, asked, pushed) : dots(scene, asked, pushed)
  return [name, body, range]
}

function cells({ rows, map }, asked, pushed) {
  const all = Array.from({ length: map.places }, (_, bit) => {
    const one = rows.has(`${bit}`), hit = asked.includes(bit)
    const kind = `${one ? 'one' : ''} ${hit ? (pushed ? 'w' : 'r') : ''}`
    return make('span', { class: kind, 'data-bit': bit }, one ? '1' : '0')
  })
  return make('div', { class: 'bits', style: `--across:${map.places <= 32 ? ACROSS : 32}` }, ...all)
}

function dots({ rows, map }, asked, pushed) {
  const across = 2 ** Math.ceil(Math.log2(map.places) / 2 + .5)
  const down = Math.ceil(map.places / across)
  const at = bit => `M${bit % across} ${Math.floor(bit / across)}h.9v.9h-.9z`
  const ring = bit => `M${bit % across - 1} ${Math.floor(bit / across) - 1}h3v3h-3z`
  return make('svg', { class: 'dots', viewBox: `-1 -1 ${across + 2} ${down + 2}`, role: 'img', 'aria-hidden': 'true' },
    make('path', { class: 'ones', d: [...rows.keys()].map(name => at(Number(name))).join('') }),
    make('path', { class: pushed ? 'w' : 'r', d: asked.map(ring).join('') }))
}
