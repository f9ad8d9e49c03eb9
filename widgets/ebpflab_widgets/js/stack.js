// The stack, in slots of 8 bytes below each frame's r10: live bytes, named variables, and
// what is claimed of them. In an exploration only the claims.

class Stack {
  constructor(view) {
    const { history, say } = view
    this.rows = []
    const stacks = history.regions.filter(region => region.kind === 'stack')
    const groups = stacks.map((region, frame) => this.group(view, region, frame, stacks.length > 1))
    const empty = this.rows.length ? [] : [make('small', {}, say('stack-empty'))]
    this.node = this.list = make('div', { class: 'slots' }, ...groups, ...empty)
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
    const words = make('code', { class: 'words' }), claim = make('code', { class: 'cw' })
    const fields = history.fieldsOf(region.name)
      .filter(field => field.offset < start + 8 && field.offset + field.size > start)
    const node = make('div', { class: 'slot', 'data-row': slot }, sign, pick, box,
      make('span', { class: 'told' }, words, claim))
    return { region: region.name, size: region.size, start, slot, sign, pick, bytes, box, words, claim, fields, node }
  }

  draw(view) {
    const { history, say, t, selected } = view
    this.touched = null
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
      this.drawClaim(view, row)
      setAttribute(row.pick, 'aria-pressed', selected === row.slot)
      if (mark) this.touched ??= row.node
    }
  }

  settle() {
    if (this.touched && this.list.scrollHeight > this.list.clientHeight + 1) keepInView(this.list, this.touched)
  }

  drawClaim({ claims, say, t, spelling: { base } }, { region, size, start, claim: node }) {
    if (!claims.isBeside) return
    const { claim, state } = claims.at(claimedSlot(region, start, size), t)
    const words = claim ? claimWords(claim, base) : ''
    setText(node, { in: `${words} ✓`, out: `✕ ${say('not-in', { claim: words })}`, open: say('not-relied-on') }[state] ?? '')
    setClass(node, 'out', state === 'out')
  }

  // The named variables of a slot with their values; without names, the slot's value.
  words({ history, spelling, say, t }, { region, start, fields }, pairs) {
    if (pairs.every(pair => pair === UNWRITTEN)) return say('never')
    if (!fields.length) return wholeCell(history, spelling, region, start, t, pairs)
    return fields.map((field, index) => {
      const isMember = index && field.group && field.group === fields[index - 1].group
      const name = isMember ? `.${field.name}` : fullName(field), { offset, size } = field
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

// What an exploration knows of stack slots, and what must still be released.
class KnownSlots {
  constructor({ history, say }) {
    const named = [...history.slots.keys()].filter(slot => !/^r\d+$/.test(slot))
    this.rows = named.sort(byPlace).map(slot => {
      const sign = make('span', { class: 'sg' }), pick = make('button', { class: 'pick', 'data-slot': slot }, slot)
      const words = make('code', { class: 'cw' }), ruler = new Ruler()
      const node = make('div', { class: 'slot', 'data-known': slot }, sign, pick, make('span', { class: 'told' }, words), ruler.node)
      return { slot, node, sign, pick, words, ruler }
    })
    const empty = named.length ? [] : [make('small', {}, say('stack-empty'))]
    this.node = make('div', { class: 'slots' }, ...this.rows.map(row => row.node), ...empty)
  }

  draw({ history, claims, say, t, selected, spelling: { base } }) {
    for (const { slot, node, sign, pick, words, ruler } of this.rows) {
      const { word } = history.register(slot, t)
      const claim = word === null || slot === 'refs' ? null : claims.read(word)
      setMark(node, sign, history.mark(slot, t), say)
      setText(words, claim ? claimWords(claim, base) : word ?? say('never'))
      setClass(node, 'unk', word === null)
      ruler.draw(claim && (claim.b || claim.c !== undefined) ? numberDrawing(claim, null, '', false) : { scale: '' })
      setAttribute(pick, 'aria-pressed', selected === slot)
    }
  }
}

const byPlace = (a, b) => a.replace(/-?\d+$/, '').localeCompare(b.replace(/-?\d+$/, ''))
  || Number(b.match(/-?\d+$/)) - Number(a.match(/-?\d+$/))
