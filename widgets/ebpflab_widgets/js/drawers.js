// The packet, the maps and the events: drawers below the machine. Each opens by itself
// from the first step that touches what is in it, until the reader opens or closes it.

class Drawer {
  constructor(title, regions, slots) {
    Object.assign(this, { regions, slots, panels: [], names: [], owned: false })
    this.note = make('small', {})
    this.sign = make('span', { class: 'sg' })
    this.summary = make('summary', {}, make('b', {}, title), ' ', this.sign, this.note)
    this.body = make('div', { class: 'inside' })
    this.node = make('details', { class: 'drawer' }, this.summary, this.body)
    this.summary.addEventListener('click', () => { this.owned = true })
    this.node.addEventListener('toggle', () => this.node.open && this.view && this.fill(this.view))
  }

  add(panel, ...title) {
    this.panels.push(panel)
    this.body.append(make('div', { class: 'part' }, ...title, panel.node))
  }

  // A map's heading; its name is a value that can be chosen, followed and watched.
  name({ name, detail }) {
    const pick = make('button', { class: 'pick', 'data-slot': name }, name)
    this.names.push(pick)
    return make('h3', {}, pick, make('small', {}, detail ? ` ${detail}` : ''))
  }

  draw(view) {
    this.view = view
    for (const pick of this.names) setAttribute(pick, 'aria-pressed', view.selected === pick.dataset.slot)
    const { history, say, t } = view
    this.first ??= this.firstTouch(history)
    if (!this.owned) this.node.open = t >= this.first
    const touches = this.regions.flatMap(name => history.touchesAt(name, t))
    const spans = this.isKept ? NOTHING : touches
    const sent = this.slots.some(slot => history.mark(slot, t) === 'w')
    const mark = sent || touches.some(o => o.write) ? 'w' : touches.length ? 'r' : ''
    setMark(this.summary, this.sign, mark, say)
    setText(this.note, spans.length ? ` ${spanOf(spans, mark, say)}` : sent ? ` ${say('touched')}` : ` ${this.quiet}`)
    if (this.node.open || this.isKept) this.fill(view)
  }

  settle() {
    if (this.node.open) for (const panel of this.panels) panel.settle?.()
  }

  // Keep the room that it takes when it is open, so that nothing below it moves.
  reserve() {
    const { open } = this.node
    this.node.style.minHeight = ''
    this.node.open = true
    const tall = this.node.offsetHeight
    this.node.open = open
    this.node.style.minHeight = `${tall}px`
  }

  fill(view) {
    for (const panel of this.panels) panel.draw(view)
  }

  firstTouch(history) {
    const moments = [
      ...this.regions.flatMap(name => (history.touches.get(name) ?? NOTHING).map(o => o.at)),
      ...this.slots.flatMap(slot => history.slots.get(slot).at),
    ].filter(t => t > 0)
    return moments.reduce((a, b) => Math.min(a, b), Infinity)
  }
}

function spanOf(touches, mark, say) {
  const those = touches.filter(o => o.write === (mark === 'w'))
  const first = Math.min(...those.map(o => o.from)), last = Math.max(...those.map(o => o.to)) - 1
  const key = mark === 'w' ? 'range-written' : 'range-read'
  return say(first === last ? `${key}-one` : key, { first, last })
}

// The stack below the registers: it opens when it is first written.
function stackDrawer(view) {
  const { history, say } = view
  const stacks = history.regions.filter(region => region.kind === 'stack').map(region => region.name)
  const panel = history.isExploration ? new KnownSlots(view) : new Stack(view)
  const drawer = new Drawer(say('stack'), stacks, panel.rows.filter(row => history.isExploration && row).map(row => row.slot))
  drawer.quiet = say(history.isExploration ? 'stack-known' : 'stack-slots')
  drawer.add(panel)
  drawer.node.classList.add('stk')
  drawer.isKept = true // up to date behind its lid too: its height never jumps
  return drawer
}

// What the program was given: the packet, else its context.
function inputDrawer(view) {
  const { history, say } = view
  const of = kind => history.regions.filter(region => region.kind === kind)
  const packets = of('packet'), shown = packets.length ? packets : of('ctx')
  if (!shown.length) return null
  const drawer = new Drawer(say(packets.length ? 'packet' : 'context'), shown.map(r => r.name), [])
  drawer.quiet = say('bytes', { bytes: shown[0].size })
  for (const region of shown) drawer.add(new ByteFields(view, region))
  return drawer
}

function mapsDrawer(view) {
  const { history, say } = view
  const maps = history.regions.filter(region => region.kind === 'map')
  const values = history.regions.filter(region => ['map_value', 'record'].includes(region.kind))
  const sent = [...history.slots.keys()].filter(slot => parseSlot(slot).map !== undefined)
  if (!maps.length && !values.length && !sent.length) return null
  const drawer = new Drawer(say('maps'), values.map(r => r.name), sent)
  drawer.quiet = maps.map(({ name, detail }) => (detail ? `${name} (${detail})` : name)).join(', ')
  for (const map of maps) {
    if (values.some(region => region.name === map.name)) continue
    const slots = sent.filter(slot => parseSlot(slot).map === map.name).sort()
    drawer.add(new Records(view, map, slots), drawer.name(map))
  }
  for (const region of values) {
    const map = maps.find(one => one.name === region.name) ?? region
    drawer.add(new ByteFields(view, region), drawer.name(map))
  }
  return drawer
}

const LAST_RECORDS = 4 // of each CPU; the earlier ones are counted
const MOST_REST = 32 // bytes of a record that no field names

// The records that went to each CPU's buffer of one map.
class Records {
  constructor({ history, say }, map, slots) {
    this.empty = make('small', {}, say('empty'))
    this.fields = slot => [...history.fieldsOf(slot), ...history.fieldsOf(map.name)]
    this.rows = slots.map(slot => {
      const pick = make('button', { class: 'pick', 'data-slot': slot }, say('cpu', parseSlot(slot)))
      const list = make('div', { class: 'records' })
      return { slot, pick, list, shown: '', node: make('div', { class: 'slot' }, pick, list) }
    })
    this.node = make('div', {}, ...this.rows.map(row => row.node), ...(slots.length ? [] : [this.empty]))
  }

  draw({ history, spelling, say, t, selected }) {
    for (const row of this.rows) {
      const records = history.records(row.slot, t)
      const isNew = history.mark(row.slot, t) === 'w'
      setAttribute(row.pick, 'aria-pressed', selected === row.slot)
      const shown = `${records.length} ${isNew} ${spelling.base}`
      if (row.shown === shown) continue
      row.shown = shown
      const from = Math.max(0, records.length - LAST_RECORDS)
      row.list.replaceChildren(
        ...(from ? [make('small', {}, say('earlier', { count: from }))] : []),
        ...(records.length ? [] : [make('small', {}, say('empty'))]),
        ...records.slice(from).map((pairs, index) =>
          this.record(pairs, from + index, isNew && from + index === records.length - 1, row.slot, spelling, say)))
    }
  }

  record(pairs, index, isNew, slot, spelling, say) {
    const named = this.fields(slot).filter(f => (f.offset + f.size) * 2 <= pairs.length)
    const end = Math.max(0, ...named.map(f => f.offset + f.size))
    const rest = pairs.slice(2 * end), bytes = rest.length / 2
    const values = named.map(f =>
      `${f.name}=${spelling.memory(pairs.slice(2 * f.offset, 2 * (f.offset + f.size)), false)}`)
    const node = make('div', { class: isNew ? 'record w' : 'record' },
      make('div', {}, isNew ? dot() : '', say('record', { number: index + 1, bytes: pairs.length / 2 })))
    if (values.length) node.append(make('code', {}, values.join(' ')))
    if (values.length && bytes) node.append(make('small', {}, say('then-bytes', { bytes })))
    const cut = pairsOf(rest.slice(0, 2 * MOST_REST))
    if (bytes) node.append(make('code', { class: 'rest' }, cut.join(' ') + (bytes > MOST_REST ? ' …' : '')))
    return node
  }
}
