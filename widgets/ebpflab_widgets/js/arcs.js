// Arcs beside the listing, one for each branch. Arcs that overlap get lanes of their own.

const MOST_LANES = 7
const ARROW = 5

// From below the middle of one row, by way of x, to above the middle of another.
function drawArc({ children: [line, head] }, edge, from, x, to) {
  line.setAttribute('d', `M${edge} ${from + 3}H${x}V${to - 3}H${edge - ARROW}`)
  head.setAttribute('d', `M${edge - ARROW - 2} ${to - 7.5}l7 4.5-7 4.5z`)
}

// Give each arc the innermost lane that is free over its whole span; short arcs first.
function lanesOf(listing) {
  const place = new Map(listing.map((line, index) => [line.pc, index]))
  const arcs = listing
    .filter(line => line.kind === 'branch' && place.has(line.target ?? -1))
    .map(({ pc, target }) => {
      const ends = [place.get(pc), place.get(target)]
      return { from: pc, to: target, low: Math.min(...ends), high: Math.max(...ends) }
    })
    .sort((a, b) => a.high - a.low - (b.high - b.low))
  const lanes = []
  for (const arc of arcs) {
    const free = lanes.findIndex(lane => lane.every(o => o.high < arc.low || o.low > arc.high))
    arc.lane = free >= 0 ? free : Math.min(lanes.length, MOST_LANES - 1)
    ;(lanes[arc.lane] ??= []).push(arc)
  }
  return arcs
}
