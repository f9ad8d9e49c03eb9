// Pictures made of boxes: bytes and registers that were written or not, a context's
// fields, and a state beside the one a round before.

const heading = (say, key, note = '') =>
  make('h3', {}, say(key), ...(note ? [make('small', {}, ` ${note}`)] : []))

class Picture {
  constructor(view, ...children) {
    this.node = make('section', {}, heading(view.say, 'proof'), ...children)
    this.sentence = ''
  }

  draw() {}
}

// Stack bytes from the lowest address on: hatched where nobody wrote.
class StackBytes extends Picture {
  constructor(view) {
    const { say, data: { proof } } = view, { first, marks, off, size } = proof
    const cells = marks.map((mark, index) => {
      const at = first + index, isRead = at >= off && at < off + size, never = mark === '?'
      const told = say(never ? 'never' : 'written')
      return make('span', { class: `cell ${never ? 'unk' : ''} ${isRead ? (never ? 'wrong' : 'read') : ''}` },
        make('small', {}, number(at)), make('b', {}, never ? (isRead ? '✕' : '·') : mark === '0' ? '0' : '✓'),
        make('span', { class: 'hidden' }, told))
    })
    super(view, make('div', { class: 'cells' }, ...cells), keysOf(say, [['✓', 'written', ''], ['0', 'zero', ''], ['✕', 'read-never', 'wrong']]))
  }
}

class Registers extends Picture {
  constructor(view) {
    const { say, data: { proof: { reg, holds } } } = view
    const rows = holds.map((claim, index) => {
      const isRead = index === reg
      return make('div', { class: `reg ${claim ? '' : 'unk'} ${isRead ? 'wrong' : ''}` },
        make('b', { class: 'm' }, `r${index}`),
        make('span', { class: 'm' }, claim || say('never')),
        make('b', {}, isRead ? `✕ ${say('read-here')}` : ''))
    })
    super(view, make('div', { class: 'regs' }, ...rows))
  }
}

// The fields of a context in order; what was asked for stands where it belongs.
class Fields extends Picture {
  constructor(view) {
    const { say, data: { proof: { context, rows, off, size, right, total } } } = view
    const asked = make('div', { class: 'field wrong' }, make('span', { class: 'm' }, `${off}–${off + size - 1}`),
      make('b', {}, `✕ ${say('asked')}`), make('span', {}, say(`no-${right}`)))
    const lines = rows.map(([name, from, length, allowed]) => ({
      from, node: make('div', { class: `field ${from < off + size && off < from + length ? 'over' : ''}` },
        make('span', { class: 'm' }, `${from}–${from + length - 1}`), make('span', { class: 'm' }, name),
        make('span', {}, `${allowed ? '✓' : '✕'} ${say(allowed ? `may-${right}` : `may-not-${right}`)}`)),
    }))
    const index = lines.filter(line => line.from <= off).length
    const nodes = lines.map(line => line.node)
    nodes.splice(index, 0, asked)
    const list = make('div', { class: 'scroll fields', tabindex: 0, role: 'region', 'aria-label': context }, ...nodes)
    super(view, make('p', {}, make('code', {}, `struct ${context}`), make('small', {}, ` ${say('bytes', { count: number(total) })}`)), list)
    this.scroll = () => { list.scrollTop = asked.offsetTop - list.clientHeight / 2 }
  }

  draw() {
    if (!this.drawn) this.scroll()
    this.drawn = true
  }
}

// The fields of an instruction as it is coded, as wide as their bits; under them, what
// the wrong ones may be.
class Encoding extends Picture {
  constructor(view) {
    const { say, data: { proof: { rows } } } = view
    const boxes = rows.map(([name, bits, value, isWrong]) => make('div', { class: `part ${isWrong ? 'wrong' : ''}`, style: `--bits:${bits}` },
      make('span', { class: 'm' }, name), make('small', {}, say('bits', { count: bits })),
      make('b', { class: 'm' }, `${isWrong ? '✕ ' : ''}${value.replace('-', '−')}`)))
    const told = rows.filter(([, , , isWrong]) => isWrong).map(([name, , , , allowed]) => make('p', { class: 'wrong' }, '✕ ', make('code', {}, name), ' ',
      allowed ? say('may-be', { allowed }) : say('no-such-code')))
    super(view, make('div', { class: 'coded' }, ...boxes), ...told)
  }
}

// Two states of one loop: where nothing differs, nothing will ever differ.
class States extends Picture {
  constructor(view) {
    const { say, data: { proof: { rows } } } = view
    const head = make('tr', {}, ...['', say('state-before'), say('state-now'), ''].map(text => make('th', { scope: 'col' }, text)))
    const lines = rows.map(([slot, before, now]) => make('tr', {},
      make('th', { scope: 'row', class: 'm' }, slot), make('td', { class: 'm claim' }, before),
      make('td', { class: 'm claim' }, now), make('td', {}, before === now ? `= ${say('same')}` : say('not-relied-on'))))
    super(view, make('table', { class: 'states' }, head, ...lines))
  }
}

function keysOf(say, rows) {
  return make('div', { class: 'keys' }, ...rows.map(([sign, key, name]) =>
    make('span', {}, make('b', { class: name }, sign), ` ${say(key)}`)))
}
