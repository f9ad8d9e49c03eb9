// Bytes on a number line: what is proved, what is touched, the headers underneath. The
// access and the end of the proof can be moved: what would have been enough?

const OPEN_BYTES = 16 // shown of what ends nobody tells where
const ROOM = 1.6 // how much of the line lies behind what is proved, at least

class Bounds {
  constructor(view) {
    this.view = view
    this.say = view.say
    this.proof = view.data.proof
    const { object, first, last, proved } = this.proof
    this.movable = first !== null && first === last && proved !== null
    this.span = spanOf(this.proof)
    this.formula = new Formula(this.say)
    this.not = make('div', { class: 'np' })
    this.yes = make('div', { class: 'pv' })
    this.access = this.handle('ac', 'access')
    this.end = object === 'packet' && this.movable ? this.handle('hd', 'end') : null
    this.label = make('span', { class: 'al' })
    this.ticks = make('div', { class: 'ticks', 'aria-hidden': 'true' })
    const parts = this.proof.parts.map(([name, from, to]) => make('span', {
      class: 'fd', style: `left:${this.along(from)}%;width:${this.along(to) - this.along(from)}%`,
    }, name))
    this.line = make('div', { class: `line ${parts.length ? 'parts' : ''}` },
      ...[this.not, this.yes, make('div', { class: 'ax' }), this.ticks, ...parts, this.access, this.label, this.end].filter(Boolean))
    const hint = this.movable ? make('small', {}, ` ${this.say(this.end ? 'hint-both' : 'hint-access')}`) : ''
    this.node = make('section', {}, make('h3', {}, this.say('proof'), hint), this.formula.node, this.line)
    this.reset()
    this.line.addEventListener('keydown', event => this.key(event))
  }

  along(byte) {
    const [low, high] = this.span
    return Math.max(0, Math.min(100, ((byte - low) / (high - low)) * 100))
  }

  handle(name, what) {
    if (!this.movable) return make('span', { class: name, 'aria-hidden': 'true' })
    const node = make('button', { class: name, role: 'slider', 'data-what': what, 'aria-label': this.say(`slide-${what}`) })
    node.addEventListener('pointerdown', event => {
      node.setPointerCapture(event.pointerId)
      this.held = what
    })
    node.addEventListener('pointermove', event => {
      if (this.held !== what) return
      const { left, width } = this.line.getBoundingClientRect()
      const [low, high] = this.span
      const byte = Math.round(low + ((event.clientX - left) / width) * (high - low))
      this.move(what, byte)
    })
    node.addEventListener('pointerup', () => { this.held = '' })
    return node
  }

  key(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    const what = event.target.dataset?.what
    if (event.key === 'Home' && this.movable) this.reset()
    else if (by && what) this.move(what, (what === 'end' ? this.now.proved : this.now.first) + by)
    else return
    event.preventDefault()
    event.stopPropagation()
    this.view.draw()
  }

  move(what, byte) {
    const [low, high] = this.span
    const to = Math.max(low, Math.min(high - 1, byte))
    if (what === 'end') this.now.proved = Math.max(0, to)
    else this.now.first = this.now.last = to
    this.view.draw()
  }

  reset() {
    this.now = { ...this.proof }
  }

  // An earlier moment of the packet pointer's life: what was proved then.
  showMoment(bytes) {
    this.reset()
    if (this.proof.object === 'packet' && bytes >= 0) this.now.proved = bytes
  }

  draw() {
    const { now, say } = this, { first, last, size, low } = now, isPacket = now.object === 'packet'
    const what = inequality(now, say)
    const moved = first !== this.proof.first || now.proved !== this.proof.proved
    const proved = now.proved ?? this.span[1]
    this.sentence = this.formula.draw(moved ? { ...what, note: say('what-if') } : what)
    setClass(this.line, 'good', what.holds)
    const from = this.along(first ?? this.span[0]), to = this.along(last === null ? this.span[1] : last + size)
    this.yes.style.cssText = `left:${this.along(low)}%;width:${this.along(proved) - this.along(low)}%`
    this.not.style.cssText = `left:${this.along(proved)}%;right:0`
    setText(this.yes, this.along(proved) - this.along(low) > (isPacket ? 14 : 34) ? `✓ ${say(isPacket ? 'word-proved' : 'word-there')}` : '✓')
    setClass(this.yes, 'none', proved <= low)
    setClass(this.yes, 'open', now.proved === null)
    setText(this.not, 100 - this.along(proved) > 40 && from - this.along(proved) > 20 ? say(isPacket ? 'word-not-proved' : 'word-outside') : '')
    this.access.style.cssText = `left:${from}%;width:${Math.max(to - from, 0.6)}%`
    setText(this.label, `${what.holds ? '✓' : '✕'} ${say(`does-${this.view.data.does}`)} ${touched(now, say)}`)
    this.label.style.cssText = `left:${from}%;transform:translateX(-${from}%)`
    if (this.end) this.end.style.left = `${this.along(proved)}%`
    this.drawTicks()
    for (const node of [this.access, this.end]) {
      setAttribute(node ?? make('i'), 'aria-valuetext', this.sentence)
      if (node) setAttribute(node, 'aria-valuenow', node === this.end ? proved : first ?? low)
    }
  }

  drawTicks() {
    const { first, last, size, low, proved } = this.now
    const ends = this.proof.parts.map(part => part[1])
    const wanted = [first, proved, low, last === null ? null : last + size, ...ends].filter(byte => byte !== null)
    const shown = []
    for (const byte of wanted) {
      if (byte < this.span[0] || byte > this.span[1]) continue
      if (shown.every(other => Math.abs(this.along(other) - this.along(byte)) > 6)) shown.push(byte)
    }
    this.ticks.replaceChildren(...shown.map(byte =>
      make('span', { style: `left:${this.along(byte)}%` }, number(byte))))
  }
}

// From where to where the line goes: all of what is proved, and what may be touched, as
// far as that leaves room to see the first.
function spanOf({ object, low, proved: told, first, last, size, parts }) {
  const proved = told ?? low + OPEN_BYTES
  const width = Math.max(proved - low, 8), reach = (width * (ROOM + 1)) | 0
  const end = Math.max(proved + 4, Math.min(last === null ? Infinity : last + size + 2, low + reach))
  const named = Math.max(0, ...parts.map(part => part[2]))
  const start = Math.max(first ?? -Infinity, low - reach)
  return [Math.min(low, start < low ? start - 2 : low), object === 'packet' ? Math.max(end, named, (last ?? 0) + size + 2) : end]
}
