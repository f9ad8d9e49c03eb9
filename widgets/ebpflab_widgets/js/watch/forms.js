// Which function draws which form of map.

const FORMS = {
  table: drawTable, array: drawArray, owners: drawOwners, pages: drawArray, lru: drawLru, queue: drawQueue, stack: drawStack,
  buffers: drawBuffers, trie: drawTrie, ring: drawRing, bits: drawBits,
  unseen: ({ map, say }) => [make('p', {}, say('unseen', { type: map.type }))],
}
