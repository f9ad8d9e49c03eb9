// The rows: a dot each on one axis of powers of ten. The chosen row is the unit that all
// others are told as multiples of.

const LOWEST = 0.1, DECADES = 7 // ns at the left end; powers of ten up to 1 ms
const AXIS = [[1, '1 ns'], [10, '10'], [100, '100'], [1e3, '1 µs'], [1e4, '10'], [1e5, '100']]

const along = ns => `${Math.max(0, Math.min(1, Math.log10(ns / LOWEST) / DECADES)) * 100}%`

class Rows {
  constructor(view) {
    this.view = view
    this.rows = view.data.rows
    this.lead = make('p', { class: 'lead' })
    this.buttons = this.rows.map((row, index) => this.button(row, index))
    const list = make('div', { class: 'rows', role: 'radiogroup', 'aria-label': view.say('rows') }, ...this.buttons.map(b => b.node))
    const ticks = AXIS.map(([ns, text]) => make('span', { style: `left:${along(ns)}` }, text))
    const axis = make('div', { class: 'axis', 'aria-hidden': 'true' }, make('span'), make('div', {}, ...ticks))
    this.node = make('div', {}, this.lead, list, axis)
    list.addEventListener('click', event => {
      const button = event.target.closest('[data-index]')
      if (button) view.choose(Number(button.dataset.index))
    })
    list.addEventListener('keydown', event => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key]
      if (!by) return
      event.preventDefault()
      event.stopPropagation()
      view.choose((view.unit + by + this.rows.length) % this.rows.length)
      this.buttons[view.unit].node.focus()
    })
  }

  button(row, index) {
    const [low, high] = row.spread
    const times = make('span', { class: 'times' })
    const line = make('u', { style: `width:${along(row.ns)}` })
    const range = high > low
      && make('s', { style: `left:${along(low)};width:calc(${along(high)} - ${along(low)})` })
    const dot = make('b', { style: `left:${along(row.ns)}` })
    const node = make('button', { class: `row ${row.kind}`, role: 'radio', 'data-index': index },
      make('span', { class: 'name' }, row.name),
      make('span', { class: 'plot', 'aria-hidden': 'true' }, ...[line, range, dot].filter(Boolean)),
      make('span', { class: 'value' }, row.value), times)
    return { node, times }
  }

  draw({ unit, telling, say }) {
    const { name, value, kind, source, conditions, between } = this.rows[unit]
    const again = between ? ` ${say('again', { between })}` : ''
    this.sentence = say('lead', { name, value, kind: telling.kind(kind) })
    this.lead.replaceChildren(make('b', {}, this.sentence), make('br'),
      make('small', {}, `${source}; ${conditions}.${again}`))
    this.buttons.forEach(({ node, times }, index) => {
      setAttribute(node, 'aria-checked', index === unit)
      setAttribute(node, 'tabindex', index === unit ? 0 : -1)
      setText(times, index === unit ? '= 1' : telling.times(this.rows[index].ns / this.rows[unit].ns))
    })
  }
}
