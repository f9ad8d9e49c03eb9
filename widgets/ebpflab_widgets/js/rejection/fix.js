// What to try; and where a fix was tried: its lines, the second verdict, and what the
// same inputs came to before and after.

class FixPanel {
  constructor(view) {
    this.view = view
    const { say, data: { fix } } = view
    this.node = make('section', { class: 'fix' }, heading(say, fix ? 'fix-title' : 'try-title'))
    this.node.append(make('p', {}, sentenceCase(view.data.try)))
    if (!fix) return
    const diff = fix.diff.map(([sign, text]) => make('div', { class: { '+': 'add', '-': 'del' }[sign] ?? '' }, `${sign} ${text}`))
    this.go = make('button', { class: 'go', 'aria-pressed': 'false' }, say('apply'))
    this.after = make('div', { class: 'after' }, this.table(fix.inputs))
    this.node.append(...fix.does.map(text => make('p', { class: 'does' }, sentenceCase(text))),
      make('div', { class: 'diff' }, ...diff), make('div', { class: 'bar' }, this.go, make('small', {}, say('fix-note'))), this.after)
    this.go.addEventListener('click', () => view.apply(!view.fixed))
  }

  table(inputs) {
    const { say } = this.view
    const head = make('tr', {}, ...['input', 'before', 'after', ''].map(key => make('th', { scope: 'col' }, key && say(`col-${key}`))))
    const rows = inputs.map(({ witness, count, before, after, became }) => make('tr', {},
      make('td', {}, witness ? say('the-witness') : say(count === 1 ? 'one-input' : 'inputs', { count })),
      make('td', {}, before), make('td', {}, after),
      make('td', { class: became === 'changed' ? 'claim' : 'good' }, `${became === 'changed' ? '→' : '✓'} ${say(`became-${became}`)}`)))
    return make('table', {}, head, ...rows)
  }

  draw({ fixed, say }) {
    if (!this.go) return
    setText(this.go, say(fixed ? 'undo' : 'apply'))
    setAttribute(this.go, 'aria-pressed', fixed)
    this.after.hidden = !fixed
  }
}
