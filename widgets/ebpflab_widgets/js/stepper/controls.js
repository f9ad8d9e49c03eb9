// The head, the buttons and the foot of the stepper. Elements only: what an act does
// stands in acts.js, what is shown in the panels.

function headOf(view, selector) {
  const { say, history, choice } = view
  const { timeline, count } = history
  const base = (value, key) => make('button', { 'data-base': value }, say(key))
  view.bases = [base(10, 'dec'), base(16, 'hex')]
  const ran = say('ran', {
    type: timeline.type || 'eBPF', listed: say('listed', { count: timeline.listing.length }), steps: say('steps', { count }),
  })
  const { walk } = choice.run
  const walked = walk ? ` · ${say('paths', { count: walk.paths.length })}` : ''
  return make('div', { class: 'bar' }, make('h2', {}, timeline.title || say('untitled')), ...tagsOf(view),
    make('small', {}, `${ran}${walked}`), make('span', { class: 'grow' }), selector?.node ?? '',
    make('span', { class: 'seg', role: 'group', 'aria-label': say('base') }, ...view.bases))
}

// The verdict and the answer: each a tag. A run that is to be predicted tells no answer.
function tagsOf({ say, history, choice, claims, predict }) {
  const tags = []
  const verdict = choice.run.beside ?? choice.run.walk
  if (verdict && verdict.accepted !== null)
    tags.push(make('span', { class: verdict.accepted ? 'tag ok' : 'tag bad' },
      verdict.accepted ? `✓ ${say('accepted')}` : `✕ ${say('refused')}`))
  if (history.isExploration || predict.isOn) return tags
  const { retval = null, name = '', fault = '' } = history.timeline.outcome ?? {}
  if (fault) tags.push(make('span', { class: 'tag bad' }, `✕ ${say('verdict-fault')}`))
  else if (retval !== null)
    tags.push(make('span', { class: 'tag' }, say('verdict-returned', { value: `${BigInt(retval)}${name ? ` (${name})` : ''}` })))
  if (claims.broken) tags.push(make('span', { class: 'tag bad shout' }, `✕ ${say('broken-claims', { count: claims.broken })}`))
  return tags
}

function buttonsOf(view) {
  const { say, history, stops } = view
  const button = (act, text, name) => make('button', { 'data-act': act, 'aria-label': name }, text)
  const all = [
    ['first', '|◀', say('first-step')], ['back', say('back')], ['forward', say('forward')],
    ['last', '▶|', say('last-step')], ['nextBranch', say('next-branch')], ['play', say('play')],
    ['runBack', '◀◀', say('run-back')], ['run', say('run-further')],
    ['otherWay', say('other-way')], ['before', '◀'], ['after', ''], ['who', ''], ['stop', ''],
  ]
  view.act = Object.fromEntries(all.map(([act, ...more]) => [act, button(act, ...more)]))
  view.asked = make('input', { type: 'text', inputmode: 'numeric', autocomplete: 'off' })
  view.asked.addEventListener('change', () => view.gotoAsked(view.asked.value))
  const ask = make('label', { class: 'ask' }, make('small', {}, say('go-to')), view.asked)
  const { first, back, forward, last, nextBranch, play, runBack, run, otherWay, before, after, who, stop } = view.act
  return make('div', { class: 'nav' }, first, back, forward, last, nextBranch,
    history.isExploration ? otherWay : play, ask, make('span', { class: 'seg' }, runBack, run), stops.list,
    make('span', { class: 'grow' }), make('span', { class: 'seg' }, before, after), who, stop)
}

function footOf(view) {
  const { say, claims, history } = view
  const sign = (glyph, key, name = '') =>
    make('span', {}, make('b', { class: name, 'aria-hidden': 'true' }, glyph), ` ${say(key)}`)
  view.list = make('details', { class: 'keylist' }, make('summary', {}, make('kbd', {}, '?'), ` ${say('keys')}`), keyList(say))
  view.list.addEventListener('toggle', () => view.list.open && view.list.scrollIntoView({ block: 'nearest' }))
  const claimed = claims.isBeside || history.isExploration
  return make('div', { class: 'keys' }, sign('●', 'word-written', 'w'), sign('○', 'word-read', 'r'),
    sign('\u00a0\u00a0\u00a0', 'sign-unknown', 'unk'),
    ...(claimed ? [sign('▭', 'sign-claim', 'claim')] : []),
    ...(claims.isBeside ? [sign('✓', 'inside', 'ok'), sign('✕', 'outside-sign', 'bad')] : []),
    sign('◆', 'sign-branch'), sign('ƒ', 'sign-helper'), sign('▪', 'sign-memory'), sign('■', 'sign-stop'),
    make('span', { class: 'grow' }), view.list)
}

// What each button says now, and which would do nothing.
function drawButtons(view) {
  const { t, last, history, act, say, label: slot, stops, selected } = view
  const { written } = history.life(selected)
  const wrote = written[lastUpTo(written, t)]
  setAttribute(act.before, 'aria-label', say('before', { slot }))
  setText(act.after, say('after', { slot }))
  setText(act.who, say('who', { slot }))
  setText(act.stop, say('stop-at', { slot }))
  setAttribute(act.stop, 'aria-pressed', stops.slots.has(selected))
  setText(act.play, say(view.playing ? 'pause' : 'play'))
  setAttribute(act.play, 'aria-pressed', Boolean(view.playing))
  const after = written[lastUpTo(written, t) + 1]
  const useless = {
    first: t === 0, back: t === 0, forward: t === history.count, last: t === last,
    before: lastUpTo(written, t - 1) < 0, after: after === undefined || after > last,
    who: wrote === undefined || wrote === t, run: t === last, runBack: t === 0,
    otherWay: !view.forks.has(t - 1), play: view.predict.isOn,
    nextBranch: view.predict.isOn && t === last,
  }
  // Not `disabled`, which would throw the focus away under the reader's finger.
  for (const [name, off] of Object.entries(useless))
    setAttribute(act[name], 'aria-disabled', off ? 'true' : null)
}
