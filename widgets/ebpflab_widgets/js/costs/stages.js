// A packet's way to a pod, stage by stage, through two stacks and with eBPF side by
// side; a running sum below. A sum with a model in it is a model.

const WAYS = ['stacks', 'ebpf']
const WIDEST = 62 // % of a column that the longest stage takes

class Stages {
  constructor(view) {
    this.view = view
    this.stages = view.data.stages
    this.most = Math.max(...this.stages.flatMap(s => WAYS.map(way => s[way]?.ns ?? 0)))
    const { say } = view
    this.back = make('button', {}, say('back'))
    this.next = make('button', { class: 'strong' }, say('next'))
    this.back.addEventListener('click', () => this.move(-1))
    this.next.addEventListener('click', () => this.move(1))
    this.sentenceLine = make('p', { class: 'lead short' })
    this.grid = make('div', { class: 'way', role: 'table', 'aria-label': say('way') })
    this.node = make('div', { class: 'section' },
      make('div', { class: 'bar' }, make('h3', {}, say('way')), make('span', { class: 'grow' }), this.back, this.next),
      this.sentenceLine, this.grid, this.sources())
    this.node.addEventListener('keydown', event => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
      if (!by) return
      event.preventDefault()
      event.stopPropagation()
      this.move(by)
    })
  }

  move(by) {
    this.view.goto(this.view.stage + by)
  }

  sources() {
    const costs = this.stages.flatMap(s => WAYS.map(way => s[way])).filter(Boolean)
    const told = KINDS.filter(kind => costs.some(c => c.kind === kind)).flatMap(kind => {
      const texts = [...new Set(costs.filter(c => c.kind === kind).map(c => c.source))]
      return [swatch(kind), `${texts.join('; ')}. `]
    })
    return make('p', {}, make('small', {}, ...told, this.view.say('sum-is-model')))
  }

  draw({ stage, say, telling }) {
    const head = ['', say('stacks'), say('ebpf')].map(text => make('div', { class: 'h', role: 'columnheader' }, text))
    const rows = this.stages.map((row, index) => this.row(row, index, say))
    const sums = WAYS.map(way =>
      this.stages.slice(0, stage).reduce((sum, row) => sum + (row[way]?.ns ?? 0), 0))
    const total = [make('div', { class: 'total name', role: 'rowheader' }, say('so-far')),
      ...sums.map(sum => make('div', { class: 'total', role: 'cell' }, swatch('model'), `≈ ${telling.count(sum)} ns`))]
    const asRow = cells => make('div', { class: 'line', role: 'row' }, ...cells)
    this.grid.replaceChildren(asRow(head), ...rows.map(asRow), asRow(total))
    const now = this.stages[stage - 1]
    const kind = now && (now.ebpf ? (now.stacks ? 'both' : 'only-ebpf') : 'only-stacks')
    this.sentence = now
      ? say(`stage-${kind}`, { number: stage, count: this.stages.length, name: now.name })
      : say('stage-none')
    setText(this.sentenceLine, this.sentence)
    setAttribute(this.back, 'aria-disabled', stage === 0 ? 'true' : null)
    setAttribute(this.next, 'aria-disabled', stage === this.stages.length ? 'true' : null)
  }

  row(row, index, say) {
    const { stage } = this.view
    const waits = index >= stage ? ' waits' : ''
    const current = index === stage - 1 ? ' current' : ''
    const cell = cost => {
      if (waits) return make('div', { class: 'cell waits', role: 'cell' })
      if (!cost) return make('div', { class: 'cell none', role: 'cell' }, say('none'))
      const width = `width:${cost.ns / this.most * WIDEST}%`
      return make('div', { class: 'cell', role: 'cell' },
        make('span', { class: `stage ${cost.kind}`, style: width, 'aria-hidden': 'true' }), make('small', {}, `${cost.value}`))
    }
    return [make('div', { class: `name${current}${waits}`, role: 'rowheader' }, row.name),
      ...WAYS.map(way => cell(row[way]))]
  }
}
