// Which function runs, and who called it: a line of frames, only where there are calls.
// A frame's button goes to the call that made it.

class Frames {
  constructor({ history, say }) {
    this.say = say
    this.moves = [] // {t, frame}: from moment t on that frame runs
    let now = 0
    history.steps.forEach((step, index) => {
      const { frame = 0 } = step
      if (frame !== now) this.moves.push({ t: index, frame, pc: history.steps[index - 1]?.pc })
      now = frame
    })
    this.deepest = Math.max(0, ...this.moves.map(move => move.frame))
    this.buttons = Array.from({ length: this.deepest + 1 }, (_, frame) => make('button', { 'data-frame': frame }))
    this.node = make('div', { class: 'frames', role: 'group', 'aria-label': say('frames'), hidden: !this.deepest },
      make('small', {}, `${say('frames')} `), ...this.buttons)
  }

  // The calls that lead to moment t, the program itself first: [{t, frame, pc}].
  at(t) {
    const calls = [{ t: 0, frame: 0 }]
    for (const move of this.moves) {
      if (move.t >= t) break
      if (move.frame > calls.at(-1).frame) calls.push(move)
      else calls.length = move.frame + 1
    }
    return calls
  }

  draw({ t, history }) {
    if (!this.deepest) return
    const calls = this.at(t)
    this.calls = calls
    const { frame = 0 } = t ? history.steps[t - 1] : {}
    this.buttons.forEach((button, depth) => {
      const call = calls[depth]
      const key = depth ? 'frame-called' : 'frame'
      setText(button, call ? `${depth ? '▸ ' : ''}${this.say(key, { frame: depth, pc: call.pc })}` : `${this.say('frame', { frame: depth })}`)
      setAttribute(button, 'aria-pressed', depth === frame)
      setAttribute(button, 'aria-disabled', call ? null : 'true')
    })
  }
}
