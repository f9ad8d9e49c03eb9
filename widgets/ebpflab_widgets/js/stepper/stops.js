// Breakpoints and watchpoints: where a run is to stop, and why it stopped. A breakpoint is
// an instruction, a watchpoint a value: "stop when r0 changes", "stop when my_map changes".

class Stops {
  constructor(say) {
    this.say = say
    this.pcs = new Set()
    this.slots = new Set()
    this.list = make('span', { class: 'stops', role: 'group', 'aria-label': say('stops') })
  }

  get some() { return this.pcs.size + this.slots.size > 0 }

  toggle(set, value) {
    if (!set.delete(value)) set.add(value)
  }

  togglePc(pc) { this.toggle(this.pcs, pc) }
  toggleSlot(slot) { this.toggle(this.slots, slot) }

  // Why moment t is one to stop at: {key, ...values}, or null. Forwards a breakpoint is
  // met before its instruction runs, as debuggers have it.
  reason({ history, nameOf }, t) {
    for (const slot of this.slots)
      if (t && changes(history, slot, t)) return { key: 'stopped-change', slot: nameOf(slot) }
    const next = history.steps[t]
    if (next && this.pcs.has(next.pc)) return { key: 'stopped-pc', pc: next.pc }
    return null
  }

  // The next moment in direction `way` at which to stop: {t, reason}.
  seek(view, way) {
    const { history, t, last } = view
    for (let at = t + way; at > 0 && at < last; at += way) {
      const reason = this.reason(view, at)
      if (reason) return { t: at, reason }
    }
    const end = way > 0 ? last : 0
    return { t: end, reason: end !== t && end ? this.reason(view, end) : null }
  }

  draw({ nameOf }) {
    const chips = [
      ...[...this.pcs].sort((a, b) => a - b).map(pc => ['data-unstop-pc', pc, `■ ${pc}`]),
      ...[...this.slots].map(slot => ['data-unstop-slot', slot, `■ ${nameOf(slot)}`]),
    ]
    const shown = JSON.stringify(chips)
    if (shown === this.shown) return
    this.shown = shown
    this.list.replaceChildren(...chips.map(([name, value, text]) => make('button', {
      [name]: value, 'aria-label': this.say('unstop', { what: text.slice(2) }),
    }, `${text} ✕`)))
  }
}

// Does step t change the slot? A write of the same value is no change.
function changes(history, slot, t) {
  if (history.mark(slot, t) !== 'w') return false
  const { region, offset, size, map } = parseSlot(slot)
  if (region) return history.bytes(region, offset, size, t) !== history.bytes(region, offset, size, t - 1)
  if (map !== undefined || history.isMap(slot)) return true
  return history.register(slot, t).word !== history.register(slot, t - 1).word
}
