// Time: a cell an operation, up to 200; of more, a window around now, and the list of
// operations beside the contents.

const MOST_CELLS = 200
const WINDOW = 101

class Tape {
  constructor(view) {
    this.view = view
    this.row = make('div', { class: 'cells' })
    this.node = make('div', {
      class: 'tape', role: 'slider', tabindex: 0, 'aria-label': view.say('operation'), 'aria-valuemin': 0,
    }, this.row)
    const grab = event => {
      const { left, width } = this.row.getBoundingClientRect()
      view.go(this.from + Math.floor((event.clientX - left) / width * this.row.children.length))
    }
    this.node.addEventListener('pointerdown', event => { this.node.setPointerCapture(event.pointerId); grab(event) })
    this.node.addEventListener('pointermove', event => event.buttons && grab(event))
  }

  draw({ own, done, operations, sentence }) {
    const total = own.length + 1, cells = total > MOST_CELLS ? WINDOW : total
    this.from = Math.max(0, Math.min(done - (cells >> 1), total - cells))
    while (this.row.children.length < cells) this.row.append(make('i', {}))
    while (this.row.children.length > cells) this.row.lastChild.remove()
    Array.from(this.row.children).forEach((cell, index) => {
      const at = this.from + index
      setText(cell, at ? OP_SIGNS[operations[own[at - 1]].g] : '▹')
      setClass(cell, 'past', at < done)
      setClass(cell, 'now', at === done)
    })
    setAttribute(this.node, 'aria-valuemax', own.length)
    setAttribute(this.node, 'aria-valuenow', done)
    setAttribute(this.node, 'aria-valuetext', sentence)
  }
}

// The operations as a list; of more than a window, those around now.
class Log {
  constructor(view) {
    this.view = view
    this.list = make('ol', {})
    this.note = make('small', {})
    this.node = make('div', { class: 'log' }, make('h3', {}, view.say('operations')), this.list, this.note)
    this.list.addEventListener('click', event => {
      const button = event.target.closest('button')
      if (button) view.go(Number(button.dataset.at))
    })
  }

  draw({ own, done, operations, map, cut }) {
    const shown = Math.min(own.length, MOST_CELLS > own.length ? own.length : WINDOW)
    const from = Math.max(0, Math.min(done - (shown >> 1), own.length - shown))
    while (this.list.children.length < shown)
      this.list.append(make('li', {}, make('button', { tabindex: -1 }, make('b', {}), make('span', {}))))
    while (this.list.children.length > shown) this.list.lastChild.remove()
    Array.from(this.list.children).forEach((item, index) => {
      const at = from + index + 1, op = operations[own[at - 1]], [button] = item.children
      setAttribute(button, 'data-at', at)
      setAttribute(button, 'class', op.g)
      setText(button.children[0], OP_SIGNS[op.g])
      setText(button.children[1], op.o)
      setClass(item, 'now', at === done)
      setClass(item, 'future', at > done)
      setAttribute(button, 'aria-current', at === done ? 'step' : null)
    })
    const now = this.list.querySelector('.now')
    if (now) keepInView(this.list, now)
    setText(this.note, own.length ? cut : this.view.say('none-yet'))
  }
}
