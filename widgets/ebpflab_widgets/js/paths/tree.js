// The stretches as a tree. A spine is a path that goes straight on at each fork; what
// leaves from it to the side is walked later.

const unpack = ([parent, pc, slots, count, ended, round, at, deepest], n) =>
  ({ n, parent, pc, slots, count, ended, round, at, deepest, children: [], below: 0 })

class Tree {
  constructor(nodes, pruned) {
    this.nodes = nodes.map(unpack)
    for (const node of this.nodes) this.nodes[node.parent]?.children.push(node.n)
    for (const node of [...this.nodes].reverse())
      if (node.parent >= 0) this.nodes[node.parent].below += node.below + 1
    for (const [n, [by, , isKnown]] of Object.entries(pruned)) Object.assign(this.nodes[n], { by, isKnown })
  }

  isStraight({ n, parent }) {
    return parent >= 0 && this.nodes[parent].children[0] === n
  }

  spine(root) {
    const row = []
    for (let node = this.nodes[root]; node; node = this.nodes[node.children[0]]) row.push(node)
    return row
  }

  // Where the path begins that a stretch goes straight on.
  top(n) {
    let node = this.nodes[n]
    while (this.isStraight(node)) node = this.nodes[node.parent]
    return node.n
  }

  // The spine on which a stretch is shown: its own, or the one that it leaves from.
  rootFor(n) {
    const top = this.top(n), { parent } = this.nodes[top]
    return top === n && parent >= 0 ? this.top(parent) : top
  }

  // What makes two teeth of the comb alike: what they do and what becomes of their sides.
  likeness({ slots, ended, children }) {
    const sides = children.slice(1).map(n => this.nodes[n])
    return [slots, ended, ...sides.map(side => `${side.slots} ${side.ended} ${side.below}`)].join('|')
  }
}
