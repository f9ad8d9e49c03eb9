// The column right of a register's value: what the verifier claims, or, where none is
// beside, the same value read otherwise. Each draws its own cells of a row.

const AXIS = [['0', 0], ['2⁸', 12.5], ['2¹⁶', 25], ['2³²', 50], ['2⁶⁴', 100]]
const axis = () => make('div', { class: 'axis', 'aria-hidden': 'true' }, ...AXIS.map(([text, at]) =>
  make('span', { style: `left:${at}%` }, text)))

// Where an address points, as the ruler of its object wants it.
function placeOf({ spelling }, word, pointer) {
  if (word === null || !pointer) return null
  const value = BigInt(word), region = spelling.byNumber.get(Number(value >> 32n))
  return region ? { size: region.size, offset: Number(BigInt.asIntN(32, value & 0xffffffffn)), name: region.name } : null
}

class OtherBase {
  constructor() {
    this.title = make('th', { class: 'second', scope: 'col' })
    this.heads = [this.title]
  }

  cells() {
    const text = make('code', {}), ruler = new Ruler()
    return { nodes: [make('td', { class: 'second' }, text, ruler.node)], text, ruler }
  }

  drawHead({ spelling, say }) {
    setText(this.title, say(spelling.base === 16 ? 'in-dec' : 'in-hex'))
  }

  draw(view, { text, ruler }, name, { word, pointer }) {
    const { spelling, say } = view
    const place = placeOf(view, word, pointer)
    setText(text, place?.size ? say('place', place) : word === null || pointer ? '' : spelling.second(word))
    const label = place?.size ? say('place-in', { offset: place.offset, size: place.size, name: place.name }) : ''
    ruler.draw(place?.size ? pointerDrawing(null, place, label, false) : { scale: '' })
  }
}

class BesideColumn {
  constructor({ say }) {
    this.heads = [
      make('th', { class: 'q', scope: 'col' }, make('b', { class: 'claim' }, say('verifier')), ` ${say('what-may-be')}`, axis()),
      make('th', { class: 'ck', scope: 'col' }, make('span', { 'aria-label': say('inside'), role: 'img' }, '∈')),
    ]
  }

  cells() {
    const text = make('span', { class: 'cw' }), ruler = new Ruler(), check = make('span', {})
    const nodes = [make('td', { class: 'q' }, text, ruler.node), make('td', { class: 'ck' }, check)]
    return { nodes, text, ruler, check }
  }

  drawHead() {}

  draw(view, { nodes, text, ruler, check }, name, { word, pointer }) {
    const { claims, say, t, spelling: { base } } = view
    const { claim, state } = word === null ? { claim: null, state: '' } : claims.at(name, t)
    const words = claim ? claimWords(claim, base) : state === 'open' ? say('not-relied-on') : ''
    setText(text, state === 'out' ? say('not-in', { claim: words }) : words)
    const spoken = words && say('claim-is', { claim: words })
    const live = word === null || pointer ? null : BigInt(word)
    ruler.draw(!claim ? { scale: '' }
      : claim.k ? pointerDrawing(claim, placeOf(view, word, pointer), spoken, state === 'out')
        : claim.b || claim.c !== undefined ? numberDrawing(claim, live, spoken, state === 'out') : { scale: '' })
    setText(check, { in: '✓', out: '✕' }[state] ?? '')
    setAttribute(check, 'role', state === 'in' || state === 'out' ? 'img' : null)
    setAttribute(check, 'aria-label', { in: say('inside'), out: say('outside-sign') }[state] ?? null)
    for (const node of nodes) setClass(node, 'out', state === 'out')
    setClass(nodes[0], 'open', state === 'open')
  }
}

// In an exploration the value itself is a claim: only its ruler stands here.
class KnownColumn {
  constructor({ say }) {
    this.heads = [make('th', { class: 'q', scope: 'col' }, make('span', { class: 'hidden' }, say('ruler')), axis())]
  }

  cells() {
    const ruler = new Ruler()
    return { nodes: [make('td', { class: 'q' }, make('span', { class: 'cw' }, '\u00a0'), ruler.node)], ruler }
  }

  drawHead() {}

  draw({ claims, spelling }, { ruler }, name, { word }) {
    const claim = claims.read(word)
    const words = claim ? claimWords(claim, spelling.base) : ''
    ruler.draw(!claim ? { scale: '' } : claim.k ? pointerDrawing(claim, null, words, false)
      : claim.b || claim.c !== undefined ? numberDrawing(claim, null, words, false) : { scale: '' })
  }
}

const columnOf = view =>
  view.history.isExploration ? new KnownColumn(view) : view.claims.isBeside ? new BesideColumn(view) : new OtherBase(view)
