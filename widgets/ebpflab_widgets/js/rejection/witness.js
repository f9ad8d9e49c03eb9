// Inputs that were really run, unverified: on which of them the program goes wrong.

const BYTES_SHOWN = 64
const MOST_RUNS = 6 // stretches of the strip that are named

class WitnessStrip {
  constructor(view) {
    this.view = view
    const { say, data: { witness } } = view
    this.witness = witness
    this.cells = witness.cells.map(cell => make('i', { class: cell.wrong ? 'wrong' : 'fine' }, cell.wrong ? '✕' : ''))
    this.strip = make('div', { class: 'strip', role: 'slider', tabindex: 0, 'aria-label': say(`strip-${witness.by}`),
      'aria-valuemin': 0, 'aria-valuemax': this.cells.length - 1 }, ...this.cells)
    this.ends = make('div', { class: 'ends', 'aria-hidden': 'true' })
    this.bytes = make('div', { class: 'bytes' })
    this.said = make('p', { class: 'said' })
    const hint = say(witness.found ? `hint-${witness.by}` : 'hint-none')
    this.node = make('section', {}, heading(say, 'witness', hint))
    if (witness.found) this.node.append(this.strip, this.ends, this.bytes, this.said)
    else this.node.append(make('p', { class: 'said' }, witness.said))
    this.drawEnds()
    this.strip.addEventListener('pointerdown', event => {
      this.strip.setPointerCapture(event.pointerId)
      this.pick(event)
    })
    this.strip.addEventListener('pointermove', event => event.buttons && this.pick(event))
    this.strip.addEventListener('keydown', event => {
      const { cells } = this, input = view.input
      const to = { ArrowLeft: input - 1, ArrowRight: input + 1, Home: 0, End: cells.length - 1 }[event.key]
      if (to === undefined) return
      event.preventDefault()
      event.stopPropagation()
      view.take(to)
    })
  }

  pick({ clientX }) {
    const { left, width } = this.strip.getBoundingClientRect()
    this.view.take(Math.floor(((clientX - left) / width) * this.cells.length))
  }

  // Under the strip: where what goes wrong begins and ends. A name stands under its own
  // stretch where that is wide enough, and never on another one.
  drawEnds() {
    const { cells, by } = this.witness, { say } = this.view
    const runs = []
    cells.forEach((cell, index) => {
      const last = runs.at(-1)
      if (last && last.wrong === cell.wrong) last.to = index
      else runs.push({ wrong: cell.wrong, from: index, to: index })
    })
    const name = index => (by === 'length' ? cells[index].size : index + 1)
    const shown = runs.length > MOST_RUNS ? [] : runs
    this.ends.append(...shown.map(({ wrong, from, to }) => make('small', { style: `--cells:${to - from + 1}` },
      `${name(from)}${from === to ? '' : `–${name(to)}`} ${wrong ? `✕ ${say('goes-wrong')}` : `✓ ${say('goes-well')}`}`)))
  }

  draw({ input, say }) {
    const cell = this.witness.cells[input]
    if (!cell) return
    this.cells.forEach((node, index) => setClass(node, 'on', index === input))
    const given = cell.ctx ? say('given-ctx', { count: cell.size, ctx: cell.ctx }) : say('given', { count: cell.size })
    const where = cell.pc >= 0 ? say('at-insn', { pc: cell.pc }) : ''
    this.sentence = `${given} ${cell.said}${where}`
    this.said.className = cell.wrong ? 'said wrong' : 'said'
    setText(this.said, this.sentence)
    setAttribute(this.strip, 'aria-valuenow', input)
    setAttribute(this.strip, 'aria-valuetext', this.sentence)
    this.drawBytes(cell)
  }

  drawBytes({ data, byte, size }) {
    const pairs = data.match(/../g) ?? []
    const shown = pairs.slice(0, BYTES_SHOWN).map(pair => make('span', {}, pair))
    if (byte >= size && byte < size + 16 && size <= BYTES_SHOWN)
      for (let at = size; at <= byte; at++) shown.push(make('span', { class: at === byte ? 'x' : 'out' }, at === byte ? '✕' : `${at}`))
    if (pairs.length > BYTES_SHOWN) shown.push(make('small', {}, '…'))
    this.bytes.replaceChildren(...shown)
  }
}
