// What a verifier claims at each moment: beside a run as differences, in an exploration as
// the states themselves. The short names of a claim stand in Python's `claimed.py`.

const ALL_BITS = (1n << 64n) - 1n
const NO_CLAIM = -1, LEFT_OPEN = -2

// A claim in short: a number, a range, else the log's words. Python: `words.py`.
function claimWords(claim, base) {
  if ('w' in claim) return claim.w
  if ('c' in claim) return number(signed(BigInt(claim.c), 64), base)
  const bands = claim.b.map(ends => ends.map(BigInt))
  if (bands.length === 1 && bands[0][0] === 0n && bands[0][1] === ALL_BITS) {
    const lower = (claim.l ?? []).map(end => number(BigInt(end), base))
    return lower.length ? `w ${lower[0]}…${lower[1]}` : 'scalar()'
  }
  let ends = bands[0]
  if (bands.length === 2 && claim.s) ends = claim.s.map(BigInt)
  else if (!(ends[0] >> 63n === 0n && ends[1] >> 63n)) ends = ends.map(end => signed(end, 64))
  return ends.map(end => number(end, base)).join('…')
}

class Claims {
  constructor(list, beside, history) {
    this.list = list ?? NOTHING
    this.history = history
    this.byText = new Map(this.list.map(claim => [claim.t, claim]))
    this.isBeside = Boolean(beside)
    this.slots = new Map() // slot -> {at, number}
    this.outside = new Map() // slot -> [{t, live, claim}]
    this.covered = new Set()
    this.told = beside?.steps ?? NOTHING
    this.told.forEach((step, index) => step && this.enter(index + 1, step))
    if (beside?.start) this.enter(0, { c: beside.start })
  }

  enter(t, { c = {}, x = NOTHING, k }) {
    for (const [slot, number] of Object.entries(c)) {
      const list = this.slots.get(slot) ?? { at: [], number: [] }
      this.slots.set(slot, list)
      if (t) list.at.push(t), list.number.push(number)
      else list.at.unshift(t), list.number.unshift(number)
    }
    for (const [slot, live, claim] of x) append(this.outside, slot, { t, live, claim })
    if (k) this.covered.add(t)
  }

  // What is claimed of a slot at a moment: {claim, state}; state '' = nothing is.
  at(slot, t) {
    const wrong = this.brokenAt(slot, t)
    if (wrong) return { claim: this.byText.get(wrong.claim) ?? { w: wrong.claim, t: wrong.claim }, state: 'out' }
    const list = this.slots.get(slot), place = list ? lastUpTo(list.at, t) : -1
    const number = place < 0 ? NO_CLAIM : list.number[place]
    if (number === LEFT_OPEN) return { claim: null, state: 'open' }
    return number < 0 ? { claim: null, state: '' } : { claim: this.list[number], state: 'in' }
  }

  // A broken claim stays broken until the value is written again.
  brokenAt(slot, t) {
    const list = this.outside.get(slot)
    const last = list?.findLast(one => one.t <= t)
    if (!last) return null
    const written = this.history.slots.get(slot)?.at
    const since = written ? written[lastUpTo(written, t)] : 0
    return (since ?? 0) > last.t ? null : last
  }

  // The claim that an exploration's slot holds.
  read(text) {
    return text == null ? null : this.byText.get(text) ?? { t: text, w: text }
  }

  words(text, base) {
    return claimWords(this.read(text), base)
  }

  // How many steps have a value outside of its claim.
  get broken() {
    return this.told.reduce((sum, step) => sum + (step?.x?.length ?? 0), 0)
  }
}

// The name a verifier gives to a place on a stack: fp-8, frame1:fp-8.
function claimedSlot(region, start, size) {
  const depth = region.replace('stack', '')
  return `${depth ? `frame${depth}:` : ''}fp${start - size}`
}

// What a step wrote, as a verifier names it, once each.
function claimedSlots({ changes = NOTHING }) {
  const slots = []
  for (const { slot, new: now } of changes) {
    if (now == null) continue
    const { region, offset } = parseSlot(slot)
    if (!region && /^r\d+$/.test(slot)) slots.push(slot)
    if (!region || !/^stack\d*$/.test(region)) continue
    for (let at = Math.floor(offset / 8) * 8; at < offset + now.length / 2; at += 8)
      slots.push(claimedSlot(region, at, 512))
  }
  return slots
}
