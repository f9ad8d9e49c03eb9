// What is: the registers, old → new, and the stack in slots of 8 bytes. Not here: what
// the verifier claims about them, which gets a column of its own beside these.

const REGISTERS = Array.from({ length: 11 }, (_, index) => `r${index}`)

class Registers {
  constructor(view) {
    const { say } = view
    this.rows = REGISTERS.map(name => this.row(name))
    this.other = make('th', { class: 'second', scope: 'col' })
    const head = make('tr', {}, make('td', { class: 'sg' }),
      make('th', { class: 'rn', scope: 'col' }, make('span', { class: 'hidden' }, say('register'))),
      make('th', { class: 'lv', scope: 'col' }, make('b', {}, say('machine')), ` ${say('what-is')}`),
      this.other)
    const body = make('tbody', {}, ...this.rows.map(row => row.node))
    this.node = make('table', { class: 'regs', 'aria-label': say('registers') },
      make('thead', {}, head), body)
  }

  row(name) {
    const sign = make('span', {}), pick = make('button', { class: 'pick', 'data-slot': name }, name)
    const old = make('span', { class: 'old' }), now = make('span', { class: 'new' })
    const value = make('td', { class: 'lv' }, make('code', {}, old, now))
    const second = make('code', {})
    const node = make('tr', { 'data-row': name }, make('td', { class: 'sg' }, sign),
      make('th', { class: 'rn', scope: 'row' }, pick), value,
      make('td', { class: 'second' }, second))
    return { name, node, sign, pick, old, now, value, second }
  }

  draw({ history, spelling, say, t, selected }) {
    setText(this.other, say(spelling.base === 16 ? 'in-dec' : 'in-hex'))
    for (const { name, node, sign, pick, old, now, value, second } of this.rows) {
      const { word, pointer, known } = history.register(name, t)
      const mark = history.mark(name, t)
      const before = mark === 'w' ? history.register(name, t - 1) : { word: null }
      const showOld = before.word !== null && word !== null
      setMark(node, sign, mark, say)
      setText(old, showOld ? `${spelling.word(before.word, before.pointer)} → ` : '')
      setText(now, word === null ? say(known ? 'lost' : 'never') : spelling.word(word, pointer))
      setText(second, word === null || pointer ? '' : spelling.second(word))
      setClass(value, 'unk', word === null)
      setAttribute(pick, 'aria-pressed', selected === name)
    }
  }
}

class Stack {
  constructor(view) {
    const { history, say } = view
    this.rows = []
    const stacks = history.regions.filter(region => region.kind === 'stack')
    const groups = stacks.map((region, frame) => this.group(view, region, frame, stacks.length > 1))
    const empty = this.rows.length ? [] : [make('small', {}, say('stack-empty'))]
    this.list = make('div', { class: 'slots' }, ...groups, ...empty)
    const head = make('h3', {}, say('stack'), make('small', {}, ` ${say('stack-slots')}`))
    this.node = make('div', { class: 'stk' }, head, this.list)
  }

  group(view, region, frame, named) {
    const starts = [...view.history.cells.keys()].map(parseSlot)
      .filter(part => part.region === region.name)
      .map(part => part.offset).sort((a, b) => b - a)
    const rows = starts.map(start => this.row(view, region, start))
    this.rows.push(...rows)
    const name = named && rows.length ? [make('h4', {}, view.say('frame', { frame }))] : []
    return make('div', {}, ...name, ...rows.map(row => row.node))
  }

  row({ history, spelling }, region, start) {
    const slot = `${region.name}+${start}:8`
    const sign = make('span', { class: 'sg' })
    const pick = make('button', { class: 'pick', 'data-slot': slot }, spelling.place(region, start))
    const bytes = Array.from({ length: 8 }, () => make('span', {}))
    const box = make('span', { class: 'by', role: 'img' }, ...bytes)
    const words = make('code', { class: 'words' })
    const fields = history.fieldsOf(region.name)
      .filter(field => field.offset < start + 8 && field.offset + field.size > start)
    const node = make('div', { class: 'slot', 'data-row': slot }, sign, pick, box, words)
    return { region: region.name, start, slot, sign, pick, bytes, box, words, fields, node }
  }

  draw(view) {
    const { history, say, t, selected } = view
    let touched = null
    for (const row of this.rows) {
      const mark = history.mark(row.slot, t)
      const touches = history.touchesAt(row.region, t)
      const pairs = pairsOf(history.cell(row.region, row.start, t))
      setMark(row.node, row.sign, mark, say)
      row.bytes.forEach((node, index) => {
        const unknown = pairs[index] === UNWRITTEN, at = row.start + index
        const over = touches.filter(touch => touch.from <= at && at < touch.to)
        setText(node, unknown ? '\u00a0' : pairs[index])
        setClass(node, 'unk', unknown)
        setClass(node, 'w', over.some(touch => touch.write))
        setClass(node, 'r', over.length && !over.some(touch => touch.write))
      })
      setAttribute(row.box, 'aria-label', pairs.join(' ').replaceAll(UNWRITTEN, '?'))
      setText(row.words, this.words(view, row, pairs))
      setAttribute(row.pick, 'aria-pressed', selected === row.slot)
      if (mark) touched ??= row.node
    }
    if (this.list.scrollHeight > this.list.clientHeight + 1) keepInView(this.list, touched)
  }

  // The named variables of a slot with their values; without names, the slot's value.
  words({ history, spelling, say, t }, { region, start, fields }, pairs) {
    if (pairs.every(pair => pair === UNWRITTEN)) return say('never')
    if (!fields.length) return wholeCell(history, spelling, region, start, t, pairs)
    return fields.map(field => {
      const name = fullName(field), { offset, size } = field
      const value = size > 8 ? pairs.join('') : history.bytes(region, offset, size, t)
      return value.includes('?') ? name : `${name} ${spelling.memory(value, false)}`
    }).join(', ')
  }
}

const fullName = ({ group, name }) => [group, name].filter(Boolean).join('.')

// The bytes that are known, as a number; an address that was stored whole is spelled so.
function wholeCell(history, spelling, region, start, t, pairs) {
  const key = `${region}+${start}`, stored = history.slots.get(key)
  const place = stored ? lastUpTo(stored.at, t) : -1
  const cell = history.cells.get(key)
  const last = place >= 0 && cell.at[lastUpTo(cell.at, t)] === stored.at[place]
  const known = pairs.join('').replace(/^(\?\?)+|(\?\?)+$/g, '')
  return spelling.memory(known, last && stored.pointer[place])
}
