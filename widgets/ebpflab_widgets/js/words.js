// How one value is spelled: a number in a base, a pointer as region and offset. Python's
// `words.py` is the same table; a test compares every sentence. 64-bit words are BigInt.

const GAP = '\u202f' // narrow no-break space, between thousands
const WHOLE = ['ctx', 'map'] // at offset 0 these are named alone
const SHOWN_BYTES = 8 // of a longer piece of memory

const grouped = text => text.replace(/\B(?=(\d{3})+(?!\d))/g, GAP)
const number = (value, base) => {
  const sign = value < 0n ? '-' : '', size = value < 0n ? -value : value
  return sign + (base === 16 && size > 9n ? `0x${size.toString(16)}` : grouped(`${size}`))
}
const signed = (value, bits) => BigInt.asIntN(bits, value)
const withSign = value => (value < 0 ? `${value}` : `+${value}`)
const pairsOf = text => text.match(/../g) ?? []

// An operand of a branch, in the base of all numbers around it.
const compared = (value, symbol, bits, base) =>
  number(symbol.startsWith('s') ? signed(value, bits) : value, base)

class Spelling {
  constructor(regions) {
    this.base = 16
    this.byNumber = new Map(regions.map(r => [r.number, r]))
    this.byName = new Map(regions.map(r => [r.name, r]))
    this.stacks = regions.filter(r => r.kind === 'stack').map(r => r.name)
  }

  word(word, pointer) {
    const value = BigInt(word)
    const region = this.byNumber.get(Number(value >> 32n))
    if (!pointer || !region) return number(value, this.base)
    return this.place(region, Number(value & 0xffffffffn))
  }

  place(region, offset) {
    if (region.kind === 'stack') {
      const frame = this.stacks.length > 1 ? `[${this.stacks.indexOf(region.name)}]` : ''
      return `fp${frame}${withSign((offset | 0) - region.size)}`
    }
    if (offset === 0 && WHOLE.includes(region.kind)) return region.name
    return `${region.name}${withSign(offset | 0)}`
  }

  slot(slot) {
    const part = parseSlot(slot)
    return part.region ? this.place(this.byName.get(part.region), part.offset) : slot
  }

  memory(pairs, pointer) {
    if (pairs.includes('?') || pairs.length > 16) {
      const cut = pairsOf(pairs)
      return cut.slice(0, SHOWN_BYTES).join(' ') + (cut.length > SHOWN_BYTES ? ' …' : '')
    }
    return this.word(`0x${pairsOf(pairs).reverse().join('') || '0'}`, pointer)
  }

  // The quiet second reading of a word: the other base, or as a negative number.
  second(word) {
    const value = BigInt(word)
    const bits = value >> 63n ? 64 : value >> 31n === 1n ? 32 : 0
    if (bits) return `${number(signed(value, bits), 10)} (s${bits})`
    if (value <= 9n) return ''
    return number(value, this.base === 16 ? 10 : 16)
  }
}

// "r2" -> {}, "packet+0:64" -> {region, offset, size}, "my_map/cpu0" -> {map, cpu}
const parsedSlots = new Map()
function parseSlot(slot) {
  let part = parsedSlots.get(slot)
  if (part) return part
  const record = slot.match(/^(.*)\/cpu(\d+)$/)
  const bytes = record ? null : slot.match(/^(.*)\+(\d+)(?::(\d+))?$/)
  part = record ? { map: record[1], cpu: Number(record[2]) }
    : bytes ? { region: bytes[1], offset: Number(bytes[2]), size: Number(bytes[3] ?? 1) }
      : {}
  parsedSlots.set(slot, part)
  return part
}
