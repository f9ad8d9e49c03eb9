// The comb: a spine of stretches that go straight on, and under each what leaves it to
// the side. Where many are alike, those in between are one box.

const MOST_TEETH = 8, KEPT_FIRST = 3, KEPT_LAST = 2, KEPT_AROUND = 1
const WIDEST = 22 // instructions: a longer cost bar is not drawn longer

class Comb {
  constructor(view) {
    this.view = view
    this.boxes = new Map()
    this.crumbs = make('p', { class: 'crumbs' })
    this.teeth = make('div', { class: 'teeth' })
    this.node = make('section', {}, make('h3', {}, view.say('comb'), make('small', {}, ` ${view.say('comb-hint')}`)), this.crumbs, this.teeth)
    this.node.addEventListener('click', event => {
      const box = event.target.closest('[data-n]')
      if (box) view.choose(Number(box.dataset.n))
    })
  }

  // Which teeth are shown; in between, how many are left out: {from, to}.
  plan(spine, chosen) {
    const all = spine.map((node, index) => index)
    if (spine.length <= MOST_TEETH) return all.map(index => ({ index }))
    const at = spine.findIndex(node => node.n === chosen || node.children.includes(chosen))
    const isKept = index => index < KEPT_FIRST || index >= spine.length - KEPT_LAST
      || (at >= 0 && Math.abs(index - at) <= KEPT_AROUND)
    const plan = []
    for (const index of all) {
      const last = plan.at(-1)
      if (isKept(index)) plan.push({ index })
      else if (last && last.from !== undefined) last.to = index
      else plan.push({ from: index, to: index })
    }
    return plan.map(part => (part.from === part.to ? { index: part.index ?? part.from } : { ...part, alike: this.areAlike(spine, part) }))
  }

  areAlike(spine, { from, to }) {
    return new Set(spine.slice(from, to + 1).map(node => this.view.tree.likeness(node))).size === 1
  }

  draw({ tree, chosen, say }) {
    const root = tree.rootFor(chosen), spine = tree.spine(root)
    const plan = this.plan(spine, chosen), shape = JSON.stringify([root, plan])
    if (shape !== this.shape) this.rebuild(root, spine, plan)
    this.shape = shape
    const by = tree.nodes[chosen].by
    for (const [n, box] of this.boxes) {
      setAttribute(box, 'aria-pressed', n === chosen)
      setClass(box, 'covers', n === by)
    }
  }

  rebuild(root, spine, plan) {
    const { tree, say } = this.view
    const hadFocus = this.teeth.contains(document.activeElement)
    this.boxes.clear()
    const from = tree.nodes[root].parent
    this.crumbs.replaceChildren(...(from < 0 ? [] : [make('button', { 'data-n': from }, `↰ ${say('leaves-from', { n: from + 1 })}`)]))
    this.crumbs.hidden = from < 0
    this.teeth.replaceChildren(...plan.map(part => (part.from === undefined
      ? this.tooth(spine[part.index], part.index < spine.length - 1)
      : this.gap(spine, part))))
    if (hadFocus) this.boxes.get(this.view.chosen)?.focus()
  }

  tooth(node, goesOn) {
    const sides = node.children.slice(1).map(n => this.view.tree.nodes[n])
    return make('div', { class: `tooth ${goesOn ? 'on' : ''}` }, this.box(node),
      ...sides.flatMap(side => [make('span', { class: 'down', 'aria-hidden': 'true' }, '┊▾'), this.box(side)]))
  }

  box(node) {
    const { say } = this.view, { n, slots, pc, ended, count, below, children, round } = node
    const isSide = n && !this.view.tree.isStraight(node)
    const more = isSide && below ? say(below === 1 ? 'below-one' : 'below', { count: number(below) }) : ''
    const cost = Math.min(1, count / WIDEST) * 100
    const box = make('button', { class: `box ${ended || 'cut'}`, 'data-n': n },
      make('span', { class: 'head' }, make('b', { class: 'm' }, slots || `${pc}`), make('small', {}, `${n + 1}`)),
      make('span', { class: 'end' }, ended === 'fork' ? say(round > 1 ? 'short-fork-round' : 'short-fork', { pc: node.at, round }) : endOf(node, this.view)),
      ...(more ? [make('small', {}, `↳ ${more}`)] : []),
      ...(node.deepest ? [make('small', {}, `ƒ ${say('depth', { depth: node.deepest })}`)] : []),
      make('i', { style: `width:${cost}%` }), make('span', { class: 'hidden' }, say('cost', { count })))
    this.boxes.set(n, box)
    return box
  }

  gap(spine, { from, to, alike }) {
    const { say } = this.view
    const rounds = [spine[from].round, spine[to].round]
    const text = alike && rounds[0] < rounds[1]
      ? say('alike', { from: rounds[0], to: rounds[1] })
      : say('left-out', { count: number(to - from + 1) })
    return make('div', { class: 'tooth on gap' }, make('button', { class: 'box fold', 'data-n': spine[from].n }, make('b', {}, '⋯'), make('span', {}, text)))
  }
}
