// The stepper on the page: reads the data, shows the chosen run or path, and keeps it in
// step with Python and with the other views of the same run. What is drawn: js/stepper/.

function render({ model, el }) {
  const phrases = model.get('phrases') ?? {}
  const say = Facts.prototype.say.bind({ phrases })
  let view = null, choices = [], data = null
  const layout = new ResizeObserver(() => {
    view?.measure()
    view?.draw() // a list that was hidden could not be scrolled
  })

  const show = () => {
    const focused = el.contains(document.activeElement)
    const chosen = Math.max(0, Math.min(choices.length - 1, model.get('chosen') ?? 0))
    const before = view
    view?.pause()
    view = new View(model, choices[chosen], data, phrases, turnTo)
    const selector = choices.length > 1 ? selectorOf(choices, chosen, say) : null
    selector?.field.addEventListener('change', safely(() => {
      choose(selector.read())
      el.querySelector('.chosen').focus()
    }))
    view.build(selector)
    view.t = Math.max(0, Math.min(view.last, model.get('step') ?? 0))
    if (before) keepChoice(before, view)
    view.draw()
    el.replaceChildren(view.node)
    view.measure()
    view.draw() // once more: now the lists have a height and can be scrolled
    layout.disconnect()
    layout.observe(view.node)
    if (focused) view.node.focus()
  }

  const choose = number => {
    if (!choices[number]) return
    model.set('chosen', number)
    model.save_changes()
    show()
  }

  // To the path that takes the other way after place `place` of this one.
  const turnTo = (choice, place) => choose(otherWay(choices, choice, place))

  const read = () => {
    data = readData(model, say)
    data.isVeiled = isVeiled(model)
    choices = choicesOf(data)
    if (!choices.length) throw new Error(say('no-steps'))
    show()
  }

  const refuse = error => {
    view = null
    const reason = error instanceof Error ? error.message : `${error}`
    el.replaceChildren(make('p', { class: 'ebpflab broken', role: 'alert', lang: model.get('lang') },
      say('broken', { reason }) || reason))
  }

  const safely = act => event => {
    try {
      act(event)
    } catch (error) {
      refuse(error)
    }
  }
  const changed = safely(read), chosen = safely(show)
  const moved = safely(() => view?.goto(model.get('step')))
  const followed = safely(event => view?.follow(event))
  changed()
  document.addEventListener(MOMENT, followed)
  const heard = { 'change:data': changed, 'change:size': chosen, 'change:chosen': chosen, 'change:step': moved }
  for (const [name, act] of Object.entries(heard)) model.on(name, act)
  return () => {
    view?.pause()
    layout.disconnect()
    document.removeEventListener(MOMENT, followed)
    for (const [name, act] of Object.entries(heard)) model.off(name, act)
  }
}

// Another input of the same program: the same moment, value, base and stops.
function keepChoice(before, view) {
  view.t = Math.min(before.t, view.last)
  view.spelling.base = before.spelling.base
  view.selected = before.selected
  view.stops.pcs = before.stops.pcs
  view.stops.slots = before.stops.slots
  view.bits.node.open = before.bits.node.open
}

export default { render }
