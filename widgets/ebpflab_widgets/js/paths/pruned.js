// Why a path could stop: its state beside the one that covers it, or beside the closest
// one that was seen there before, where nobody tells which one covers.

const SIGN_OF = { same: '=', precise: '= P', inside: '⊂', loose: '~', untold: '?', dead: '†' }

class PrunedTable {
  constructor(view) {
    this.view = view
    this.title = make('h3', {})
    this.body = make('div', {})
    this.node = make('section', { class: 'pruned' }, this.title, this.body)
  }

  draw({ tree, chosen, data, say }) {
    const node = tree.nodes[chosen], known = data.pruned[chosen]
    this.node.hidden = node.ended !== 'safe'
    if (this.node.hidden || this.shown === chosen) return
    this.shown = chosen
    this.title.replaceChildren(make('span', { class: 'claim' }, '⊆ '), say('why-pruned', { pc: node.at }),
      make('small', {}, ` ${known ? say(known[2] ? 'covering' : 'closest', { by: known[0] + 1 }) : ''}`))
    this.body.replaceChildren(known ? this.table(known[1], known[2]) : make('p', {}, say('not-compared')))
  }

  table(rows, isKnown) {
    const { say } = this.view
    const head = make('tr', {}, ...['', 'this-path', isKnown ? 'kept' : 'seen-before', 'relation'].map(key =>
      make('th', { scope: 'col' }, key && say(key))))
    const dead = rows.filter(row => row[3] === 'dead').map(row => row[0])
    const live = rows.filter(row => row[3] !== 'dead')
    const lines = live.map(([slot, now, then, relation]) => make('tr', {},
      make('th', { scope: 'row', class: 'm' }, slot), make('td', { class: 'm claim' }, now || '·'),
      make('td', { class: 'm claim' }, then || '·'), make('td', {}, `${SIGN_OF[relation]} ${say(`is-${relation}`)}`)))
    if (dead.length) lines.push(make('tr', {}, make('th', { scope: 'row', class: 'm', colspan: 3 }, dead.join(' ')),
      make('td', {}, `† ${say('is-dead')}`)))
    return make('table', {}, head, ...lines)
  }
}
