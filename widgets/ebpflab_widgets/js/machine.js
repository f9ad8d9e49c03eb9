// What is: the registers, old → new; in an exploration what may be. What stands to the
// right of a value is a column of its own (stepper/columns.js).

const REGISTERS = Array.from({ length: 11 }, (_, index) => `r${index}`)

class Registers {
  constructor(view) {
    const { say, history } = view
    this.column = columnOf(view)
    this.rows = REGISTERS.map(name => this.row(name))
    const [world, what] = history.isExploration ? ['verifier', 'what-may-be'] : ['machine', 'what-is']
    const head = make('tr', {}, make('td', { class: 'sg' }),
      make('th', { class: 'rn', scope: 'col' }, make('span', { class: 'hidden' }, say('register'))),
      make('th', { class: 'lv', scope: 'col' }, make('b', { class: history.isExploration ? 'claim' : '' }, say(world)), ` ${say(what)}`),
      ...this.column.heads)
    const body = make('tbody', {}, ...this.rows.map(row => row.node))
    this.node = make('table', { class: 'regs', 'aria-label': say('registers') },
      make('thead', {}, head), body)
  }

  row(name) {
    const sign = make('span', {}), pick = make('button', { class: 'pick', 'data-slot': name }, name)
    const old = make('span', { class: 'old' }), now = make('span', { class: 'new' })
    const soon = make('small', { class: 'soon' })
    const value = make('td', { class: 'lv' }, make('code', {}, old, now), soon)
    const cells = this.column.cells()
    const node = make('tr', { 'data-row': name }, make('td', { class: 'sg' }, sign),
      make('th', { class: 'rn', scope: 'row' }, pick), value, ...cells.nodes)
    return { name, node, sign, pick, old, now, soon, value, cells }
  }

  draw(view) {
    const { history, say, t, selected, predict } = view
    this.column.drawHead(view)
    for (const { name, node, sign, pick, old, now, soon, value, cells } of this.rows) {
      const held = history.register(name, t), { word, known } = held
      const mark = history.mark(name, t)
      const before = mark === 'w' ? history.register(name, t - 1) : { word: null }
      const showOld = before.word !== null && word !== null
      setMark(node, sign, mark, say)
      setText(old, showOld ? `${spelled(view, before)} → ` : '')
      setText(now, word === null ? say(known ? 'lost' : 'never') : spelled(view, held))
      const next = predict.isOn ? '' : soonOf(view, name)
      setText(soon, next ? `▷ ${say(`soon-${next}`)}` : '')
      this.column.draw(view, cells, name, held)
      setClass(value, 'unk', word === null)
      setAttribute(pick, 'aria-pressed', selected === name)
    }
  }
}

// What a register holds, as it is shown: a number, an address, or a claim.
const spelled = ({ history, spelling, claims }, { word, pointer }) =>
  history.isExploration ? claims.words(word, spelling.base) : spelling.word(word, pointer)
