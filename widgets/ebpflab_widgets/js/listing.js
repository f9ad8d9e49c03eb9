// The C source and the bytecode beside it: what just ran (▶), what comes next (▷), where
// a run is to stop (■), and an arc for each branch (arcs.js).

const MOST_ROWS = 4000 // of a longer program only what ran is listed

const sourcesOf = new WeakMap()
function sourceLines({ timeline }) {
  if (!sourcesOf.has(timeline))
    sourcesOf.set(timeline, timeline.source ? timeline.source.split('\n') : NOTHING)
  return sourcesOf.get(timeline)
}

const scroller = (name, ...children) =>
  make('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': name }, ...children)

class Source {
  constructor(view) {
    const { history, say } = view
    const lines = sourceLines(history).slice(0, MOST_ROWS)
    this.rows = lines.map((text, index) => {
      const indent = Math.min(text.search(/\S|$/), 12)
      const code = make('span', { style: `padding-left:${indent + 3}ch;text-indent:-3ch` }, text.trim() || ' ')
      return make('div', { class: 's', 'data-line': index + 1 },
        make('span', { class: 'n', 'aria-hidden': 'true' }, `${index + 1}`), code)
    })
    this.list = scroller(say('source-region'), ...this.rows)
    if (!lines.length) this.list.append(make('small', {}, say('no-source')))
    this.node = make('div', { class: 'c' }, make('h3', {}, say('source')), this.list)
    this.on = null
  }

  draw({ history, t }) {
    const line = t ? history.line.get(history.steps[t - 1].pc)?.source_line ?? 0 : 0
    const row = this.rows[line - 1] ?? null
    if (row !== this.on) {
      this.on?.classList.remove('on')
      row?.classList.add('on')
      this.on = row
    }
  }

  settle() {
    keepInView(this.list, this.on)
  }
}

class Bytecode {
  constructor(view) {
    const { history, say } = view
    this.rows = new Map()
    this.sources = new Map() // C line -> the rows that quote it between the bytecode
    this.fall = make('g', { class: 'fall' }, make('path', { class: 'line' }), make('path', { class: 'head' }))
    this.arcs = make('svg', { 'aria-hidden': 'true', width: 1, height: 1 }, this.fall)
    this.list = scroller(say('bytecode'), this.arcs)
    let last = 0
    const listed = shortened(history)
    for (const line of listed) {
      if (line.source_line && line.source_line !== last) this.quote(history, line.source_line)
      last = line.source_line || last
      this.add(line)
    }
    const signs = make('small', {}, ` ${say('bytecode-signs')}`)
    this.node = make('div', { class: 'asm' }, make('h3', {}, say('bytecode'), signs), this.list)
    this.branches = lanesOf(listed)
    for (const branch of this.branches) {
      branch.node = make('g', {}, make('path', { class: 'line' }), make('path', { class: 'head' }))
      this.arcs.append(branch.node)
    }
    const lanes = 1 + Math.max(-1, ...this.branches.map(b => b.lane))
    this.list.style.setProperty('--lanes', lanes)
    this.now = { rows: [], branch: null }
  }

  quote(history, line) {
    const text = (sourceLines(history)[line - 1] ?? '').trim()
    const node = make('div', { class: 'cl', 'data-line': line }, text)
    append(this.sources, line, node)
    this.list.append(node)
  }

  add({ pc, text }) {
    const sign = make('span', { class: 'p', 'aria-hidden': 'true' })
    const values = make('span', { class: 'vals' }), answer = make('b', { class: 'yn' })
    const node = make('div', { class: 'l', 'data-pc': pc }, sign,
      make('span', { class: 'n', 'data-stop': pc }, `${pc}`), make('span', { class: 't' }, text), values, answer)
    this.rows.set(pc, { node, sign, values, answer })
    this.list.append(node)
  }

  draw({ history, facts, say, t, stops, choice }) {
    const step = t ? history.steps[t - 1] : null
    const next = history.steps[t]
    this.drawStops(stops)
    for (const { node, sign, values, answer } of this.now.rows) {
      node.classList.remove('on', 'nx')
      setAttribute(node, 'aria-current', null)
      for (const part of [sign, values, answer]) setText(part, '')
    }
    const { fault = '', fault_pc: wrong } = history.timeline.outcome ?? {}
    const fails = t === history.count && fault !== ''
    const now = step && this.rows.get(step.pc), then = this.rows.get(fails ? wrong : next?.pc)
    if (then && then !== now) mark(then, 'nx', fails ? '✕' : '▷')
    this.list.classList.toggle('fails', fails)
    if (now) mark(now, 'on', fails && now === then ? '✕' : '▶')
    if (now) now.node.setAttribute('aria-current', 'step')
    if (now && step.test) {
      const { left, symbol, right } = facts.test(step.test, t)
      const value = side => side.slice(side.indexOf(' ') + 1)
      const parts = [[now.values, `${value(left)} ${symbol} ${value(right)} ?`],
        [now.answer, say(step.test.taken ? 'word-yes' : 'word-no')]]
      this.fits = [now.node, parts]
    } else this.fits = null
    this.drawSource(step && history.line.get(step.pc)?.source_line)
    const isTaken = this.drawBranch(step, next?.pc ?? choice.path?.at, history.isExploration)
    this.now.rows = [now, then].filter(Boolean)
    this.falls = now && then && !isTaken ? [now, then] : null
    this.kept = [now ?? then, then, this.rows.get(this.now.branch?.to)].map(row => row?.node)
  }

  // What needs to know where things are: once all panels are drawn.
  settle() {
    if (this.fits) fitText(...this.fits)
    this.drawFall()
    keepInView(this.list, ...this.kept)
  }

  drawStops({ pcs }) {
    const shown = [...pcs].join()
    if (shown === this.stopsShown) return
    this.stopsShown = shown
    for (const [pc, { node }] of this.rows) setClass(node, 'stop', pcs.has(pc))
  }

  drawSource(line) {
    if (line === this.line) return
    for (const node of this.sources.get(this.line) ?? NOTHING) node.classList.remove('on')
    for (const node of this.sources.get(line) ?? NOTHING) node.classList.add('on')
    this.line = line
  }

  // Returns whether the branch was taken: a run tells, a path by where it goes.
  drawBranch(step, next, isExploration) {
    const branch = this.branches.find(b => b.from === step?.pc)
    const isTaken = step?.test?.taken ?? (!isExploration || !branch || branch.to === next)
    for (const one of [this.now.branch, branch]) {
      if (!one) continue
      setClass(one.node, 'on', one === branch)
      setClass(one.node, 'taken', one === branch && isTaken)
    }
    this.now.branch = branch
    return isTaken
  }

  // A branch that is not taken goes on to the row below.
  drawFall() {
    setClass(this.fall, 'on', this.falls)
    if (!this.falls || !this.list.isConnected) return
    const edge = parseFloat(getComputedStyle(this.list).paddingLeft)
    const [y0, y1] = this.falls.map(({ node }) => node.offsetTop + node.offsetHeight / 2)
    drawArc(this.fall, edge, y0, edge - ARROW - 3, y1)
  }

  // Where the arcs run follows from where the rows are: again after each new layout.
  measure() {
    const middle = pc => {
      const row = this.rows.get(pc)?.node
      return row ? row.offsetTop + row.offsetHeight / 2 : null
    }
    const em = parseFloat(getComputedStyle(this.list).fontSize)
    const edge = parseFloat(getComputedStyle(this.list).paddingLeft)
    for (const { node, from, to, lane } of this.branches) {
      drawArc(node, edge, middle(from), edge - em * (1.05 + 0.65 * lane), middle(to))
    }
    this.drawFall()
  }
}

// Put text beside a row's own as long as the row keeps its height.
function fitText(row, parts) {
  const tall = row.offsetHeight
  for (const [node, text] of parts.reverse()) {
    setText(node, text)
    if (row.offsetHeight > tall) setText(node, '')
  }
}

function mark({ node, sign }, name, text) {
  node.classList.add(name)
  setText(sign, text)
}

function shortened({ timeline, steps }) {
  if (timeline.listing.length <= MOST_ROWS) return timeline.listing
  const ran = new Set(steps.map(step => step.pc))
  return timeline.listing.filter(line => ran.has(line.pc)).slice(0, MOST_ROWS)
}
