// Which function draws which form of map.

const FORMS = {
  table: drawTable, array: drawArray, lru: drawLru, queue: drawQueue, stack: drawStack,
  buffers: drawBuffers, trie: drawTrie, ring: drawRing, bits: drawBits,
}
