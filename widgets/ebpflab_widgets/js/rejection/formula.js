// The proof in one line: `23 offset + 1 size ≤ 14 proved ?  24 ≤ 14 ✕ no`.

class Formula {
  constructor(say) {
    this.say = say
    this.terms = make('span', { class: 'terms' })
    this.answer = make('b', {})
    this.note = make('small', {})
    this.node = make('div', { class: 'formula' }, this.terms, this.answer, this.note)
  }

  // `terms`: a sign as text, or [value, its name]. Returns the whole as one sentence.
  draw({ terms, told, holds, note = '' }) {
    const parts = terms.map(term => typeof term === 'string'
      ? make('span', {}, term)
      : make('span', { class: 'v' }, make('b', {}, term[0]), make('small', {}, term[1])))
    this.terms.replaceChildren(...parts, make('span', {}, '?'))
    setText(this.answer, `${told} ${holds ? '✓' : '✕'} ${this.say(holds ? 'yes' : 'no')}`)
    this.answer.className = holds ? 'good' : 'wrong'
    setText(this.note, note)
    return this.say(holds ? 'holds' : 'holds-not', { told })
  }
}

// Which of the two ends fails: the access starts too early, or ends too late.
function inequality({ first, last, size, low, proved, object }, say) {
  if (first === null || first < low) {
    const start = first === null ? '−∞' : number(first)
    return {
      terms: [[start, say('term-first')], '≥', [number(low), say('term-low')]],
      told: `${start} ≥ ${number(low)}`, holds: false,
      note: first === null ? '' : say('short-before', { count: number(low - first) }),
    }
  }
  const start = last === null ? '∞' : number(last), end = last === null ? '∞' : number(last + size)
  const holds = last !== null && last + size <= proved
  return {
    terms: [[start, say('term-offset')], '+', [number(size), say('term-size')], '≤',
      [number(proved), say(object === 'packet' ? 'term-proved' : 'term-there')]],
    told: `${end} ≤ ${number(proved)}`, holds,
    note: holds || last === null ? '' : say('short', { count: number(last + size - proved) }),
  }
}
