// What each button and key does. An act is a moment to go to, or something else.

// The moment that an act leads to, or undefined for an act that is none.
function momentOf(view, act) {
  const { t, history, last } = view
  const { written } = history.life(view.selected)
  const branch = moment => history.kind(moment) === '◆'
  const moments = {
    first: () => 0, last: () => last, back: () => t - 1, forward: () => t + 1,
    backTen: () => t - 10, forwardTen: () => t + 10,
    nextBranch: () => history.seek(t, 1, branch), previousBranch: () => history.seek(t, -1, branch),
    before: () => written[lastUpTo(written, t - 1)] ?? t,
    after: () => written[lastUpTo(written, t) + 1] ?? t,
    who: () => written[lastUpTo(written, t)] ?? t,
  }
  return moments[act]?.()
}

const OTHERS = {
  swapBase: view => view.setBase(26 - view.spelling.base),
  ask: view => { view.asked.focus(); view.asked.select() },
  take: view => view.node.focus(), // the field tells what changed when it is left
  forget: view => { view.showAsked(); view.node.focus() },
  leave: () => document.activeElement.blur(),
  help: view => { view.list.open = !view.list.open },
  play: view => (view.playing ? view.pause() : view.play()),
  bits: view => view.bits.toggle(),
  run: view => view.runOn(1),
  runBack: view => view.runOn(-1),
  stop: view => { view.stops.toggleSlot(view.selected); view.draw() },
  stopHere: view => view.stopAt(view.history.steps[view.t]?.pc),
  otherWay: view => view.turn(),
}

function performAct(view, act) {
  if (act !== 'play') view.pause()
  if (act === 'forward' && view.predict.waits) return view.predict.field?.isConnected
    ? view.predict.field.focus() : view.predict.answers.querySelector('button')?.focus()
  const moment = momentOf(view, act)
  if (moment !== undefined) view.goto(moment)
  else OTHERS[act](view)
}

// What the place of a click stands for, in the order in which they are looked for.
const PLACES = [
  ['data-act', (view, act) => view.perform(act)],
  ['data-answer', (view, said) => view.predict.answer(said || null)],
  ['data-base', (view, base) => view.setBase(Number(base))],
  ['data-unstop-pc', (view, pc) => view.stopAt(Number(pc))],
  ['data-unstop-slot', (view, slot) => { view.stops.toggleSlot(slot); view.draw() }],
  ['data-frame', (view, frame) => view.goto(view.frames.calls[frame]?.t ?? view.t)],
  ['data-slot', (view, slot) => view.select(slot)],
  ['data-row', (view, slot) => view.select(slot)],
  ['data-stop', (view, pc) => view.stopAt(Number(pc))],
  ['data-pc', (view, pc) => view.runTo(step => step.pc === Number(pc))],
  ['data-line', (view, line) => view.runTo(step => view.history.line.get(step.pc)?.source_line === Number(line))],
]

function clicked(view, { target }) {
  for (const [name, act] of PLACES) {
    const place = target.closest(`[${name}]`)
    if (place && view.node.contains(place)) return act(view, place.getAttribute(name))
  }
}
