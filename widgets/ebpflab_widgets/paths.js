// The paths view: the sentence of the chosen stretch, the comb, why it was pruned, and
// the heat. Of a large walk the heat comes first. All is recorded data.

const LARGE = 60 // stretches
const ACTS = { ArrowLeft: 'back', ArrowRight: 'forward', ArrowUp: 'parent', Home: 'first', End: 'last', c: 'cover' }

class PathsView {
  constructor(model) {
    this.model = model
    this.data = readData(model, { nodes: true, columns: true, heat: true, pruned: false })
    this.say = sayer(model.get('phrases') ?? {})
    const { say, data } = this
    this.tree = new Tree(data.nodes, data.pruned)
    for (const node of this.tree.nodes) node.ranges = rangesOf(node)
    this.texts = new Map(data.heat.map(([pc, text]) => [pc, text]))
    this.chosen = this.within(model.get('step'))
    this.lead = make('p', { class: 'lead' })
    this.live = make('p', { class: 'hidden live', 'aria-live': 'polite' })
    this.parts = [new Comb(this), new PrunedTable(this), new Heat(this)]
    const [comb, pruned, heat] = this.parts.map(part => part.node)
    const tag = data.accepted ? make('span', { class: 'tag good' }, `✓ ${say('accepted')}`) : make('span', { class: 'tag bad' }, `✕ ${say('refused')}`)
    const large = this.tree.nodes.length > LARGE
    this.node = make('section', {
      class: `ebpflab paths ${large ? 'large' : ''}`, tabindex: 0, role: 'group', lang: model.get('lang'),
      'aria-label': say('name', { name: data.name }), 'data-size': model.get('size'),
    }, make('div', { class: 'bar' }, make('h2', {}, data.name), tag, make('small', {}, say('counts', {
      insns: number(data.insns), count: number(this.tree.nodes.length), processed: number(data.processed),
    })), make('span', { class: 'grow' }), ...this.buttons()), this.lead,
    ...(large ? [heat, comb, pruned] : [comb, make('div', { class: 'two' }, pruned, heat)]), this.keys(), this.live)
    this.node.addEventListener('keydown', event => this.key(event))
  }

  buttons() {
    const button = (act, text) => {
      const node = make('button', {}, text)
      node.addEventListener('click', () => this[act]())
      return node
    }
    return [button('back', this.say('back')), button('forward', this.say('forward'))]
  }

  keys() {
    const { say } = this
    const sign = (name, mark, key) => make('span', {}, make('b', { class: name }, mark), ` ${say(key)}`)
    const key = (keys, text) => make('span', {}, ...keys.flatMap(one => [make('kbd', {}, one), ' ']), say(text))
    return make('div', { class: 'keys' }, sign('', '━', 'key-straight'), sign('', '┊', 'key-jump'), sign('claim', '⊆', 'key-pruned'),
      sign('good', '✓', 'key-exit'), sign('', '▂', 'key-cost'), make('span', { class: 'grow' }), key(['←', '→'], 'key-order'), key(['↑'], 'key-parent'), key(['c'], 'key-cover'))
  }

  within(value) {
    return Math.max(0, Math.min(this.data.nodes.length - 1, Math.trunc(value) || 0))
  }

  back() { this.choose(this.chosen - 1) }
  forward() { this.choose(this.chosen + 1) }
  first() { this.choose(0) }
  last() { this.choose(this.data.nodes.length - 1) }
  parent() { this.choose(this.tree.nodes[this.chosen].parent) }
  cover() { this.choose(this.tree.nodes[this.chosen].by ?? this.chosen) }

  key(event) {
    if (event.key === 'Escape') document.activeElement.blur()
    const act = this.actOf(event)
    take(event, this, act && (() => this[act]()))
  }

  actOf(event) {
    const { target } = event, key = keyOf(event, this)
    if (isChord(event) || target.matches('input') || (target.matches('.scroll') && key !== 'c')) return undefined
    const isStuck = { back: this.chosen === 0, forward: this.chosen === this.data.nodes.length - 1 }[ACTS[key]]
    return isStuck && isOnSlide(this) ? undefined : ACTS[key]
  }

  choose(n) {
    const to = this.within(n)
    if (to === this.chosen) return
    this.chosen = to
    this.model.set('step', to)
    this.model.save_changes()
    this.draw()
    setText(this.live, this.lead.textContent)
  }

  draw() {
    if (!this.tree.nodes.length) return
    const told = this.say('position', { n: number(this.chosen + 1), count: number(this.tree.nodes.length) })
    this.lead.replaceChildren(make('small', {}, told), ' ', sentenceOf(this.tree.nodes[this.chosen], this))
    for (const part of this.parts) part.draw(this)
  }
}

// "8–13, 8" -> [[8, 13], [8, 8]]
function rangesOf({ slots }) {
  return slots.split(', ').filter(run => /\d/.test(run)).map(run => {
    const [low, high] = run.split('–').map(Number)
    return [low, high ?? low]
  })
}

function render(place) {
  return mount(place, model => new PathsView(model), { moved: view => view.choose(place.model.get('step')) })
}

export default { render }
