// What there is to tell about a step, without words: a key of the catalogue and values.
// The announcement and the drawn sentence are two spellings of it. Python: `facts.py`.

const COUNTED = ['count', 'size', 'bytes']

class Facts {
  // `forks`: places of a path after which both ways lead on; `choice`: how a path ended.
  constructor({ history, spelling, claims, forks, choice }, phrases) {
    Object.assign(this, { history, spelling, claims, forks, path: choice?.path, isWhole: choice?.run.walk?.accepted, phrases })
  }

  // The template filled in, or that of one thing where something counted is one.
  say(key, values = {}) {
    const one = COUNTED.some(name => Number(values[name]) === 1) && `${key}-one` in this.phrases
    return (this.phrases[one ? `${key}-one` : key] ?? '').replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '')
  }

  // The facts of moment t, as {key, ...values}.
  of(t) {
    const { timeline, steps, count } = this.history
    const step = t ? steps[t - 1] : { changes: timeline.start, pointers: timeline.start_pointers }
    const changes = step.changes ?? NOTHING, facts = []
    if (step.test) facts.push(this.test(step.test, t))
    for (const change of changes) if (change.new != null) facts.push(this.change(change, step, t))
    if (step.effect) facts.push({ key: `effect:${step.effect.key}`, ...step.effect.values })
    const lost = changes.filter(c => c.new == null).map(c => c.slot)
    if (lost.length && !step.effect) facts.push({ key: this.lossOf(step), slots: runOf(lost) })
    if (t && this.claims.isBeside) facts.push(...this.beside(step, t))
    if (t && this.history.isExploration) facts.push(...this.way(step, t))
    if (t === count) facts.push(...stopped(this.path), ...ended(this.history))
    return facts
  }

  // A call clobbers; elsewhere a verifier knows nothing any more.
  lossOf({ pc }) {
    const byCall = ['call', 'exit'].includes(this.history.line.get(pc)?.kind)
    return this.history.isExploration && !byCall ? 'forgotten' : 'clobbered'
  }

  // What is claimed of what the step wrote, and what lies outside.
  *beside(step, t) {
    const { base } = this.spelling
    for (const slot of claimedSlots(step)) {
      const list = this.claims.slots.get(slot), place = list ? lastUpTo(list.at, t) : -1
      const claim = place < 0 ? null : this.claims.list[list.number[place]]
      if (claim) yield { key: 'claims', slot, claim: claimWords(claim, base) }
    }
    for (const [slot, live, claim] of this.claims.told[t - 1]?.x ?? NOTHING)
      yield { key: 'outside', slot, claim: slot === 'pc' ? claim : this.claims.words(claim, base), live: live.startsWith('0x') ? this.spelling.word(live, false) : live }
    if (this.claims.covered.has(t)) yield { key: 'covered' }
  }

  // Which way a path takes after a branch.
  *way({ pc }, t) {
    if (this.history.line.get(pc)?.kind !== 'branch') return
    const next = this.history.steps[t]?.pc ?? this.path?.at ?? -1
    if (next >= 0) yield { key: this.forks.has(t - 1) ? 'both-ways' : this.isWhole ? 'one-way' : 'this-way', next }
  }

  // Did the slot hold an address just before moment t?
  held(slot, t) {
    const history = this.history.slots.get(slot)
    const place = history ? lastUpTo(history.at, t - 1) : -1
    return place >= 0 && history.pointer[place]
  }

  test(test, t) {
    const bits = test.left.startsWith('w') ? 32 : 64
    const side = (name, value) => `${name} ${this.held(name, t) ? this.spelling.word(value, true)
      : compared(BigInt(value), test.symbol, bits, this.spelling.base)}`.trim()
    return {
      key: test.taken ? 'yes' : 'no', symbol: test.symbol, next: test.next,
      left: side(test.left, test.left_value), right: side(test.right ?? '', test.right_value),
    }
  }

  change({ slot, old, new: now }, step, t) {
    if (this.history.isExploration) return this.known(slot, old, now)
    const part = parseSlot(slot)
    if (part.map !== undefined) return { key: 'sent', slot, map: part.map, cpu: part.cpu, size: now.length / 2 }
    const spell = (text, pointer) =>
      part.region ? this.spelling.memory(text, pointer) : this.spelling.word(text, pointer)
    const fact = {
      slot: this.spelling.slot(slot), new: spell(now, (step.pointers ?? NOTHING).includes(slot)),
    }
    if (part.region) fact.size = now.length / 2
    const known = old != null && /[^?]/.test(old)
    if (known) fact.old = spell(old, this.held(slot, t))
    return { key: (part.region ? 'stored' : known ? 'written' : 'first') + (part.region && !known ? '-first' : ''), ...fact }
  }

  known(slot, old, now) {
    const spell = text => (slot === 'refs' ? text : this.claims.words(text, this.spelling.base))
    if (old == null) return { key: 'known-first', slot, new: spell(now) }
    return { key: 'known', slot, old: spell(old), new: spell(now) }
  }

  // The announcement: one sentence, equal to Python's.
  sentence(t) {
    const { steps, count, line } = this.history, told = []
    if (t) {
      const { pc, frame = 0 } = steps[t - 1]
      const text = line.get(pc)?.text ?? `#${pc}`
      told.push(this.say(frame ? 'at-frame' : 'at', { t, count, frame, text }))
    } else told.push(this.say('at-start', { count }))
    for (const { key, ...values } of this.of(t)) {
      const start = !t && `start-${key}` in this.phrases
      const said = this.say(start ? `start-${key}` : key, values)
      told.push(said && key.startsWith('effect:') ? `${said}.` : said)
    }
    if (!t && !this.history.isExploration) told.push(this.say('unknown'))
    return told.filter(Boolean).join(' ')
  }
}

// How the verifier left a path; a refusal tells itself.
function stopped(path) {
  if (path?.ended === 'safe') return [{ key: 'pruned', pc: path.at }]
  return path?.ended === 'exit' ? [{ key: 'path-exit' }] : []
}

function ended({ timeline, line, isExploration }) {
  const { retval = null, name = '', fault = '', fault_pc: pc = -1 } = timeline.outcome ?? {}
  if (fault) return [{ key: isExploration ? 'refused-at' : 'fault', pc, text: line.get(pc)?.text ?? '', fault }]
  if (retval === null) return []
  return [{ key: name ? 'returns-named' : 'returns', value: BigInt(retval), name }]
}

// r1–r5 where registers follow each other, else r1, r3.
function runOf(lost) {
  const slots = [...lost].sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
  const first = Number(slots[0].slice(1))
  const inARow = slots.every((slot, i) => slot === `r${first + i}`)
  return inARow && slots.length > 2 ? `${slots[0]}–${slots.at(-1)}` : slots.join(', ')
}
