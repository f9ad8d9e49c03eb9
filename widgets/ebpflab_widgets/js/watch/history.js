// What was recorded: operations on maps, and the rows that each changed. The rows of a
// map at any moment are made from the nearest kept state before it.

const KEPT_EVERY = 256

class History {
  constructor(data) {
    this.maps = data.maps
    this.operations = data.operations
    this.count = data.operations.length
    this.own = data.maps.map(() => [])
    this.operations.forEach((op, index) => this.own[op.m].push(index))
    this.kept = data.maps.map(map => [{ moment: 0, rows: new Map(map.start) }])
  }

  // Rows by name, in the map's order, after `moment` operations on all maps.
  rows(number, moment) {
    const kept = this.kept[number], own = this.own[number]
    const done = this.done(number, moment)
    let last = Math.min(kept.length - 1, Math.floor(done / KEPT_EVERY))
    const rows = new Map(kept[last].rows)
    for (let at = last * KEPT_EVERY; at < done; at++) {
      for (const [name, row, isLast] of this.operations[own[at]].c) {
        if (isLast || row === null) rows.delete(name)
        if (row !== null) rows.set(name, row)
      }
      if ((at + 1) % KEPT_EVERY === 0 && kept.length === (at + 1) / KEPT_EVERY)
        kept.push({ rows: new Map(rows) })
    }
    return rows
  }

  // How many of a map's own operations are among the first `moment` of all.
  done(number, moment) {
    const own = this.own[number]
    let low = 0, high = own.length
    while (low < high) {
      const middle = low + high >> 1
      if (own[middle] < moment) low = middle + 1
      else high = middle
    }
    return low
  }

  // The moment right after a map's own operation `done`; 0 = before its first.
  moment(number, done) {
    return done === 0 ? 0 : this.own[number][done - 1] + 1
  }

  // The moment that belongs to a step of the run.
  momentOfStep(step) {
    let moment = 0
    while (moment < this.count && this.operations[moment].t <= step) moment++
    return moment
  }
}

const OP_SIGNS = { w: '●', r: '○', x: '✕', e: '⊖' }
const OP_WORDS = { w: 'written', r: 'read', x: 'refused', e: 'removed' }
