// One ruler, two scales. A number stands on 0 … 2^64 by bits, so that a mask visibly
// shortens its band; a pointer on the bytes of its object, with the part that is proved.

const log2 = value => Math.log2(Number(value) + 1)
const SCALES = {
  u64: value => log2(value) / 64 * 100,
  u32: value => log2(value) / 32 * 100,
  s64: value => 50 + (value < 0n ? -log2(-value) / 63 : log2(value) / 63) * 50,
  s32: value => 50 + (value < 0n ? -log2(-value) / 31 : log2(value) / 31) * 50,
}
const within = value => Math.max(0, Math.min(100, value))

class Ruler {
  constructor() {
    this.bands = [make('b', {}), make('b', {})]
    this.reach = make('u', {})
    this.dot = make('i', {})
    this.size = make('small', {})
    this.node = make('div', { class: 'rule', role: 'img' }, ...this.bands, this.reach, this.dot, this.size)
  }

  // bands, reach: [[from, to]] in per cent; dot: per cent, or null.
  draw({ bands = [], reach = null, dot = null, scale = '', label = '', size = 0, wrong = false }) {
    setClass(this.node, 'none', !scale)
    setClass(this.node, 'object', scale === 'object')
    setClass(this.node, 'out', wrong)
    this.bands.forEach((band, index) => {
      setClass(band, 'none', !bands[index])
      if (!bands[index]) return
      const [from, to] = bands[index].map(within)
      setAttribute(band, 'style', scale === 'object'
        ? `left:${from.toFixed(2)}%;width:${(to - from).toFixed(2)}%`
        : `left:calc(${from.toFixed(2)}% - .45em);width:calc(${(to - from).toFixed(2)}% + .9em)`)
    })
    setText(this.size, size ? `${size} B` : '')
    setClass(this.reach, 'none', !reach)
    if (reach) setAttribute(this.reach, 'style', `left:${within(reach[0]).toFixed(2)}%;width:${Math.max(1, within(reach[1]) - within(reach[0])).toFixed(2)}%`)
    setClass(this.dot, 'none', dot === null)
    if (dot !== null) setAttribute(this.dot, 'style', `left:${within(dot).toFixed(2)}%`)
    setText(this.dot, wrong ? '✕' : '')
    setAttribute(this.node, 'aria-label', label || null)
    setAttribute(this.node, 'aria-hidden', label ? null : 'true')
  }
}

// The drawing of a number's claim and its live value (a BigInt, or null).
function numberDrawing(claim, live, words, wrong) {
  const ends = claim?.c !== undefined ? [[claim.c, claim.c]] : claim?.b ?? []
  const bands = ends.map(pair => pair.map(end => SCALES.u64(BigInt.asUintN(64, BigInt(end)))))
  return { scale: 'u64', bands, dot: live === null ? null : SCALES.u64(live), label: words, wrong }
}

// The drawing of a pointer: the object, what of it is proved, where it points.
// Live: {size, offset} of the region that the address lies in, or null.
function pointerDrawing(claim, live, words, wrong) {
  const fixed = claim?.f ?? 0, first = claim?.o?.[0] ?? 0
  const stride = claim?.k === 'map_value' ? Math.ceil(claim.z / 8) * 8 : 0
  const known = stride ? claim.z : live?.size || claim?.z || 0
  const size = known || (claim?.k === 'pkt' ? Math.max(64, claim.r, claim.o[1]) : 0)
  if (!size) return { scale: '' }
  const offset = live ? (stride && live.offset >= 0 ? live.offset % stride : live.offset) : null
  const at = value => value / size * 100
  const base = claim?.k === 'pkt' && offset !== null ? offset - fixed - (claim.o[0] === claim.o[1] ? first - fixed : 0) : 0
  const proved = claim?.k === 'ctx' ? [[0, 100]] : claim?.r > 0 ? [[at(base), at(base + claim.r)]] : []
  const reach = claim?.o && claim.o[0] !== claim.o[1] ? claim.o.map(at) : null
  const dot = offset !== null ? at(offset) : claim?.o && !reach ? at(first) : null
  return { scale: 'object', size: claim && known, bands: proved, reach, dot, label: words, wrong }
}
