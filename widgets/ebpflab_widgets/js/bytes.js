// Bytes under their names: a packet by header fields, a map's values. Bytes that no field
// names stand in rows: of 16 as dumps have them, of 8 where programs keep numbers.

const ROWS = { packet: 16, ctx: 16 }
const ROW = 8
const MOST_BYTES = 1024

// The parts of `size` bytes, in order: the named ones, and the gaps between them.
function partsOf(fields, size, row) {
  const parts = []
  let end = 0
  const fill = upTo => {
    for (; end < upTo; end += Math.min(row, upTo - end))
      parts.push({ group: null, name: '', text: '', offset: end, size: Math.min(row, upTo - end) })
  }
  for (const field of [...fields].sort((a, b) => a.offset - b.offset)) {
    if (field.offset < end || field.offset + field.size > size) continue
    fill(field.offset)
    parts.push({ text: '', group: '', ...field })
    end = field.offset + field.size
  }
  fill(size)
  return parts
}

const bigEndian = pairs => BigInt(`0x${pairs || '0'}`).toString()
const littleEndian = pairs => bigEndian(pairsOf(pairs).reverse().join(''))

// A field's value in words: as it was recorded, or read again the same way.
function reading({ name, text }, before, now, say) {
  if (!text || before === now) return [name, text].filter(Boolean).join(' ')
  const read = [bigEndian, littleEndian].find(way => !before.includes('?') && way(before) === text)
  return read && !now.includes('?') ? `${name} ${text} → ${read(now)}` : say('was', { name, text })
}

class ByteFields {
  constructor({ history, say }, region) {
    this.region = region
    const size = Math.min(region.size, MOST_BYTES)
    const fields = history.fieldsOf(region.name)
    this.rows = partsOf(fields, size, ROWS[region.kind] ?? ROW).map(part => this.part(part))
    this.node = make('div', { class: 'fields' })
    let group, list
    for (const { part, node } of this.rows) {
      const name = part.group ?? (fields.length ? say('rest') : '')
      if (!list || name !== group) {
        list = make('div', {})
        const from = make('small', {}, `${part.offset}–`)
        this.node.append(make('div', { class: 'lay' }, make('h4', {}, name, from), list))
        group = name
      }
      list.append(node)
      const from = list.parentNode.querySelector('h4 small')
      from.textContent = from.textContent.replace(/–.*/, `–${part.offset + part.size - 1}`)
    }
    if (region.size > size)
      this.node.append(make('small', {}, say('more-bytes', { bytes: region.size - size })))
  }

  part(part) {
    const label = make('span', {}), code = make('code', {}), sign = make('span', { class: 'sg' })
    const slot = `${this.region.name}+${part.offset}:${part.size}`
    const node = make('button', { class: 'f', 'data-slot': slot },
      make('small', {}, sign, label), code)
    return { part, slot, node, sign, label, code }
  }

  draw({ history, say, t, selected }) {
    const { name } = this.region
    const touches = history.touchesAt(name, t)
    for (const { part, slot, node, sign, label, code } of this.rows) {
      const pairs = history.bytes(name, part.offset, part.size, t)
      const before = this.initial(history, part)
      const over = touches.filter(o => o.from < part.offset + part.size && o.to > part.offset)
      const mark = over.some(o => o.write) ? 'w' : over.length ? 'r' : ''
      setMark(node, sign, mark, say)
      setText(label, reading(part, before, pairs, say) || `${part.offset}`)
      setText(code, pairsOf(pairs).join(' '))
      setClass(node, 'unk', !/[^?]/.test(pairs))
      setAttribute(node, 'aria-pressed', selected === slot)
    }
  }

  initial(history, { offset, size }) {
    return history.initial.get(this.region.name).slice(2 * offset, 2 * (offset + size))
  }
}
