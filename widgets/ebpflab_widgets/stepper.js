// The stepper: one run of a program, forwards and backwards. It puts the parts together,
// keeps what is chosen (the moment, the value, the base) and turns acts into moments.
// Everything it shows was recorded; Python is told the position, and asked nothing.

const PLAY_MS = 700
const TELL_MS = 120 // Python hears of the last position only

class View {
  constructor(model, timeline, phrases) {
    this.model = model
    this.history = new History(timeline)
    this.spelling = new Spelling(this.history.regions)
    this.facts = new Facts(this.history, this.spelling, phrases)
    this.say = this.facts.say.bind(this.facts)
    this.t = 0
    this.selected = firstChosen(timeline)
    this.playing = null
  }

  build(selector) {
    const { say, history } = this
    this.sentenceLine = new Sentence(this)
    this.panels = [this.sentenceLine, new Tape(this), new Source(this), new Bytecode(this),
      new Registers(this), new Stack(this)]
    const [sentence, tape, source, bytecode, registers, stack] = this.panels.map(p => p.node)
    this.bytecode = this.panels[3]
    this.drawers = [inputDrawer(this), mapsDrawer(this)].filter(Boolean)
    this.live = make('p', { class: 'hidden live', 'aria-live': 'polite' })
    const columns = [source, bytecode, make('div', { class: 'machine' }, registers, stack)]
    this.node = make('section', {
      class: 'ebpflab stepper', tabindex: 0, role: 'group', lang: this.model.get('lang'),
      'aria-label': say('name', { title: history.timeline.title }),
      'data-size': this.model.get('size'),
    }, this.head(selector), sentence, tape, this.buttons(), make('div', { class: 'cols' }, ...columns),
    make('div', { class: 'mem' }, ...this.drawers.map(d => d.node)), this.foot(), this.live)
    this.panels.push(...this.drawers)
    this.node.addEventListener('click', event => this.click(event))
    this.node.addEventListener('keydown', event => this.key(event))
  }

  head(selector) {
    const { say, history: { timeline, count } } = this
    const { retval = null, name = '', fault = '' } = timeline.outcome ?? {}
    const answer = fault ? `✕ ${say('verdict-fault')}`
      : retval === null ? '' : say('verdict-returned', { value: `${BigInt(retval)}${name ? ` (${name})` : ''}` })
    const tag = answer && make('span', { class: fault ? 'tag bad' : 'tag' }, answer)
    const slots = timeline.listing.length
    const base = (value, key) => make('button', { 'data-base': value }, say(key))
    this.bases = [base(10, 'dec'), base(16, 'hex')]
    return make('div', { class: 'bar' }, make('h2', {}, timeline.title), tag,
      make('small', {}, say('ran', {
        type: timeline.type, listed: say('listed', { count: slots }), steps: say('steps', { count }),
      })),
      make('span', { class: 'grow' }), selector || '',
      make('span', { class: 'seg', role: 'group', 'aria-label': say('base') }, ...this.bases))
  }

  buttons() {
    const { say, history } = this
    const button = (act, text, name) =>
      make('button', { 'data-act': act, 'aria-label': name }, text)
    this.act = Object.fromEntries([
      ['first', button('first', '|◀', say('first-step'))],
      ['back', button('back', say('back'))],
      ['forward', button('forward', say('forward'))],
      ['last', button('last', '▶|', say('last-step'))],
      ['nextBranch', button('nextBranch', say('next-branch'))],
      ['play', button('play', say('play'))],
      ['before', button('before', '◀')], ['after', button('after', '')], ['who', button('who', '')],
    ])
    this.asked = make('input', { type: 'number', min: 0, max: history.count, inputmode: 'numeric' })
    this.asked.addEventListener('change', () => this.goto(Number(this.asked.value)))
    const ask = make('label', { class: 'ask' }, make('small', {}, say('go-to')), this.asked)
    const { first, back, forward, last, nextBranch, play, before, after, who } = this.act
    return make('div', { class: 'nav' }, first, back, forward, last, nextBranch, play, ask,
      make('span', { class: 'grow' }), make('span', { class: 'seg' }, before, after), who)
  }

  foot() {
    const { say } = this
    const sign = (glyph, key, name = '') =>
      make('span', {}, make('b', { class: name, 'aria-hidden': 'true' }, glyph), ` ${say(key)}`)
    this.list = make('details', { class: 'keylist' }, make('summary', {}, make('kbd', {}, '?'), ` ${say('keys')}`),
      keyList(say))
    this.list.addEventListener('toggle', () => this.list.open && this.list.scrollIntoView({ block: 'nearest' }))
    return make('div', { class: 'keys' }, sign('●', 'word-written', 'w'), sign('○', 'word-read', 'r'),
      sign('\u00a0\u00a0\u00a0', 'sign-unknown', 'unk'), sign('◆', 'sign-branch'), sign('ƒ', 'sign-helper'),
      sign('▪', 'sign-memory'), make('span', { class: 'grow' }), this.list)
  }

  // ---- what is chosen

  goto(t) {
    const wanted = Math.max(0, Math.min(this.history.count, Math.trunc(t) || 0))
    if (wanted === this.t) return this.showAsked()
    this.t = wanted
    this.draw()
    this.tell()
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

  perform(act) {
    if (act !== 'play') this.pause()
    const { t, history } = this
    const { written } = history.life(this.selected)
    const branch = moment => history.kind(moment) === '◆'
    const moments = {
      first: () => 0, last: () => history.count, back: () => t - 1, forward: () => t + 1,
      backTen: () => t - 10, forwardTen: () => t + 10,
      nextBranch: () => history.seek(t, 1, branch), previousBranch: () => history.seek(t, -1, branch),
      before: () => written[lastUpTo(written, t - 1)] ?? t,
      after: () => written[lastUpTo(written, t) + 1] ?? t,
      who: () => written[lastUpTo(written, t)] ?? t,
    }
    if (moments[act]) return this.goto(moments[act]())
    const others = {
      swapBase: () => this.setBase(26 - this.spelling.base),
      ask: () => { this.asked.focus(); this.asked.select() },
      take: () => this.node.focus(), // the field tells what changed when it is left
      forget: () => { this.showAsked(); this.node.focus() },
      leave: () => document.activeElement.blur(),
      help: () => { this.list.open = !this.list.open },
      play: () => (this.playing ? this.pause() : this.play()),
    }
    others[act]()
  }

  play() {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return this.goto(this.history.count)
    if (this.t === this.history.count) this.goto(0)
    this.playing = setInterval(() => {
      this.goto(this.t + 1)
      if (this.t === this.history.count) this.pause()
    }, PLAY_MS)
    this.drawButtons()
  }

  pause() {
    clearInterval(this.playing)
    this.playing = null
    this.drawButtons()
  }

  // ---- what the reader does

  click({ target }) {
    const near = name => target.closest(`[${name}]`)?.getAttribute(name)
    const act = near('data-act'), base = near('data-base')
    const slot = near('data-slot') ?? near('data-row')
    const pc = near('data-pc'), line = near('data-line')
    if (act) this.perform(act)
    else if (base) this.setBase(Number(base))
    else if (slot) this.select(slot)
    else if (pc) this.runTo(step => step.pc === Number(pc))
    else if (line) this.runTo(step => this.history.line.get(step.pc)?.source_line === Number(line))
  }

  // The next step for which the test holds, else the first one.
  runTo(test) {
    const { history, t } = this
    const at = moment => test(history.steps[moment - 1])
    const found = history.seek(t, 1, at)
    this.goto(found !== t ? found : history.seek(0, 1, at) || t)
  }

  key(event) {
    const act = actOf(event, this)
    if (act || isKept(event, this)) event.stopPropagation()
    if (!act) return
    event.preventDefault()
    this.perform(act)
  }

  // ---- drawing

  draw() {
    this.sentence = this.facts.sentence(this.t)
    this.label = this.nameOf(this.selected)
    for (const panel of this.panels) panel.draw(this)
    setText(this.live, this.sentence)
    for (const button of this.bases)
      setAttribute(button, 'aria-pressed', Number(button.dataset.base) === this.spelling.base)
    this.drawButtons()
    this.showAsked()
  }

  drawButtons() {
    const { t, history, act, say, label: slot } = this
    const { written } = history.life(this.selected)
    const wrote = written[lastUpTo(written, t)]
    setAttribute(act.before, 'aria-label', say('before', { slot }))
    setText(act.after, say('after', { slot }))
    setText(act.who, say('who', { slot }))
    setText(act.play, say(this.playing ? 'pause' : 'play'))
    setAttribute(act.play, 'aria-pressed', Boolean(this.playing))
    const useless = {
      first: t === 0, back: t === 0, forward: t === history.count, last: t === history.count,
      before: lastUpTo(written, t - 1) < 0, after: lastUpTo(written, t) === written.length - 1,
      who: wrote === undefined || wrote === t,
    }
    // Not `disabled`, which would throw the focus away under the reader's finger.
    for (const [name, off] of Object.entries(useless))
      setAttribute(act[name], 'aria-disabled', off ? 'true' : null)
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
  }
}

// At first the value that the first branch asks about.
function firstChosen({ steps }) {
  const asked = steps.find(step => step.test?.left)?.test.left
  return asked ? asked.replace('w', 'r') : 'r0'
}

// Read the data, or throw an error whose message can be shown.
function readData(model, say) {
  const raw = model.get('data')
  const data = typeof raw === 'string' ? JSON.parse(raw) : raw
  for (const { timeline } of data.runs) {
    const { steps, listing } = timeline
    if (!Array.isArray(steps) || !Array.isArray(listing)) throw new Error('steps, listing')
    if (!steps.length && !timeline.outcome?.fault) throw new Error(say('no-steps'))
    if (steps.length > data.limit)
      throw new Error(say('too-long', { count: steps.length, limit: data.limit }))
  }
  if (!data.runs.length) throw new Error(say('no-steps'))
  return data
}

function render({ model, el }) {
  const phrases = model.get('phrases') ?? {}
  const say = Facts.prototype.say.bind({ phrases })
  let view = null
  const layout = new ResizeObserver(() => view?.measure())
  const select = make('select', {})

  const show = () => {
    const data = readData(model, say)
    const { timeline } = data.runs[model.get('chosen') ?? 0] ?? data.runs[0]
    const focused = el.contains(document.activeElement)
    const before = view
    view?.pause()
    view = new View(model, timeline, phrases)
    const selector = data.runs.length > 1 && selectorOf(data.runs, timeline)
    view.build(selector)
    view.t = Math.max(0, Math.min(timeline.steps.length, model.get('step') ?? 0))
    if (before) keepChoice(before, view)
    view.draw()
    el.replaceChildren(view.node)
    view.measure()
    view.draw() // once more: now the lists have a height and can be scrolled
    layout.disconnect()
    layout.observe(view.node)
    if (focused) (selector ? select : view.node).focus()
  }

  const selectorOf = (runs, timeline) => {
    select.replaceChildren(...runs.map((run, index) =>
      make('option', { value: index, selected: run.timeline === timeline }, run.label)))
    return make('label', {}, make('small', {}, `${say('input')} `), select)
  }

  const refuse = error => {
    view = null
    const reason = error instanceof Error ? error.message : `${error}`
    el.replaceChildren(make('p', { class: 'ebpflab broken', role: 'alert', lang: model.get('lang') },
      say('broken', { reason }) || reason))
  }

  const safely = act => () => {
    try {
      act()
    } catch (error) {
      refuse(error)
    }
  }
  const changed = safely(show)
  const moved = safely(() => view?.goto(model.get('step')))
  select.addEventListener('change', safely(() => {
    model.set('chosen', Number(select.value))
    model.save_changes()
    show()
  }))
  changed()
  model.on('change:data', changed)
  model.on('change:size', changed)
  model.on('change:chosen', changed)
  model.on('change:step', moved)
  return () => {
    view?.pause()
    layout.disconnect()
    model.off('change:data', changed)
    model.off('change:size', changed)
    model.off('change:chosen', changed)
    model.off('change:step', moved)
  }
}

// Another input of the same program: the same moment, value and base.
function keepChoice(before, view) {
  view.t = Math.min(before.t, view.history.count)
  view.spelling.base = before.spelling.base
  view.selected = before.selected
}

export default { render }
