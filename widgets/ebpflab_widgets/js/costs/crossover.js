// Rules that are walked against one lookup: two lines, two sliders, one question.

const MOST_SERVICES = 30000, MOST_COST = 3.2
const NUDGE = 500 // Services, by an arrow key

class Crossover {
  constructor(view) {
    this.view = view
    this.model = { ...view.data.crossover }
    this.services = 2000
    const { say } = view
    this.slope = this.slider('slope', 0.02, 0.2, 0.01)
    this.lookup = this.slider('lookup', 1, 3, 0.1)
    this.svg = make('svg', { class: 'cross', role: 'slider', tabindex: 0, 'aria-label': say('services'),
      'aria-valuemin': 0, 'aria-valuemax': MOST_SERVICES })
    this.sentenceLine = make('p', { class: 'lead short' })
    const { source, conditions } = this.model
    this.node = make('div', { class: 'section' },
      make('h3', {}, `${say('crossover')} `, make('small', {}, say('drag'))),
      make('div', { class: 'controls' }, this.slope.node, this.lookup.node), this.svg, this.sentenceLine,
      make('small', {}, swatch('model'), `${conditions}. `, swatch('published'), `${source}.`))
    this.svg.addEventListener('pointerdown', event => this.svg.setPointerCapture(event.pointerId))
    this.svg.addEventListener('pointermove', event => event.buttons && this.drag(event))
    this.svg.addEventListener('click', event => this.drag(event))
    this.svg.addEventListener('keydown', event => {
      const by = { ArrowRight: NUDGE, ArrowLeft: -NUDGE, PageUp: 10 * NUDGE, PageDown: -10 * NUDGE }[event.key]
      if (!by) return
      event.preventDefault()
      event.stopPropagation()
      this.move(this.services + by)
    })
  }

  slider(name, min, max, step) {
    const output = make('output')
    const input = make('input', { type: 'range', min, max, step, value: this.model[name] })
    input.addEventListener('input', () => {
      this.model[name] = Number(input.value)
      this.view.draw()
    })
    return { node: make('label', {}, make('small', {}, this.view.say(name)), input, output), output }
  }

  drag(event) {
    const { left, width } = this.svg.getBoundingClientRect()
    const { padLeft, padRight } = this.size()
    this.move((event.clientX - left - padLeft) / (width - padLeft - padRight) * MOST_SERVICES)
  }

  move(services) {
    this.services = Math.round(Math.max(0, Math.min(MOST_SERVICES, services)) / 100) * 100
    this.view.draw()
  }

  rules(services) {
    return 1 + this.model.slope * services / 1000
  }

  get meets() {
    return (this.model.lookup - 1) / this.model.slope * 1000
  }

  size() {
    const em = parseFloat(getComputedStyle(this.svg).fontSize) || 14
    return { em, padLeft: em * 3.4, padRight: em, padTop: em * 1.3, padBottom: em * 2.6,
      width: this.svg.clientWidth || 900, height: this.svg.clientHeight || 260 }
  }

  draw({ telling, say }) {
    const { services, meets, model } = this
    setText(this.slope.output, `+${telling.count(model.slope, 2)}`)
    setText(this.lookup.output, telling.count(model.lookup, 1))
    const [rules, lookup] = [this.rules(services), model.lookup]
    const wins = rules < lookup ? 'rules-win' : 'lookup-wins'
    const ratio = telling.count(rules < lookup ? lookup / rules : rules / lookup, 1)
    const where = meets <= MOST_SERVICES
      ? say('meets', { count: telling.count(Math.round(meets / 100) * 100) })
      : say('meets-beyond', { count: telling.count(MOST_SERVICES) })
    this.sentence = `${say(wins, { count: telling.count(Math.max(services, 1)), ratio })} ${where}`
    setText(this.sentenceLine, this.sentence)
    setAttribute(this.svg, 'aria-valuenow', services)
    setAttribute(this.svg, 'aria-valuetext', this.sentence)
    this.paint(telling, say)
  }

  paint(telling, say) {
    const { em, padLeft, padRight, padTop, padBottom, width, height } = this.size()
    const floor = height - padBottom
    const x = n => padLeft + n / MOST_SERVICES * (width - padLeft - padRight)
    const y = cost => floor - Math.min(cost, MOST_COST) / MOST_COST * (floor - padTop)
    const line = (d, name) => make('path', { d, class: name })
    const text = (words, left, top, name, anchor = 'start') => {
      const node = document.createElementNS('http://www.w3.org/2000/svg', 'text')
      for (const [key, value] of Object.entries({ x: left, y: top, class: name, 'text-anchor': anchor })) node.setAttribute(key, value)
      node.textContent = words
      return node
    }
    const spot = (n, cost, name) => line(`M${x(n) - 6} ${y(cost)}a6 6 0 1 0 12 0a6 6 0 1 0 -12 0`, name)
    const diamond = (n, cost) => line(`M${x(n)} ${y(cost) - 9}l9 9l-9 9l-9 -9z`, 'point')
    const end = Math.min(MOST_SERVICES, (MOST_COST - 1) / this.model.slope * 1000)
    const { lookup } = this.model, { services, meets } = this
    const narrow = width < 40 * em
    const drawn = []
    for (let n = 0; n <= MOST_SERVICES; n += 5000) {
      drawn.push(line(`M${x(n)} ${floor}v5`, 'tick'))
      if (!narrow || n % 10000 === 0)
        drawn.push(text(telling.count(n), x(n), floor + em * 1.2, 'dim', n === MOST_SERVICES ? 'end' : 'middle'))
    }
    for (const cost of [0, 1, 2, 3])
      drawn.push(line(`M${padLeft} ${y(cost)}H${width - padRight}`, 'grid'), text(`${cost}×`, padLeft - 8, y(cost) + em * .3, 'dim', 'end'))
    if (meets < end)
      drawn.push(line(`M${x(meets)} ${y(lookup)}L${x(end)} ${y(this.rules(end))}V${y(lookup)}z`, 'gain'))
    drawn.push(line(`M${x(0)} ${y(1)}L${x(end)} ${y(this.rules(end))}`, 'rules'),
      line(`M${x(0)} ${y(lookup)}H${width - padRight}`, 'lookup'),
      text(say('list'), x(9500), y(this.rules(9500)) + em * 1.7, 'rules-name'),
      text(say('one-lookup'), x(9500), y(lookup) - em * .6, 'lookup-name'),
      diamond(0, this.view.data.crossover.lookup), diamond(this.view.data.crossover.meets, this.view.data.crossover.lookup),
      line(`M${x(services)} ${padTop}V${floor}`, 'now'), spot(services, this.rules(services), 'rules-spot'),
      spot(services, lookup, 'lookup-spot'),
      text(say('services'), (padLeft + width - padRight) / 2, height - em * .3, 'dim', 'middle'))
    this.svg.replaceChildren(...drawn)
  }
}
