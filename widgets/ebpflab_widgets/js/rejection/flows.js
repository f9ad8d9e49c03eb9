// Pictures of a way: one pointer that may be two things, a kind where another one was
// expected, and what is taken but not given back before the end.

class NullOrNot extends Picture {
  constructor(view) {
    const { say, data: { proof: { slot, from, pointer, text, pc } } } = view
    const born = from ? make('code', {}, `${slot} = ${from}(…)`) : make('code', {}, slot)
    const way = (name, sign, holds, ends) => make('div', { class: `way ${name}` },
      make('b', { class: 'holds' }, holds), make('span', { class: 'm' }, `${pc}: ${text}`), make('b', { class: 'ends' }, `${sign} ${ends}`))
    super(view, make('div', { class: 'born' }, born),
      make('div', { class: 'asked' }, make('b', { class: 'unk' }, say('null-question', { slot })), make('span', {}, say('null-never-asked'))),
      make('div', { class: 'ways' },
        way('good', '✓', pointer, say('null-fine')),
        way('wrong', '✕', `${slot} = 0`, say('null-fault'))))
  }
}

class Types extends Picture {
  constructor(view) {
    const { say, data: { proof: { slot, found, claim, wanted, where }, why } } = view
    const side = (key, kinds, name) => make('div', { class: `side ${name}` }, make('h4', {}, say(key)),
      ...kinds.map(kind => make('span', { class: 'kind' }, kind)))
    const right = wanted.length ? side(wanted.length > 1 ? 'wanted-one-of' : 'wanted', wanted, 'good') : make('div', { class: 'side' }, make('h4', {}, say('rule')), make('span', {}, sentenceCase(why)))
    super(view, make('div', { class: 'types' },
      side('found', [found], 'wrong'), make('b', { class: 'not', role: 'img', 'aria-label': say('no') }, '✕'), right),
    make('p', {}, ...(slot ? [make('code', {}, slot)] : []), ...(claim ? [make('code', { class: 'claim' }, ` ${claim}`)] : []),
      ...(where ? [make('small', {}, ' ', say('types-at'), ' '), make('code', {}, where)] : [])))
  }
}

// The way from where it was taken to the end; the ribbon beside it says: still held.
class Held extends Picture {
  constructor(view) {
    const { say, data: { proof: { steps, count } } } = view
    const rows = steps.map(([pc, text], index) => {
      const sign = index === 0 ? `● ${say('taken')}` : index === steps.length - 1 ? `✕ ${say('still-held')}` : ''
      return make('li', { class: index === steps.length - 1 ? 'wrong' : '' },
        make('span', { class: 'm n' }, `${pc}`), make('code', {}, text), make('b', {}, sign))
    })
    super(view, make('ol', { class: 'held' }, ...rows), make('small', {}, say('held-count', { count })))
  }
}

class Plain extends Picture {
  constructor(view) {
    const { say, data: { proof: { slot, held, claim }, why } } = view
    const known = slot && claim ? [make('p', {}, make('b', {}, say('held', { slot, held })), ' ', make('code', { class: 'claim' }, claim))] : []
    super(view, ...known, make('p', { class: 'why' }, sentenceCase(why)))
  }
}
