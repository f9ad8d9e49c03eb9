// How a view comes onto the page, and what stands there where its data cannot be drawn:
// a sentence, never a frozen page.

// Read the data of a view; `shape` names its lists (true) and its objects (false).
function readData(model, shape) {
  const data = JSON.parse(model.get('data'))
  for (const [name, isList] of Object.entries(shape)) {
    const part = data?.[name]
    if (isList ? !Array.isArray(part) : typeof part !== 'object' || part === null) throw new Error(name)
  }
  return data
}

function tellBroken({ model, el }, error) {
  const reason = `${error.message ?? error}`
  const told = model.get('phrases')?.broken?.replace('{reason}', reason) ?? reason
  el.replaceChildren(make('p', { class: 'ebpflab broken', role: 'alert' }, told))
}

// Draw a view for each new data; `moved` follows what Python chooses. A view has `node`
// and `draw()`; one that measures itself is drawn again when its width changes.
function mount({ model, el }, build, { moved = () => {}, isMeasured = false } = {}) {
  let view = null
  const layout = isMeasured ? new ResizeObserver(() => view?.draw()) : null
  const show = () => {
    layout?.disconnect()
    try {
      view = build(model)
      el.replaceChildren(view.node)
      view.draw()
      layout?.observe(view.node)
    } catch (error) {
      view = null
      tellBroken({ model, el }, error)
    }
  }
  const follow = () => view && moved(view)
  const heard = { 'change:data': show, 'change:size': show, 'change:step': follow, 'change:chosen': follow }
  show()
  for (const [name, act] of Object.entries(heard)) model.on(name, act)
  return () => {
    layout?.disconnect()
    for (const [name, act] of Object.entries(heard)) model.off(name, act)
  }
}
