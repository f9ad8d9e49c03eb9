// One sentence a stretch: where it comes from, what it does, how it ends.

function sentenceOf(node, { tree, say, texts }) {
  const { n, parent, slots, ended, round, at, pc, count } = node
  const from = tree.nodes[parent]
  const parts = []
  if (from) parts.push(say(tree.isStraight(node) ? 'from-straight' : 'from-jump', { parent: parent + 1, at: from.at, text: texts.get(from.at) ?? '' }))
  if (count) parts.push(say(round > 1 ? 'walks-round' : 'walks', { slots, round }))
  if (node.deepest) parts.push(say('in-function', { depth: node.deepest }))
  const by = node.by === undefined ? '' : say(node.isKnown ? 'covered-by' : 'closest-to', { by: node.by + 1 })
  const other = node.children[1]
  parts.push(say(`ends-${ended || 'cut'}`, {
    pc: ended === 'safe' || ended === 'fork' ? at : pc, text: texts.get(at) ?? '',
    other: other === undefined ? '' : say('other-way', { other: other + 1 }), by,
  }))
  return parts.filter(Boolean).join(' ')
}

// A few words for a box: how the stretch ends.
function endOf({ ended, at }, { say }) {
  const signs = { exit: '✓', safe: '⊆', rejected: '✕', loop: '✕', fork: '', '': '…' }
  return `${signs[ended]} ${say(`short-${ended || 'cut'}`, { pc: at })}`.trim()
}
