// The sentence of the step, drawn: what ran, what it meant with its values, what changed.
// Its place is as high as the longest sentence needs, so nothing below it ever moves.

class Sentence {
  constructor(view) {
    this.node = make('div', { class: 'say' })
    this.longest = longest(view)
  }

  draw(view) {
    this.node.replaceChildren(...sentenceNodes(view, view.t))
  }

  reserve(view) {
    const probe = this.node.cloneNode(false)
    probe.style.cssText = 'position:absolute;visibility:hidden;min-height:0;left:0;right:0'
    this.node.parentNode.append(probe)
    const heights = this.longest.map(t => {
      probe.replaceChildren(...sentenceNodes(view, t))
      return probe.getBoundingClientRect().height
    })
    probe.remove()
    this.node.style.minHeight = `${Math.ceil(Math.max(...heights))}px`
  }
}

function sentenceNodes(view, t) {
  const { history, facts, say } = view
  const step = t ? history.steps[t - 1] : null
  const code = (...parts) => make('span', { class: 'm' }, ...parts)
  const first = [make('small', { class: 'count' }, `${t} / ${history.count}`)]
  if (step?.frame) first.push(make('span', { class: 'tag' }, say('frame', { frame: step.frame })))
  const listed = history.line.get(step?.pc)
  first.push(step ? code(`${step.pc}: ${listed?.text ?? ''}`) : make('b', {}, say('begins')))
  const second = []
  for (const fact of facts.of(t)) {
    const told = DRAWN[fact.key]
    if (SECOND[fact.key]) second.push(SECOND[fact.key](fact, say))
    else if (told && (t || fact.key !== 'first')) first.push(told(fact, say, code))
    else if (told) first.push(code(`${fact.slot} `, make('b', {}, fact.new)))
    else if (say(fact.key)) second.push(make('span', {}, say(fact.key, fact)))
  }
  if (!step && !history.isExploration) second.push(make('span', {}, say('unknown')))
  const source = sourceLines(history)[(listed?.source_line ?? 0) - 1]
  if (source) second.push(make('span', { class: 'm source' }, source.trim()))
  const ahead = view.predict.isOn ? null : aheadOf({ ...view, history, facts, say, t, spelling: view.spelling })
  if (ahead) second.push(make('span', { class: 'ahead' }, '▷ ', ahead))
  const stop = view.stopped && t === view.t ? [make('b', { class: 'why' }, `■ ${say(view.stopped.key, view.stopped)}`)] : []
  return [...stop, ...first, make('span', { class: 'two' }, ...second)]
}

const dot = () => make('b', { class: 'w', 'aria-hidden': 'true' }, '● ')
const asked = answer => (fact, say, code) => {
  const node = code(`${fact.left} ${fact.symbol} ${fact.right} ? `,
    make('b', {}, `${say(answer)} ━▶ ${fact.next}`))
  node.classList.add('pred')
  return node
}
const changed = fact => [dot(), `${fact.slot} `,
  ...(fact.old === undefined ? [] : [make('span', { class: 'old' }, fact.old), ' → ']),
  make('b', {}, fact.new)]
const wrote = (fact, say, code) => code(...changed(fact))
const stored = (fact, say, code) =>
  code(...changed(fact), make('small', {}, ` ${say('bytes', { bytes: fact.size })}`))
const ends = key => (fact, say) => make('b', {}, say(key, fact))

// What stands on the first line, by fact; the rest stands on the second.
const DRAWN = {
  yes: asked('word-yes'),
  no: asked('word-no'),
  first: wrote,
  written: wrote,
  'stored-first': stored,
  stored,
  sent: (fact, say) => make('span', {}, dot(), say('line-sent', fact)),
  returns: ends('line-returns'),
  'returns-named': ends('line-returns-named'),
  known: wrote,
  'known-first': wrote,
  outside: (fact, say) => make('b', { class: 'bad own shout' }, `✕ ${say('outside', fact)}`),
  'refused-at': (fact, say) => make('b', { class: 'bad own' }, `✕ ${say('refused-at', fact)}`),
  fault: (fact, say) => make('b', { class: 'bad own' }, `✕ ${say('fault', fact)}`),
}

// What stands first on the second line.
const SECOND = {
  claims: (fact, say) => make('span', { class: 'claim' }, '▭ ', say('line-claims', fact)),
  covered: (fact, say) => make('span', { class: 'claim' }, '⊆ ', say('covered')),
  pruned: (fact, say) => make('span', { class: 'claim' }, '⊆ ', say('pruned', fact)),
}

// The steps with the most to say, one of each shape, among those that are looked at (all
// of them, up to some 2,000).
function longest({ history, facts }) {
  const stride = Math.max(1, Math.floor(history.count / 2000))
  const most = new Map() // shape -> {t, length}
  for (let t = 0; t <= history.count; t += stride) {
    const shape = facts.of(t).map(fact => fact.key).join(' '), { length } = facts.sentence(t)
    if (length > (most.get(shape)?.length ?? -1)) most.set(shape, { t, length })
  }
  return [...most.values()].sort((a, b) => b.length - a.length).slice(0, 12).map(one => one.t)
}
