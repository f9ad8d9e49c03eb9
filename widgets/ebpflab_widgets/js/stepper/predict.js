// "Predict, then reveal": the next step is asked about before it is shown. Nothing of it is
// in the drawing until an answer was given; a right one and a wrong one both go on.

class Predict {
  constructor(view, isOn) {
    const { say } = view
    Object.assign(this, { view, say, isOn, known: isOn ? 0 : view.history.count, right: 0, asked: 0, told: '' })
    this.question = make('span', { class: 'asks' })
    this.answers = make('span', { class: 'answers' })
    this.verdict = make('span', { class: 'judged' })
    this.score = make('small', {})
    this.node = make('div', { class: 'predict', role: 'group', 'aria-label': say('predict'), hidden: !isOn },
      this.verdict, this.question, this.answers, this.score)
    this.node.addEventListener('submit', event => { event.preventDefault(); this.answer(this.field.value) })
  }

  get waits() {
    return this.isOn && this.view.t === this.known && this.known < this.view.history.count
  }

  // What is asked about the step after moment t: {key, choices or field, answer, shown}.
  of(t) {
    const { history, facts, spelling, say } = this.view
    const step = history.steps[t]
    const text = history.line.get(step.pc)?.text ?? ''
    if (step.test) {
      const { left, symbol, right } = facts.test(step.test, t + 1)
      return { asks: say('ask-branch', { left, symbol, right }), choices: ['yes', 'no'], answer: step.test.taken ? 'yes' : 'no' }
    }
    const kind = history.line.get(step.pc)?.kind
    const written = (step.changes ?? NOTHING).filter(change => change.new != null && parseSlot(change.slot).map === undefined)
    if (kind === 'call' && (step.changes ?? NOTHING).some(change => change.new == null))
      return { asks: say('ask-call', { text }), choices: ['kept', 'gone'], answer: 'gone' }
    if (kind === 'exit' && t + 1 === history.count) {
      const { retval = null } = history.timeline.outcome ?? {}
      if (retval !== null) return { asks: say('ask-exit'), answer: number(BigInt(retval), spelling.base), value: BigInt(retval) }
    }
    if (written.length && kind !== 'call') {
      const [{ slot, new: now }] = written
      const pointer = (step.pointers ?? NOTHING).includes(slot), { region } = parseSlot(slot)
      const answer = region ? spelling.memory(now, pointer) : spelling.word(now, pointer)
      const whole = region ? pairsOf(now).reverse().join('') : now.slice(2)
      const value = pointer || /[^0-9a-f]/.test(whole) ? null : BigInt(`0x${whole}`)
      return { asks: say('ask-value', { slot: spelling.slot(slot), text }), answer, value }
    }
    return { asks: say('ask-nothing', { text }), choices: ['go'], answer: 'go', free: true }
  }

  answer(said) {
    if (!this.waits) return
    const asked = this.of(this.known)
    const isRight = said !== null && (asked.choices ? said === asked.answer : same(said, asked))
    const shown = asked.choices && !asked.free ? this.say(`answer-${asked.answer}`) : asked.answer
    if (!asked.free) {
      this.asked++
      if (isRight) this.right++
      const given = asked.choices && said ? this.say(`answer-${said}`) : said
      this.told = said === null ? this.say('revealed', { answer: shown })
        : this.say(isRight ? 'was-right' : 'was-wrong', { answer: shown, said: given })
      this.isRight = said === null ? null : isRight
    } else [this.told, this.isRight] = ['', null]
    const hadFocus = this.node.contains(document.activeElement)
    this.known++
    this.view.goto(this.known)
    if (hadFocus) (this.answers.querySelector('input, button') ?? this.view.node).focus()
  }

  draw() {
    if (!this.isOn) return
    const { waits, say } = this
    setText(this.verdict, this.view.t === this.known ? this.told : '')
    setClass(this.verdict, 'ok', this.isRight === true)
    setClass(this.verdict, 'bad', this.isRight === false)
    setText(this.score, this.asked ? say('score', { right: this.right, asked: this.asked }) : '')
    const base = this.view.spelling.base, shown = waits ? `${this.known} ${base}` : ''
    if (this.shown === shown) return
    this.shown = shown
    if (!waits) return [this.question, this.answers].forEach(node => node.replaceChildren())
    const asked = this.of(this.known)
    setText(this.question, asked.asks)
    this.answers.replaceChildren(...(asked.choices ? this.choices(asked) : this.form()))
  }

  choices({ choices, free }) {
    const button = said => make('button', { 'data-answer': said }, this.say(`answer-${said}`))
    return [...choices.map(button), ...(free ? [] : [this.giveUp()])]
  }

  form() {
    this.field = make('input', { type: 'text', placeholder: '74, 0x4a, fp-8', 'aria-label': this.say('your-answer'), autocomplete: 'off', spellcheck: 'false' })
    const answer = make('button', { type: 'submit' }, this.say('answer'))
    return [make('form', {}, this.field, answer), this.giveUp()]
  }

  giveUp() {
    return make('button', { 'data-answer': '' }, this.say('show-me'))
  }
}

// The same value, however it is written: 74, 0x4a, -1; an address as it is spelled.
function same(said, { answer, value }) {
  const text = said.trim().replace(/[\s_\u202f]/g, '')
  if (text.toLowerCase() === answer.replace(/[\s\u202f]/g, '').toLowerCase()) return true
  if (value === null || value === undefined || !/^-?(0x[0-9a-f]+|\d+)$/i.test(text)) return false
  const size = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text)
  return BigInt.asUintN(64, size) === BigInt.asUintN(64, value)
}
