// How the value came to be, step by step, and where that is: in the C source and in the
// bytecode. The chosen step is marked in both.

class History {
  constructor(view) {
    this.view = view
    const { say, data } = view
    this.last = data.how.length
    const steps = data.how.map(({ pc, text, claim, does }, index) => this.row(index, pc, text, claim, does))
    if (data.pc >= 0) steps.push(this.row(this.last, data.pc, data.insn, `✕ ${say('refused')}`, data.problem))
    this.rows = steps
    const list = make('ol', { class: 'how' }, ...steps.map(step => make('li', {}, step)))
    list.addEventListener('click', event => {
      const button = event.target.closest('[data-index]')
      if (button) view.choose(Number(button.dataset.index))
    })
    this.code = new Places(view)
    const title = data.slot && data.how.length ? say('how-slot', { slot: data.slot }) : say('how')
    const how = make('section', {}, make('h3', {}, title), list)
    this.node = make('div', {}, ...(steps.length ? [how] : []), this.code.node)
  }

  row(index, pc, text, claim, does) {
    const isLast = index === this.last
    return make('button', { 'data-index': index, class: isLast ? 'refused' : '' },
      make('span', { class: 'm n' }, `${pc}`),
      make('span', {}, make('code', {}, text), ' ', make('code', { class: 'claim' }, claim), make('br'), make('small', {}, does)))
  }

  draw({ cause, data }) {
    this.rows.forEach((row, index) => setAttribute(row, 'aria-pressed', index === cause))
    const at = data.how[cause] ?? data
    this.code.show(at.pc, at.line)
  }
}

// The C lines, and the instructions around the refused one.
class Places {
  constructor({ say, data }) {
    this.lines = data.source.map(([line, text]) => this.row(line, text, line === data.line, data.how.some(step => step.line === line)))
    this.insns = data.listing.map(([pc, text]) => this.row(pc, text, pc === data.pc, data.how.some(step => step.pc === pc)))
    const where = [data.file && `${data.file}:${data.line}`, data.pc >= 0 && say('insn', { pc: data.pc })].filter(Boolean).join(' · ')
    this.scroller = make('div', { class: 'scroll code', tabindex: 0, role: 'region', 'aria-label': say('bytecode') }, ...this.insns.map(row => row.node))
    const parts = []
    if (this.lines.length) parts.push(make('div', { class: 'code' }, ...this.lines.map(row => row.node)))
    if (this.insns.length) parts.push(make('h4', {}, say('bytecode')), this.scroller)
    this.node = make('section', {}, make('h3', {}, say('where'), make('small', {}, ` ${where}`)), ...parts)
    if (!parts.length) this.node.hidden = true
  }

  row(number, text, isRefused, isCause) {
    const indent = Math.min(text.search(/\S|$/), 12)
    const sign = isRefused ? '✕' : isCause ? '●' : ''
    const node = make('div', { class: isRefused ? 'bad' : isCause ? 'chk' : '' },
      make('span', { class: 'n' }, `${number}`), make('b', { class: 's', 'aria-hidden': 'true' }, sign),
      make('span', { style: `padding-left:${indent + 2}ch;text-indent:-2ch` }, text.trim() || ' '))
    return { number, node }
  }

  show(pc, line) {
    for (const { number, node } of this.lines) setClass(node, 'on', number === line)
    for (const { number, node } of this.insns) setClass(node, 'on', number === pc)
    keepInView(this.scroller, this.insns.find(row => row.number === pc)?.node)
  }
}
