// One run or path on the page: what is chosen (the moment, the value, the base), the
// panels that show it, and the acts that change it. Everything shown was recorded.

const PLAY_MS = 700
const TELL_MS = 120 // Python hears of the last position only
const MOMENT = 'ebpflab:moment' // other views of this run on the page hear of each

class View {
  constructor(model, choice, data, phrases, turnTo) {
    const timeline = lineOf(choice)
    Object.assign(this, { model, choice, turnTo, t: 0, playing: null, stopped: null })
    this.history = new History(timeline)
    this.spelling = new Spelling(this.history.regions)
    this.claims = new Claims(data.claims, choice.run.beside, this.history)
    this.forks = forksOf(choice)
    this.facts = new Facts(this, phrases)
    this.say = this.facts.say.bind(this.facts)
    this.nameOf = this.nameOf.bind(this)
    this.selected = firstChosen(timeline)
    this.stops = new Stops(this.say)
    this.predict = new Predict(this, Boolean(data.isVeiled))
    this.runKey = `${timeline.title}/${timeline.steps.length}`
  }

  // The last moment that may be seen: all, or as far as was answered.
  get last() { return this.predict.known }

  build(selector) {
    const { say, history } = this
    const [sentence, tape, source] = [new Sentence(this), new Tape(this), new Source(this)]
    this.bytecode = new Bytecode(this)
    this.frames = new Frames(this)
    this.bits = new Bits(this)
    const registers = new Registers(this), stack = this.stack = stackDrawer(this)
    const drawers = [inputDrawer(this), mapsDrawer(this)].filter(Boolean)
    this.sentenceLine = sentence
    this.panels = [sentence, this.predict, tape, source, this.bytecode, this.frames, registers,
      stack, this.bits, this.stops, ...drawers]
    this.live = make('p', { class: 'hidden live', 'aria-live': 'polite' })
    const machine = make('div', { class: 'machine' }, this.frames.node, registers.node, stack.node)
    this.node = make('section', {
      class: 'ebpflab stepper', tabindex: 0, role: 'group', lang: this.model.get('lang'),
      'aria-label': say('name', { title: history.timeline.title }), 'data-size': this.model.get('size'),
    }, headOf(this, selector), sentence.node, this.predict.node, tape.node, buttonsOf(this),
    make('div', { class: 'cols' }, source.node, this.bytecode.node, machine),
    make('div', { class: 'mem' }, this.bits.node, ...drawers.map(drawer => drawer.node)), footOf(this), this.live)
    setClass(this.node, 'beside', this.claims.isBeside)
    setClass(this.node, 'known', history.isExploration)
    setClass(this.node, 'sourceless', !history.timeline.source)
    this.node.addEventListener('click', event => clicked(this, event))
    this.node.addEventListener('keydown', event => this.key(event))
  }

  // ---- what is chosen

  goto(t, isTold = true) {
    const wanted = Math.max(0, Math.min(this.last, Math.trunc(t) || 0))
    if (wanted === this.t) return this.showAsked()
    this.t = wanted
    this.stopped = null
    this.draw()
    this.tell()
    if (isTold)
      document.dispatchEvent(new CustomEvent(MOMENT, { detail: { run: this.runKey, step: this.t, from: this, by: 'stepper' } }))
  }

  // A view of this run's maps has moved. Two steppers stay apart: one may show another run
  // that is as long.
  follow({ detail: { run, step, by } }) {
    if (by !== 'stepper' && run === this.runKey && !this.history.isExploration) this.goto(step, false)
  }

  tell() {
    clearTimeout(this.telling)
    this.telling = setTimeout(() => {
      this.model.set('step', this.t)
      this.model.save_changes()
    }, TELL_MS)
  }

  select(slot) {
    this.selected = slot
    this.draw()
  }

  setBase(base) {
    this.spelling.base = base
    this.draw()
  }

  stopAt(pc) {
    if (pc === undefined) return
    this.stops.togglePc(pc)
    this.draw()
  }

  // Run to the next stop, forwards or back; the drawing tells why it stopped.
  runOn(way) {
    const { t, reason } = this.stops.seek(this, way)
    this.goto(t)
    this.stopped = reason
    this.draw()
  }

  // The other way of the fork that was just passed: another path, the same moment.
  turn() {
    if (this.forks.has(this.t - 1)) this.turnTo(this.choice, this.t - 1)
  }

  // The next step for which the test holds, else the first one.
  runTo(test) {
    const { history, t } = this
    const at = moment => test(history.steps[moment - 1])
    const found = history.seek(t, 1, at)
    this.goto(found !== t ? found : history.seek(0, 1, at) || t)
  }

  // What was typed into the field: a step, or `:12`, the next time at instruction 12.
  gotoAsked(text) {
    const pc = text.match(/^\s*:\s*(\d+)\s*$/)
    if (pc) this.runTo(step => step.pc === Number(pc[1]))
    else if (/^\s*\d+\s*$/.test(text)) this.goto(Number(text))
    this.showAsked()
  }

  perform(act) { performAct(this, act) }

  play() {
    if (this.predict.isOn) return
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return this.goto(this.last)
    if (this.t === this.last) this.goto(0)
    this.playing = setInterval(() => {
      this.goto(this.t + 1)
      this.stopped = this.stops.some ? this.stops.reason(this, this.t) : null
      if (this.stopped) this.draw()
      if (this.t === this.last || this.stopped) this.pause()
    }, PLAY_MS)
    drawButtons(this)
  }

  pause() {
    clearInterval(this.playing)
    this.playing = null
    drawButtons(this)
  }

  key(event) {
    const act = actOf(event, this)
    take(event, this, act && (() => this.perform(act)))
  }

  // ---- drawing

  draw() {
    this.sentence = this.facts.sentence(this.t)
    this.label = this.nameOf(this.selected)
    for (const panel of this.panels) panel.draw(this)
    for (const panel of this.panels) panel.settle?.() // what reads the layout, at the end
    const stopped = this.stopped && this.say(this.stopped.key, this.stopped)
    setText(this.live, stopped ? `${stopped} ${this.sentence}` : this.sentence)
    for (const button of this.bases)
      setAttribute(button, 'aria-pressed', Number(button.dataset.base) === this.spelling.base)
    drawButtons(this)
    this.showAsked()
  }

  showAsked() {
    this.asked.value = this.t
  }

  // A chosen slot by name: r2, fp-8, a header field, a CPU's records.
  nameOf(slot) {
    const part = parseSlot(slot)
    if (!part.region) return slot
    const field = this.history.fieldsOf(part.region)
      .find(f => f.offset === part.offset && f.size === part.size)
    return field ? fullName(field) : this.spelling.slot(slot)
  }

  measure() {
    this.sentenceLine.reserve(this)
    this.bytecode.measure()
    this.stack.reserve()
  }
}

// At first the value that the first branch asks about.
function firstChosen({ steps, listing }) {
  const asked = steps.find(step => step.test?.left)?.test.left
  if (asked) return asked.replace('w', 'r')
  const branches = new Set(listing.filter(line => line.kind === 'branch').map(line => line.pc))
  return steps.find(step => branches.has(step.pc) && step.reads?.length)?.reads[0] ?? 'r0'
}
