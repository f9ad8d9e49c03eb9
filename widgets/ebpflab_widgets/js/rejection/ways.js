// Pictures of the way through a program: what two calls enclose, and jumps that lead
// nowhere.

const SECTION_SIGNS = { open: '┏', inside: '┃', outside: '·' }

// The path, with a ribbon along what is enclosed; the refused instruction ends it.
class Section extends Picture {
  constructor(view) {
    const { say, data: { proof: { steps, opens, closes, fails } } } = view
    const rows = steps.map(([pc, text, mark], index) => {
      const isLast = index === steps.length - 1
      const told = isLast ? `✕ ${say(`section-${fails}`, { opens, closes })}` : mark === 'open' ? `● ${say('section-open')}` : ''
      return make('li', { class: `${mark} ${isLast ? 'wrong' : ''}` },
        make('b', { class: 'ribbon', role: 'img', 'aria-label': say(`word-${mark === 'outside' ? 'outside-section' : 'inside-section'}`) }, SECTION_SIGNS[mark]),
        make('span', { class: 'm n' }, `${pc}`), make('code', {}, text), make('b', { class: 'told' }, told))
    })
    super(view, make('p', {}, make('code', {}, opens), ' … ', make('code', {}, closes)), make('ol', { class: 'held section' }, ...rows))
  }
}

class Jumps extends Picture {
  constructor(view) {
    const { say, data: { proof: { rows } } } = view
    const lines = rows.map(([pc, text, mark]) => make('li', { class: `${mark === 'never' || mark === 'missing' ? 'unk' : ''} ${mark ? 'wrong' : ''}` },
      make('span', { class: 'm n' }, `${pc}`), make('code', {}, text), make('b', { class: 'told' }, mark ? `✕ ${say(`jump-${mark}`)}` : '')))
    super(view, make('ol', { class: 'held jumps' }, ...lines))
  }
}
