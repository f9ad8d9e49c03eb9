// The costs view: it puts its three parts together and keeps what is chosen, the unit
// and the stage. What was measured is in the data; the browser compares and adds.

class CostView {
  constructor(model) {
    this.model = model
    this.data = readData(model, { rows: true, stages: true, crossover: false })
    this.telling = new Telling(model.get('phrases') ?? {}, model.get('lang'))
    this.say = this.telling.say
    this.unit = this.within(model.get('chosen'), this.data.rows.length - 1)
    this.stage = this.within(model.get('step'), this.data.stages.length)
    this.parts = [new Rows(this), new Stages(this), new Crossover(this)]
    this.live = make('p', { class: 'hidden live', 'aria-live': 'polite' })
    const legend = KINDS.map(kind => make('small', {}, swatch(kind), this.telling.kind(kind)))
    this.node = make('section', {
      class: 'ebpflab costs', tabindex: 0, role: 'group', lang: model.get('lang'),
      'aria-label': this.say('name'), 'data-size': model.get('size'),
    }, make('div', { class: 'bar' }, make('h2', {}, this.say('title')), make('span', { class: 'grow' }), ...legend),
    ...this.parts.map(part => part.node), this.keys(), this.live)
    this.node.addEventListener('keydown', event => {
      if (event.key === 'Escape') document.activeElement.blur()
    })
  }

  within(value, most) {
    return Math.max(0, Math.min(most, Math.trunc(value) || 0))
  }

  keys() {
    const pair = (first, second, key) =>
      make('span', {}, make('kbd', {}, first), ' ', make('kbd', {}, second), ` ${this.say(key)}`)
    return make('div', { class: 'keys' }, make('span', { class: 'grow' }), make('span', {}, this.say('choose')),
      pair('↑', '↓', 'key-row'), pair('←', '→', 'key-stage'))
  }

  choose(unit) {
    this.keep('chosen', 'unit', this.within(unit, this.data.rows.length - 1))
  }

  goto(stage) {
    this.keep('step', 'stage', this.within(stage, this.data.stages.length))
  }

  keep(trait, field, value) {
    if (this[field] === value) return
    this[field] = value
    this.model.set(trait, value)
    this.model.save_changes()
    this.draw()
  }

  draw() {
    const before = this.parts.map(part => part.sentence)
    for (const part of this.parts) part.draw(this)
    const changed = this.parts.find((part, index) => part.sentence !== before[index])
    if (changed && before[0]) setText(this.live, changed.sentence)
  }
}

function render(place) {
  const { model } = place
  return mount(place, () => new CostView(model), {
    moved: view => { view.choose(model.get('chosen')); view.goto(model.get('step')) }, isMeasured: true,
  })
}

export default { render }
