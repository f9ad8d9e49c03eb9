// Pictures of rules: what may be done to an object at all, the life of a thing on the
// stack, an access among the multiples of its size.

class Rights extends Picture {
  constructor(view) {
    const { say, data: { proof: { slot, object, rows, asked } } } = view
    const lines = rows.map(([right, allowed]) => {
      const isAsked = asked === right
      return make('div', { class: `right ${allowed ? 'good' : 'wrong'} ${isAsked ? 'asked-for' : ''}` },
        make('b', {}, `${allowed ? '✓' : '✕'} ${say(`right-${right}`)}`),
        make('span', {}, `${say(allowed ? 'right-yes' : 'right-no')}${isAsked ? `, ${say('asked')}` : ''}`))
    })
    super(view, make('p', {}, ...(slot ? [make('code', {}, slot), ' '] : []), make('b', {}, object)), make('div', { class: 'rights' }, ...lines))
  }
}

class Stages extends Picture {
  constructor(view) {
    const { say, data: { proof: { calls, found, wanted, holds, where } } } = view
    const boxes = ['empty', 'filled', 'released'].map((name, index) => {
      const isFound = index === found, isWanted = index === wanted
      return make('li', { class: `stage ${isFound ? 'wrong' : ''} ${isWanted ? 'good' : ''}` },
        make('b', {}, say(`stage-${name}`)), make('span', {}, isFound ? `✕ ${say('stage-found')}` : isWanted ? `✓ ${say('stage-wanted')}` : ''))
    })
    const arrow = (sign, key, call) => make('li', { class: 'way-on' }, make('span', {}, `${sign} ${say(key)}`), make('code', {}, call))
    const [fills, uses, gives] = calls
    super(view, make('ol', { class: 'stages' }, boxes[0], arrow('↓', 'stage-fills', fills), boxes[1], arrow('↻', 'stage-uses', uses), arrow('↓', 'stage-gives', gives), boxes[2]),
      make('p', {}, make('small', {}, `${say('types-at')} `), make('code', {}, where)),
      ...holds.map(([slot, claim]) => make('p', {}, make('code', {}, slot), ' ', make('code', { class: 'claim' }, claim))))
  }
}

// Blocks of `unit` bytes; the access lies across the border of two.
class Aligned extends Picture {
  constructor(view) {
    const { say, data: { proof: { at, size, unit, first, blocks, parts } } } = view
    const cells = Array.from({ length: blocks * unit }, (_, index) => {
      const byte = first + index, isTouched = byte >= at && byte < at + size
      return make('span', { class: `${byte % unit ? '' : 'edge'} ${isTouched ? 'touched' : ''}` }, isTouched ? '✕' : '')
    })
    const marks = Array.from({ length: blocks + 1 }, (_, index) => make('span', { style: `left:${(index / blocks) * 100}%` }, number(first + index * unit)))
    super(view, make('div', { class: 'grid-of', style: `--cells:${cells.length}` }, ...cells),
      make('div', { class: 'marks', 'aria-hidden': 'true' }, ...marks))
    const formula = new Formula(say), rest = ((at % unit) + unit) % unit
    this.sentence = formula.draw({ terms: [[number(at), parts.length > 1 ? parts.join(' + ').replaceAll('-', '−') : say('term-place')], 'mod', [number(unit), say('term-unit')], '=', ['0', say('term-rest')]],
      told: `${number(rest)} = 0`, holds: false, note: say('rest-note', { rest: number(rest), unit: number(unit) }) })
    this.node.insertBefore(formula.node, this.node.children[1])
  }
}
