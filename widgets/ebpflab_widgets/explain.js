// The rejection view: it puts its parts together and keeps what is chosen: a step of how
// it came to be, an input, and whether the fix is applied. All is recorded data.

const STEPS = { ArrowUp: -1, ArrowDown: 1 }
const STEPS_ON_SLIDES = { ...STEPS, ArrowLeft: -1, ArrowRight: 1 } // where nothing else has them

class RejectionView {
  constructor(model) {
    this.model = model
    this.data = readRejection(model)
    this.say = sayer(model.get('phrases') ?? {})
    this.fixed = false
    this.live = make('p', { class: 'hidden live', 'aria-live': 'polite' })
    this.node = make('section', {
      class: 'ebpflab rejection', tabindex: 0, role: 'group', lang: model.get('lang'),
      'aria-label': this.say('name', { name: this.data.name }), 'data-size': model.get('size'),
    })
    this.node.append(...(this.data.accepted || !this.data.proof ? this.accepted() : this.refused()), this.live)
    this.node.addEventListener('keydown', event => this.key(event))
  }

  accepted() {
    this.parts = []
    const { name, message, processed } = this.data
    return [make('div', { class: 'bar' }, make('h2', {}, name), make('span', { class: 'tag good' }, `✓ ${this.say('accepted')}`)),
      make('pre', { class: 'kern good' }, message), make('p', { class: 'lead' }, this.say('nothing', { count: number(processed) }))]
  }

  refused() {
    const { say, data } = this
    this.cause = this.within(this.model.get('step'), data.how.length)
    this.input = this.within(this.model.get('chosen'), (data.witness?.cells.length ?? 1) - 1)
    this.tag = make('span', { class: 'tag bad' })
    this.kernel = make('pre', { class: 'kern', 'aria-label': say('kernel-lines') }, data.message)
    this.lead = make('p', { class: 'lead' })
    this.picture = pictureOf(this)
    this.history = new History(this)
    this.witness = data.witness && new WitnessStrip(this)
    this.fix = new FixPanel(this)
    this.parts = [this.picture, this.history, this.witness, this.fix].filter(Boolean)
    const { picture, wanted } = data.proof, tells = picture === 'plain' || wanted?.length === 0
    const left = make('div', {}, this.picture.node, ...(tells ? [] : [make('p', { class: 'why' }, sentenceCase(data.why))]), ...(this.witness ? [this.witness.node] : []))
    return [make('div', { class: 'bar' }, make('h2', {}, data.name), this.tag,
      make('small', {}, [data.title, data.errno].filter(Boolean).join(' · '))),
    this.kernel, this.lead, make('div', { class: 'two' }, left, this.history.node), this.fix.node, this.keys()]
  }

  within(value, most) {
    return Math.max(0, Math.min(most, Math.trunc(value) || 0))
  }

  keys() {
    const { say } = this
    const sign = (name, mark, key) => make('span', {}, make('b', { class: name }, mark), ` ${say(key)}`)
    const pair = (keys, key) => make('span', {}, ...keys.flatMap(one => [make('kbd', {}, one), ' ']), say(key))
    return make('div', { class: 'keys' }, sign('claim', '▭', 'key-claim'), sign('wrong', '✕', 'key-refused'), sign('good', '✓', 'key-holds'),
      make('span', { class: 'grow' }), pair(['↑', '↓'], 'key-how'), pair(['←', '→'], 'key-slide'), pair(['Home'], 'key-home'))
  }

  key(event) {
    if (event.key === 'Escape') document.activeElement.blur()
    const by = this.stepOf(event)
    take(event, this, by && (() => {
      const isRow = event.target.matches('[data-index]')
      this.choose(this.cause + by)
      if (isRow) this.history.rows[this.cause]?.focus()
    }))
  }

  stepOf(event) {
    if (isChord(event) || !this.history || event.target.closest('.scroll')) return 0
    if (!isOnSlide(this)) return STEPS[event.key]
    const by = STEPS_ON_SLIDES[keyOf(event, this)]
    return this.within(this.cause + by, this.data.how.length) === this.cause ? 0 : by
  }

  choose(cause) {
    this.cause = this.within(cause, this.data.how.length)
    this.picture.showMoment?.(this.data.how[this.cause]?.proved ?? -1)
    this.keep('step', this.cause)
  }

  take(input) {
    this.input = this.within(input, this.data.witness.cells.length - 1)
    this.keep('chosen', this.input)
  }

  apply(fixed) {
    this.fixed = fixed
    this.draw()
  }

  keep(trait, value) {
    this.model.set(trait, value)
    this.model.save_changes()
    this.draw()
  }

  // What is told: of the part that changed; of a step, what it did.
  draw() {
    if (!this.picture) return
    const before = this.parts.map(part => part.sentence), was = [this.cause0, this.fixed0]
    for (const part of this.parts) part.draw(this)
    setText(this.lead, this.fixed ? this.say('lead-fixed') : leadOf(this.data, this.say))
    setText(this.kernel, this.fixed ? this.data.fix.message : this.data.message)
    setClass(this.kernel, 'good', this.fixed)
    setText(this.tag, this.fixed ? `✓ ${this.say('accepted-after')}` : `✕ ${this.say('refused')}`)
    setClass(this.tag, 'good', this.fixed)
    setClass(this.tag, 'bad', !this.fixed)
    const step = this.data.how[this.cause]
    const told = step ? `${step.pc}: ${step.text}. ${step.does}` : this.lead.textContent
    const changed = this.parts.find((part, index) => part.sentence !== before[index])
    if (was[0] !== undefined) {
      if (was[1] !== this.fixed) setText(this.live, this.lead.textContent)
      else if (was[0] !== this.cause) setText(this.live, told)
      else if (changed) setText(this.live, changed.sentence)
    }
    ;[this.cause0, this.fixed0] = [this.cause, this.fixed]
  }
}

// An accepted program has nothing but its name and the last line of its log.
function readRejection(model) {
  const { accepted } = readData(model, {})
  if (typeof accepted !== 'boolean') throw new Error('accepted')
  const data = readData(model, accepted ? {} : { how: true, source: true, listing: true, proof: false })
  if (!accepted && !PICTURES[data.proof.picture]) throw new Error(`picture ${data.proof.picture}`)
  return data
}

function render(place) {
  return mount(place, model => new RejectionView(model), {
    moved: view => {
      const { model } = place
      if (view.picture && model.get('step') !== view.cause) view.choose(model.get('step'))
      if (view.witness && model.get('chosen') !== view.input) view.take(model.get('chosen'))
    },
  })
}

export default { render }
