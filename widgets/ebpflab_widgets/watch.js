// The maps view: what maps hold at a moment, and what was done to them. It keeps which
// map is shown and how many operations on all maps have been done; a stepper of the same
// run on the page follows it, and it follows the stepper (event `ebpflab:moment`).

const MOMENT = 'ebpflab:moment'
const ACTS = { ArrowRight: 'forward', ArrowLeft: 'back', Home: 'first', End: 'last' }
const TELL_MS = 120 // Python hears of the last moment only

class MapsView {
  constructor(model) {
    this.model = model
    this.phrases = model.get('phrases') ?? {}
    this.lang = model.get('lang')
    this.data = readMaps(model)
    this.history = new History(this.data)
    this.chosen = Math.max(0, Math.min(this.data.maps.length - 1, model.get('chosen') ?? 0))
    this.moment = Math.max(0, Math.min(this.history.count, model.get('step') ?? 0))
    this.say = this.say.bind(this)
    this.number = this.number.bind(this)
    this.build()
  }

  say(key, values = {}) {
    return (this.phrases[key] ?? '').replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole)
  }

  number(value) {
    return value.toLocaleString(this.lang)
  }

  build() {
    const { say } = this
    this.heading = make('h2', {})
    this.spec = make('small', {})
    this.lost = make('p', { class: 'x lost', role: 'status' })
    this.tabs = this.data.maps.map((map, index) => make('button', { role: 'tab', 'data-map': index }, map.name))
    const tabs = make('div', { class: 'tabs', role: 'tablist', 'aria-label': say('maps'), hidden: this.tabs.length < 2 }, ...this.tabs)
    this.sentenceLine = make('p', { class: 'say' })
    this.tape = new Tape(this)
    this.log = new Log(this)
    this.edit = typeof this.model.send === 'function' ? new Edit(this) : null
    this.contents = make('div', { class: 'contents' })
    this.live = make('p', { class: 'hidden live', 'aria-live': 'polite' })
    const body = make('div', { class: 'body' }, this.contents, this.log.node)
    this.node = make('section', {
      class: 'ebpflab watch', tabindex: 0, role: 'group', lang: this.lang,
      'aria-label': say('name'), 'data-size': this.model.get('size'),
    }, make('div', { class: 'bar' }, this.heading, this.spec), this.lost, tabs, this.sentenceLine, this.tape.node,
    this.buttons(), body, this.edit?.node ?? '', this.foot(), this.live)
    this.node.addEventListener('click', event => this.click(event))
    this.node.addEventListener('keydown', event => this.key(event))
  }

  buttons() {
    const { say } = this
    const button = (act, text, name) => make('button', { 'data-act': act, 'aria-label': name }, text)
    this.acts = {
      first: button('first', '|◀', say('first')), back: button('back', say('back')),
      forward: button('forward', say('forward')), last: button('last', '▶|', say('last')),
    }
    return make('div', { class: 'nav' }, ...Object.values(this.acts))
  }

  foot() {
    const { say } = this
    const signs = Object.entries(OP_SIGNS).map(([mark, glyph]) =>
      make('span', {}, make('b', { class: mark, 'aria-hidden': 'true' }, glyph), ` ${say(OP_WORDS[mark])}`))
    const keys = (help, ...names) => make('span', {}, ...names.flatMap(name => [make('kbd', {}, name), ' ']), say(help))
    return make('div', { class: 'keys' }, ...signs, make('span', { class: 'grow' }),
      keys('key-step', '←', '→'), keys('key-ends', 'Home', 'End'),
      this.tabs.length > 1 ? keys('key-map', '1', '…', `${Math.min(9, this.tabs.length)}`) : '')
  }

  // ---- what is chosen

  get own() { return this.history.own[this.chosen] }
  get done() { return this.history.done(this.chosen, this.moment) }

  go(done) {
    this.at(this.history.moment(this.chosen, Math.max(0, Math.min(this.own.length, done))))
  }

  at(moment, isTold = true) {
    if (moment === this.moment) return
    this.moment = moment
    this.draw()
    this.tell()
    const run = this.data.run
    if (isTold && run) {
      const step = moment ? this.history.operations[moment - 1].t : 0
      document.dispatchEvent(new CustomEvent(MOMENT, { detail: { run: run.key, step, from: this } }))
    }
  }

  // A stepper of the same run has moved.
  follow({ detail }) {
    if (!this.data.run || detail.from === this || detail.run !== this.data.run.key) return
    this.at(this.history.momentOfStep(detail.step), false)
  }

  choose(number) {
    if (!this.data.maps[number]) return
    this.chosen = number
    this.draw()
    this.tell()
  }

  tell() {
    clearTimeout(this.telling)
    this.telling = setTimeout(() => {
      this.model.set('step', this.moment)
      this.model.set('chosen', this.chosen)
      this.model.save_changes()
    }, TELL_MS)
  }

  ask(message) {
    this.model.send(message)
  }

  // ---- what the reader does

  perform(act) {
    const to = { first: 0, back: this.done - 1, forward: this.done + 1, last: this.own.length }
    this.go(to[act])
  }

  click({ target }) {
    const act = target.closest('[data-act]'), tab = target.closest('[data-map]')
    if (act) this.perform(act.dataset.act)
    if (tab) this.choose(Number(tab.dataset.map))
  }

  key(event) {
    if (event.key === 'Escape') document.activeElement.blur()
    take(event, this, this.actOf(event))
  }

  actOf(event) {
    const { target } = event, key = keyOf(event, this), act = ACTS[key]
    if (isChord(event) || target.matches('input')) return undefined
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (by && target.matches('[role=tab]')) return () => this.turn(by)
    if (/^[1-9]$/.test(key)) return () => this.choose(Number(key) - 1)
    const isStuck = { back: !this.done, forward: this.done === this.own.length }[act]
    return !act || (isStuck && isOnSlide(this)) ? undefined : () => this.perform(act)
  }

  // The next map, by its tab.
  turn(by) {
    this.choose((this.chosen + by + this.tabs.length) % this.tabs.length)
    this.tabs[this.chosen].focus()
  }

  // ---- drawing

  get sentence() {
    const { say, own, done, history } = this
    if (!done) return say('start')
    const op = history.operations[own[done - 1]]
    return `${done} / ${own.length}: ${op.o}${op.r && ` → ${op.r}`}. ${op.w}`
  }

  scene() {
    const { history, chosen, moment, own, done, say, number } = this
    const op = done ? history.operations[own[done - 1]] : null
    return {
      history, moment, op, own, done, say, number, mapNumber: chosen, map: this.data.maps[chosen],
      operations: history.operations, rows: history.rows(chosen, moment), sentence: this.sentence,
      before: op ? history.rows(chosen, own[done - 1]) : history.rows(chosen, 0),
      em: parseFloat(getComputedStyle(this.node).fontSize) || 14, width: this.contents.clientWidth,
      cut: this.data.cut ? say('cut', { count: number(this.data.cut), limit: number(this.data.limit) }) : '',
    }
  }

  draw() {
    const scene = this.scene(), { map, op, own, done, say } = scene
    setText(this.heading, map.name)
    setText(this.spec, [map.type, map.spec, map.live && say('live')].filter(Boolean).join(' · '))
    setText(this.lost, this.data.lost && say('lost', { reason: this.data.lost }))
    this.lost.hidden = !this.data.lost
    this.tabs.forEach((tab, index) => {
      setAttribute(tab, 'aria-selected', index === this.chosen)
      setAttribute(tab, 'tabindex', index === this.chosen ? 0 : -1)
    })
    this.drawSentence(scene)
    this.tape.draw(scene)
    this.log.draw(scene)
    this.edit?.draw(scene)
    morph(this.contents, make('div', {}, ...FORMS[map.form](scene)))
    this.contents.dataset.form = map.form
    for (const act of ['first', 'back']) setAttribute(this.acts[act], 'aria-disabled', done ? null : 'true')
    for (const act of ['forward', 'last']) setAttribute(this.acts[act], 'aria-disabled', done < own.length ? null : 'true')
    setText(this.live, this.sentence)
  }

  drawSentence({ op, own, done, say }) {
    const small = make('small', {}, `${done} / ${own.length}`)
    if (!op) return morph(this.sentenceLine, make('p', {}, make('b', {}, say('start')), small))
    const who = op.t ? `${say(`by-${op.b}`)}, ${say('in-run', { t: op.t })}` : say(`by-${op.b}`)
    small.append(` \u00a0 ${op.w} \u00a0 (${who})`)
    morph(this.sentenceLine, make('p', {}, make('b', { class: op.g, 'aria-hidden': 'true' }, OP_SIGNS[op.g]), ' ',
      make('code', {}, op.o, op.r ? make('b', {}, ` → ${op.r}`) : ''), small))
  }
}

function readMaps(model) {
  const data = readData(model, { maps: true, operations: true })
  if (!data.maps.length) throw new Error('maps')
  for (const { form } of data.maps) if (!FORMS[form]) throw new Error(`form ${form}`)
  return data
}

function render({ model, el }) {
  let view = null
  const layout = new ResizeObserver(() => view?.draw())
  const show = () => {
    try {
      const focused = el.contains(document.activeElement)
      view = new MapsView(model)
      el.replaceChildren(view.node)
      view.draw()
      layout.disconnect()
      layout.observe(view.node)
      if (focused) view.node.focus()
    } catch (error) {
      view = null
      tellBroken({ model, el }, error)
    }
  }
  const moved = () => { if (view) view.at(Math.max(0, Math.min(view.history.count, model.get('step') ?? 0))) }
  const followed = event => view?.follow(event)
  show()
  document.addEventListener(MOMENT, followed)
  model.on('change:data', show)
  model.on('change:size', show)
  model.on('change:step', moved)
  return () => {
    layout.disconnect()
    document.removeEventListener(MOMENT, followed)
    model.off('change:data', show)
    model.off('change:size', show)
    model.off('change:step', moved)
  }
}

export default { render }
