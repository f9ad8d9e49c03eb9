// Time: a cell for each step up to 200; longer runs get a picture of the whole and a
// window of cells around now. Above the cells stands the life of the selected value.

const MOST_CELLS = 200
const WINDOW = 101
const COLUMNS = 400 // of the picture of the whole
const LANE = 10 // half its height

class Tape {
  constructor(view) {
    const { history, say } = view
    this.total = history.count + 1
    this.long = this.total > MOST_CELLS
    this.lane = make('b', {})
    this.cells = Array.from({ length: this.long ? WINDOW : this.total }, () => {
      const lane = make('i', { class: 'lane' }), cell = make('i', { class: 'cell' })
      return { node: make('span', {}, lane, cell), lane, cell }
    })
    this.row = make('div', { class: 'cells' }, ...this.cells.map(c => c.node))
    this.track = make('div', {
      class: 'tape', role: 'slider', tabindex: 0, 'aria-label': say('step'),
      'aria-valuemin': 0, 'aria-valuemax': history.count,
    }, ...(this.long ? [this.picture()] : []), this.row)
    const label = make('div', { 'aria-hidden': 'true' }, this.lane, make('span', {}, say('time')))
    this.node = make('div', { class: this.long ? 'tp long' : 'tp' }, label, this.track)
    this.track.addEventListener('pointerdown', event => this.grab(event, view))
    this.track.addEventListener('pointermove', event => {
      if (event.buttons && this.place) view.goto(this.place(event))
    })
  }

  picture() {
    this.writes = make('path', { class: 'w' })
    this.reads = make('path', { class: 'r' })
    this.around = make('rect', { class: 'around', y: 0, height: 2 * LANE })
    this.now = make('rect', { class: 'at', y: 0, height: 2 * LANE, width: 1.5 })
    this.whole = make('svg', {
      viewBox: `0 0 ${COLUMNS} ${2 * LANE}`, preserveAspectRatio: 'none', 'aria-hidden': 'true',
    }, this.around, this.writes, this.reads, this.now)
    return this.whole
  }

  // Where a pointer points: on the picture anywhere, on the cells within their window.
  grab(event, view) {
    const onWhole = this.long && this.whole.contains(event.target)
    const { left, width } = (onWhole ? this.whole : this.row).getBoundingClientRect()
    const from = onWhole ? 0 : this.from, cells = onWhole ? this.total : this.cells.length
    this.place = ({ clientX }) => from + Math.floor((clientX - left) / width * cells)
    this.track.setPointerCapture(event.pointerId)
    view.goto(this.place(event))
  }

  draw({ history, t, selected, label, sentence, claims, stops, last }) {
    const { written, read } = history.life(selected)
    const has = (list, moment) => list[lastUpTo(list, moment)] === moment
    this.from = this.long
      ? Math.max(0, Math.min(t - (WINDOW >> 1), this.total - WINDOW)) : 0
    this.cells.forEach(({ node, lane, cell }, index) => {
      const moment = this.from + index
      const seen = moment && moment <= last // what is to be predicted is not told
      const mark = seen && has(written, moment) ? 'w' : seen && has(read, moment) ? 'r' : ''
      setText(lane, SIGNS[mark])
      setClass(lane, 'r', mark === 'r')
      const broken = seen && claims.told[moment - 1]?.x
      setText(cell, broken ? '✕' : moment <= last ? history.kind(moment) : ' ')
      setClass(node, 'bad', broken)
      setClass(node, 'stop', seen && stops.pcs.has(history.steps[moment - 1]?.pc))
      setClass(node, 'past', moment < t)
      setClass(node, 'now', moment === t)
    })
    setText(this.lane, label)
    setAttribute(this.track, 'aria-valuenow', t)
    setAttribute(this.track, 'aria-valuetext', sentence)
    if (this.long) this.drawWhole(written, read, t)
  }

  drawWhole(written, read, t) {
    if (this.drawn !== written) {
      this.writes.setAttribute('d', this.bars(written, -1))
      this.reads.setAttribute('d', this.bars(read, 1))
      this.drawn = written
    }
    const x = moment => moment / this.total * COLUMNS
    this.now.setAttribute('x', x(t))
    this.around.setAttribute('x', x(this.from))
    this.around.setAttribute('width', Math.max(1, x(WINDOW)))
  }

  // How often, column by column: bars up (written) or down (read) from the middle.
  bars(moments, way) {
    const counts = new Array(COLUMNS).fill(0)
    for (const moment of moments) counts[Math.floor(moment / this.total * COLUMNS)]++
    const most = Math.max(1, ...counts)
    return counts.map((count, x) => count === 0 ? ''
      : `M${x} ${LANE}h1v${(way * (2 + (LANE - 2) * count / most)).toFixed(1)}h-1z`).join('')
  }
}
