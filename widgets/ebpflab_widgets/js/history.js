// The timeline made steppable: for each slot the steps that changed it and what it was
// afterwards, built once. The state at any moment is then a binary search, forwards and
// back alike. Moment 0 is the start; moment t is after step t.

const NOTHING = []
const KINDS = { call: 'ƒ', memory: '▪' }
const UNWRITTEN = '??'

// The last place in a rising list that is not above `t`, or -1.
function lastUpTo(list, t) {
  let low = 0, high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (list[middle] <= t) low = middle + 1
    else high = middle
  }
  return low - 1
}

class History {
  constructor(timeline) {
    this.timeline = timeline
    this.steps = timeline.steps
    this.count = timeline.steps.length
    this.regions = timeline.regions ?? NOTHING
    this.fields = new Map() // region -> its named parts
    for (const field of timeline.fields ?? NOTHING) append(this.fields, field.region, field)
    for (const [name, fields] of this.fields) this.fields.set(name, innermost(fields))
    // A map and its values share a name; the values come later, and only they are bytes.
    this.region = new Map(this.regions.map(r => [r.name, r]))
    this.isExploration = timeline.kind === 'exploration' // then slots hold claims
    this.line = new Map(timeline.listing.map(l => [l.pc, l]))
    this.slots = new Map() // slot -> {at, after, pointer}
    this.cells = new Map() // "stack+504" -> {at, after}: aligned 8 bytes, as hex pairs
    this.reads = new Map() // register -> moments
    this.touches = new Map() // region -> {at, from, to, write} in time order
    this.lives = new Map() // what has been asked for, by slot
    this.initial = new Map(this.regions.map(r =>
      [r.name, r.contents || UNWRITTEN.repeat(r.size)]))
    this.enter(0, { changes: timeline.start, pointers: timeline.start_pointers })
    timeline.steps.forEach((step, index) => this.enter(index + 1, step))
  }

  enter(t, step) {
    for (const read of step.reads ?? NOTHING) {
      const part = parseSlot(read)
      if (part.region) this.touch(t, part.region, part.offset, part.size, false)
      else append(this.reads, read, t)
    }
    for (const change of step.changes ?? NOTHING) {
      const slot = this.slots.get(change.slot) ?? { at: [], after: [], pointer: [] }
      this.slots.set(change.slot, slot)
      slot.at.push(t)
      slot.after.push(change.new ?? null)
      slot.pointer.push((step.pointers ?? NOTHING).includes(change.slot))
      const part = parseSlot(change.slot)
      if (part.region && change.new != null) this.write(t, part, change.new)
    }
  }

  touch(t, region, offset, size, write) {
    append(this.touches, region, { at: t, from: offset, to: offset + size, write })
  }

  write(t, { region, offset }, pairs) {
    const size = pairs.length / 2
    this.touch(t, region, offset, size, true)
    const first = this.cellStart(region, offset)
    for (let start = first; start < offset + size; start += 8) {
      const from = Math.max(offset, start, 0), to = Math.min(offset + size, start + 8)
      const before = this.cell(region, start, t), cut = 2 * (from - Math.max(start, 0))
      const written = pairs.slice(2 * (from - offset), 2 * (to - offset))
      const key = `${region}+${start}`, cell = this.cells.get(key) ?? { at: [], after: [] }
      this.cells.set(key, cell)
      cell.at.push(t)
      cell.after.push(before.slice(0, cut) + written + before.slice(cut + written.length))
    }
  }

  // Cells end where the region ends, so that a stack's are fp-8, fp-16, ...
  cellStart(region, offset) {
    const shift = (this.region.get(region)?.size ?? 0) % 8
    return Math.floor((offset - shift) / 8) * 8 + shift
  }

  cell(region, start, t) {
    const cell = this.cells.get(`${region}+${start}`)
    const place = cell ? lastUpTo(cell.at, t) : -1
    if (place >= 0) return cell.after[place]
    return this.initial.get(region).slice(2 * Math.max(start, 0), 2 * (start + 8))
  }

  // Bytes of a region at a moment, as hex pairs.
  bytes(region, offset, size, t) {
    let pairs = ''
    const first = this.cellStart(region, offset)
    for (let start = first; start < offset + size; start += 8) pairs += this.cell(region, start, t)
    const skip = 2 * (offset - Math.max(first, 0))
    return pairs.slice(skip, skip + 2 * size)
  }

  // A register at a moment: {word, pointer, known}; `known` false = never written.
  register(name, t) {
    const slot = this.slots.get(name), place = slot ? lastUpTo(slot.at, t) : -1
    if (place < 0) return { word: null, pointer: false, known: false }
    return { word: slot.after[place], pointer: slot.pointer[place], known: true }
  }

  fieldsOf(region) {
    return this.fields.get(region) ?? NOTHING
  }

  records(slot, t) {
    const list = this.slots.get(slot)
    return list ? list.after.slice(0, lastUpTo(list.at, t) + 1) : NOTHING
  }

  // When a slot was written and read, in order: its life.
  life(slot) {
    if (!this.lives.has(slot)) this.lives.set(slot, this.findLife(slot))
    return this.lives.get(slot)
  }

  findLife(slot) {
    const { region, offset, size } = parseSlot(slot)
    if (this.isMap(slot)) return this.lifeOfMap(slot)
    if (!region) {
      const written = this.slots.get(slot)?.at ?? NOTHING
      return { written: written.filter(t => t > 0), read: this.reads.get(slot) ?? NOTHING }
    }
    const near = (this.touches.get(region) ?? NOTHING)
      .filter(touch => touch.from < offset + size && touch.to > offset)
    const moments = write => [...new Set(near.filter(n => n.write === write).map(n => n.at))]
    return { written: moments(true), read: moments(false) }
  }

  // Is this the name of a whole map?
  isMap(slot) {
    return ['map', 'map_value'].includes(this.region.get(slot)?.kind)
  }

  // A map's life: its values' bytes, and the records sent through it.
  lifeOfMap(name) {
    const touches = this.touches.get(name) ?? NOTHING
    const sent = [...this.slots].filter(([slot]) => parseSlot(slot).map === name).flatMap(([, list]) => list.at)
    const moments = list => [...new Set(list)].sort((a, b) => a - b)
    return {
      written: moments([...touches.filter(o => o.write).map(o => o.at), ...sent]),
      read: moments(touches.filter(o => !o.write).map(o => o.at)),
    }
  }

  // What step t does to a range of a region: 'w', 'r' or ''.
  mark(slot, t) {
    const has = list => list[lastUpTo(list, t)] === t
    const { written, read } = this.life(slot)
    return t && has(written) ? 'w' : t && has(read) ? 'r' : ''
  }

  // The touches of a region by step t.
  touchesAt(region, t) {
    const list = this.touches.get(region) ?? NOTHING
    let low = 0, high = list.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (list[middle].at < t) low = middle + 1
      else high = middle
    }
    const found = []
    while (t && list[low]?.at === t) found.push(list[low++])
    return found
  }

  // The sign of step t on the tape; a jump that asks nothing is no branch.
  kind(t) {
    if (!t) return '▹'
    const step = this.steps[t - 1]
    const kind = this.line.get(step.pc)?.kind
    return step.test || (this.isExploration && kind === 'branch') ? '◆' : KINDS[kind] ?? '·'
  }

  // The next moment after `t` in direction `way` for which `test` holds, or `t`.
  seek(t, way, test) {
    for (let i = t + way; i >= 0 && i <= this.count; i += way) if (i && test(i)) return i
    return t
  }
}

// A variable that has named members is told by them.
function innermost(fields) {
  const within = (a, b) => a !== b && a.size < b.size && a.offset >= b.offset
    && a.offset + a.size <= b.offset + b.size
  return fields.filter(field => !fields.some(other => within(other, field)))
}

function append(map, key, value) {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
