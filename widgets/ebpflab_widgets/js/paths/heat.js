// How often each instruction was looked at, by the round of its loop. The sum is what
// the verifier counted itself. Rows are in the program's order, or the hottest first.

const SHADES = 4

class Heat {
  constructor(view) {
    this.view = view
    const { say, data } = view
    this.most = Math.max(1, ...data.heat.flatMap(row => row[3]))
    this.rows = data.heat.map(row => this.row(row))
    this.order = make('button', { 'aria-pressed': 'false' }, say('hottest-first'))
    this.search = make('input', { type: 'search', 'aria-label': say('search'), placeholder: say('search') })
    this.found = make('small', {})
    const names = data.columns.map(([low, high]) => (low === high ? `↻${low}` : `↻${low}–${high}`))
    const head = make('tr', {}, ...['', say('instruction'), ...names, say('all')].map((text, index) =>
      make('th', { scope: 'col', class: index > 1 ? 'num' : '' }, text)))
    this.body = make('tbody', {}, ...this.rows.flatMap(row => row.inOrder))
    const sum = make('tr', { class: 'sum' }, make('th', { scope: 'row', colspan: 2 }, say('processed')),
      ...data.columns.map(() => make('td')), make('td', { class: 'num m' }, number(data.processed)))
    const table = make('table', {}, make('thead', {}, head), this.body, make('tfoot', {}, sum))
    this.list = make('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': say('heat') }, table)
    this.node = make('section', { class: 'heat' }, make('h3', {}, say('heat'), make('small', {}, ` ${say('heat-hint')}`)),
      make('div', { class: 'bar' }, this.order, this.search, this.found), this.list)
    this.order.addEventListener('click', () => this.sort())
    this.search.addEventListener('keydown', event => event.key === 'Enter' && this.find())
    this.body.addEventListener('click', event => {
      const row = event.target.closest('[data-pc]')
      if (row) this.go(Number(row.dataset.pc))
    })
  }

  row([pc, text, loops, counts, all, quoted]) {
    const cells = counts.map(count => make('td', { class: `num m ${count ? `s${this.shade(count)}` : ''}` }, count ? number(count) : ''))
    const node = make('tr', { 'data-pc': pc, class: loops ? 'loop' : '' }, make('th', { scope: 'row', class: 'm num' }, `${pc}`),
      make('td', { class: 'm text' }, text), ...cells, make('td', { class: 'num m all' }, number(all)))
    const line = quoted && make('tr', { class: 'quote' }, make('td'), make('td', { class: 'm', colspan: counts.length + 2 }, quoted))
    return { pc, text, all, node, inOrder: line ? [line, node] : [node] }
  }

  shade(count) {
    return Math.max(1, Math.ceil((Math.log2(count + 1) / Math.log2(this.most + 1)) * SHADES))
  }

  sort() {
    const hottest = this.order.getAttribute('aria-pressed') === 'false'
    setAttribute(this.order, 'aria-pressed', hottest)
    const nodes = hottest ? [...this.rows].sort((a, b) => b.all - a.all).map(row => row.node) : this.rows.flatMap(row => row.inOrder)
    this.body.replaceChildren(...nodes)
    this.list.scrollTop = 0
  }

  // The next stretch that does what is searched: an instruction's slot, or its text.
  find() {
    const { view } = this, wanted = this.search.value.trim().toLowerCase()
    const slots = this.rows.filter(row => `${row.pc}` === wanted || (wanted && row.text.toLowerCase().includes(wanted)))
    if (slots.length) return this.go(...slots.map(row => row.pc))
    setText(this.found, view.say('not-found'))
    setText(view.live, view.say('not-found'))
  }

  go(...slots) {
    const { view } = this, { nodes } = view.tree
    const fits = nodes.filter(node => node.ranges.some(([low, high]) => slots.some(pc => low <= pc && pc <= high)))
    if (!fits.length) return
    const next = fits.findIndex(node => node.n > view.chosen)
    const index = next < 0 ? 0 : next
    setText(this.found, view.say('found', { index: index + 1, count: number(fits.length) }))
    view.choose(fits[index].n)
  }

  draw({ tree, chosen }) {
    const { ranges, at, ended } = tree.nodes[chosen]
    const isIn = pc => ranges.some(([low, high]) => low <= pc && pc <= high)
    let first = null
    for (const { pc, node } of this.rows) {
      setClass(node, 'on', isIn(pc))
      setClass(node, 'at', ended === 'safe' && pc === at)
      if (isIn(pc)) first ??= node
    }
    if (first) keepInView(this.list, first)
  }
}
