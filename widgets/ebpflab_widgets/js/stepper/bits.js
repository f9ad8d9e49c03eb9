// One value, closer: its 64 bits beside the bits that are known (0 1, · = either), and how
// it reads signed and in 32 bits, each beside its claim. A drawer, on demand.

const READINGS = [
  { name: 'u64', bits: 64, sign: false, key: 'b' }, { name: 's64', bits: 64, sign: true, key: 's' },
  { name: 'u32', bits: 32, sign: false, key: 'l' }, { name: 's32', bits: 32, sign: true, key: 'm' },
]
const WHOLE_OF = {
  u64: [0n, (1n << 64n) - 1n], s64: [-(1n << 63n), (1n << 63n) - 1n],
  u32: [0n, (1n << 32n) - 1n], s32: [-(1n << 31n), (1n << 31n) - 1n],
}

class Bits {
  constructor(view) {
    const { say, history } = view
    this.say = say
    this.title = make('b', {})
    this.summary = make('summary', {}, this.title, ' ', make('kbd', { 'aria-hidden': 'true' }, 't'))
    this.lines = [
      ...(history.isExploration ? [] : [this.line(say('machine'), 'live')]),
      ...(history.isExploration || view.claims.isBeside ? [this.line(say('verifier'), 'claim')] : []),
    ]
    this.nothing = make('small', {}, say('no-bits'))
    this.rows = READINGS.map(reading => this.row(reading))
    const claimed = history.isExploration || view.claims.isBeside
    const heads = [say('reading'), ...(history.isExploration ? [] : [say('machine')]), ...(claimed ? [say('verifier'), say('range')] : [])]
    this.table = make('table', { 'aria-label': say('readings') }, make('thead', {},
      make('tr', {}, ...heads.map(text => make('th', { scope: 'col' }, text)))),
    make('tbody', {}, ...this.rows.map(row => {
      const cells = [row.live, row.claim, row.drawn]
      const shown = history.isExploration ? cells.slice(1) : claimed ? cells : cells.slice(0, 1)
      row.node.append(...shown)
      return row.node
    })))
    this.words = make('code', { class: 'words' })
    this.legend = make('small', {}, claimed ? say('bits-legend') : '')
    this.body = make('div', { class: 'bits' }, this.nothing, ...this.lines.map(line => line.node), this.legend, this.table, this.words)
    this.node = make('details', { class: 'drawer closer' }, this.summary, this.body)
    this.node.addEventListener('toggle', () => this.node.open && this.fill(view))
  }

  line(name, kind) {
    const cells = Array.from({ length: 64 }, () => make('i', {}))
    const groups = Array.from({ length: 8 }, (_, g) => make('span', {}, ...cells.slice(8 * g, 8 * g + 8)))
    const box = make('div', { class: `cells64 ${kind}`, role: 'img' }, ...groups)
    return { kind, cells, box, node: make('div', { class: 'bitline' }, make('small', {}, name), box) }
  }

  row(reading) {
    const ruler = new Ruler()
    const node = make('tr', {}, make('th', { scope: 'row' }, this.say(`reading-${reading.name}`)))
    const live = make('td', { class: 'm' }), claim = make('td', { class: 'm claim' })
    return { ...reading, node, live, claim, ruler, drawn: make('td', { class: 'drawn' }, ruler.node) }
  }

  toggle() {
    this.node.open = !this.node.open
    if (this.node.open) this.node.scrollIntoView({ block: 'nearest' })
  }

  draw(view) {
    setText(this.title, view.say('closer', { slot: view.label }))
    if (this.node.open) this.fill(view)
  }

  // The live value of what is selected, as 64 bits, or null: not known, no number.
  live({ history, selected, t }) {
    const { region, offset, size, map } = parseSlot(selected)
    if (map !== undefined || history.isMap(selected)) return null
    if (!region) {
      const { word } = history.register(selected, t)
      return word === null || history.isExploration ? null : BigInt(word)
    }
    const pairs = size <= 8 ? history.bytes(region, offset, size, t) : '?'
    return !pairs || pairs.includes('?') ? null : BigInt(`0x${pairsOf(pairs).reverse().join('')}`)
  }

  claim(view) {
    const { history, claims, selected, t } = view
    if (history.isExploration) return claims.read(history.register(selected, t).word)
    const { region, offset, size } = parseSlot(selected)
    return claims.at(region ? claimedSlot(region, offset, view.history.region.get(region)?.size) : selected, t, size).claim
  }

  fill(view) {
    const { spelling: { base }, say } = view
    const live = this.live(view), claim = this.claim(view)
    const known = claim && (claim.b || claim.c !== undefined) ? claim : null
    const isEmpty = live === null && !known
    setClass(this.nothing, 'none', !isEmpty)
    setClass(this.table, 'none', isEmpty)
    setClass(this.legend, 'none', !known)
    for (const line of this.lines) {
      const text = line.kind === 'live' ? bitsOf(live) : knownBits(known)
      setClass(line.node, 'none', !text)
      line.cells.forEach((cell, index) => {
        setText(cell, text?.[index] ?? '')
        setClass(cell, 'one', text?.[index] === '1')
      })
      setAttribute(line.box, 'aria-label', text?.replace(/.{8}/g, '$& ').trim() ?? null)
    }
    for (const row of this.rows) this.fillRow(row, live, known, base, say)
    setText(this.words, claim ? `${say('log-words')} ${claim.t}` : '')
  }

  fillRow({ name, bits, sign, key, live: cell, claim: told, ruler }, live, known, base, say) {
    const read = value => (sign ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value))
    const value = live === null ? null : read(live)
    setText(cell, value === null ? '' : number(value, base))
    const pairs = !known ? [] : known.c !== undefined ? [[known.c, known.c]]
      : key === 'b' ? known.b : known[key] ? [known[key]] : [WHOLE_OF[name]]
    const ends = pairs.map(pair => pair.map(end => read(BigInt(end))))
    const isAll = ends.length === 1 && ends[0].every((end, i) => end === WHOLE_OF[name][i])
    setText(told, isAll ? say('any') : ends.map(([a, b]) => (a === b ? number(a, base) : `${number(a, base)}…${number(b, base)}`)).join(', '))
    const bands = ends.map(pair => pair.map(SCALES[name]))
    const wrong = value !== null && ends.length > 0 && !ends.some(([a, b]) => a <= value && value <= b)
    ruler.draw(known ? { scale: name, bands, dot: value === null ? null : SCALES[name](value), wrong } : { scale: '' })
  }
}

const bitsOf = value => (value === null ? null : value.toString(2).padStart(64, '0'))

// What is known of each bit: 0, 1, or · for either.
function knownBits(claim) {
  if (!claim) return null
  if (claim.c !== undefined) return bitsOf(BigInt.asUintN(64, BigInt(claim.c)))
  if (!claim.v) return '·'.repeat(64)
  const [value, mask] = claim.v.map(text => bitsOf(BigInt(text)))
  return [...value].map((bit, index) => (mask[index] === '1' ? '·' : bit)).join('')
}
