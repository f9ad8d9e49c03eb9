// What comes next, before it runs: a branch with both targets, a call with what it will
// lose, write and send. Told on the sentence's last line, and beside the registers.

function aheadOf(view) {
  const { history, facts, say, t } = view
  const next = history.steps[t]
  if (!next || history.isExploration) return null
  if (next.test) {
    const { left, symbol, right } = facts.test(next.test, t + 1)
    return say('ahead-branch', { left, symbol, right, yes: next.test.target, no: fallOf(history, next.pc) })
  }
  if (history.line.get(next.pc)?.kind !== 'call') return null
  const { lost, written, sent, stored } = callsOf(next)
  const parts = [
    ...(written.length ? [say('ahead-writes', { slots: written.join(', ') })] : []),
    ...(lost.length ? [say('ahead-loses', { slots: runOf(lost) })] : []),
    ...sent.map(({ map, cpu, size }) => say('ahead-sends', { map, cpu, size })),
    ...(stored.length ? [say('ahead-stores', { slots: stored.map(slot => view.spelling.slot(slot)).join(', ') })] : []),
  ]
  return say('ahead-call', { text: history.line.get(next.pc).text, parts: parts.join(' · ') })
}

// What a call does, by sort of slot.
function callsOf({ changes = NOTHING }) {
  const lost = [], written = [], sent = [], stored = []
  for (const { slot, new: now } of changes) {
    const part = parseSlot(slot)
    if (part.map !== undefined) sent.push({ map: part.map, cpu: part.cpu, size: now.length / 2 })
    else if (part.region) stored.push(slot)
    else if (now == null) lost.push(slot)
    else if (slot !== 'r10') written.push(slot)
  }
  return { lost, written, sent, stored }
}

// The instruction after this one in the listing.
function fallOf({ timeline: { listing } }, pc) {
  return listing[listing.findIndex(line => line.pc === pc) + 1]?.pc ?? pc + 1
}

// What the next call will do to a register: 'lost', 'written' or ''.
function soonOf({ history, t }, name) {
  const next = history.steps[t]
  if (!next || history.isExploration || history.line.get(next.pc)?.kind !== 'call') return ''
  const { lost, written } = callsOf(next)
  return lost.includes(name) ? 'lost' : written.includes(name) ? 'written' : ''
}
