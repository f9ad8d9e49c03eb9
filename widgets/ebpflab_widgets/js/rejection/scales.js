// Pictures on a scale: which answers are possible and allowed, how deep the stack goes.

const RIGHT = 94 // per cent: a range without an end stops short of the edge

// Small numbers far apart, huge ones close: by powers of two, on both sides of 0.
const spread = value => {
  const size = value < 0n ? -value : value
  return (value < 0n ? -1 : 1) * Math.log2(Number(size) + 1)
}

class Answers extends Picture {
  constructor(view) {
    const { say, data: { proof: { allowed, possible, names } } } = view
    const [low, high] = possible.map(BigInt), [least, most] = allowed.map(BigInt)
    const ends = [...allowed, ...possible].map(BigInt).map(spread)
    const start = Math.min(0, ...ends), room = Math.max(...ends) - start + 1
    const along = value => ((spread(value) - start) / room) * RIGHT + 2
    const band = (name, from, to, text) => make('div', { class: 'scale' }, make('span', { class: 'label' }, text),
      make('div', { class: 'track' }, make('i', { class: name, style: `left:${along(from)}%;width:${Math.max(along(to + 1n > 0n ? to + 1n : to) - along(from), 1.2)}%` })),
      make('span', { class: 'm from-to' }, `${number(from)}${from === to ? '' : ` … ${number(to)}`}`))
    const known = names.map(([value, name]) => make('span', { class: 'kind' }, make('b', { class: 'm' }, `${value} `), name))
    const fine = allowed.length ? band('allowed', least, most, `✓ ${say('allowed')}`)
      : make('div', { class: 'scale' }, make('span', { class: 'label allowed' }, `✓ ${say('allowed')}`), make('span', {}, say('one-number')))
    super(view, fine, band('possible', low, high, `▭ ${say('possible')}`),
      make('p', {}, ...known))
  }
}

class Depth extends Picture {
  constructor(view) {
    const { say, data: { proof: { frames, limit, of } } } = view
    const total = frames.reduce((sum, one) => sum + one, 0), most = Math.max(total, limit) * 1.08
    const share = bytes => `${(bytes / most) * 100}%`
    const bars = frames.map((bytes, index) => make('span', { class: 'frame', style: `width:${share(bytes)}` },
      frames.length > 1 ? `${say('frame', { index })} ${bytes}` : number(bytes)))
    super(view, make('div', { class: 'depth' }, ...bars,
      make('i', { class: 'limit', style: `left:${share(limit)}` }), make('b', { class: 'm', style: `left:${share(limit)}` }, number(limit))))
    const { node, terms } = { node: new Formula(say), terms: frames.length > 1 && frames.length < 6
      ? frames.flatMap((bytes, index) => [...(index ? ['+'] : []), [number(bytes), say('frame', { index })]])
      : [[number(total), say(of === 'stack' ? 'term-together' : 'term-count')]] }
    this.sentence = node.draw({ terms: [...terms, '≤', [number(limit), say('term-limit')]],
      told: `${number(total)} ≤ ${number(limit)}`, holds: false })
    this.node.insertBefore(node.node, this.node.children[1])
  }
}
