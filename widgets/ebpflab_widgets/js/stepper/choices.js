// What can be chosen: runs, or the paths of an exploration, each a line of steps. The
// tree is in the page once; a path is made when it is chosen.

const MOST_LISTED = 300 // more paths are chosen by number
const REFUSED = ['rejected', 'loop']

// Read the data, or throw an error whose message can be shown.
function readData(model, say) {
  const raw = model.get('data')
  const kept = typeof raw === 'string' ? JSON.parse(raw) : raw
  const data = kept?.veiled ? JSON.parse(unveiled(kept.veiled)) : kept
  for (const { timeline } of data.runs) {
    const { steps, listing } = timeline
    if (!Array.isArray(steps) || !Array.isArray(listing)) throw new Error('steps, listing')
    if (!steps.length && !timeline.outcome?.fault) throw new Error(say('no-steps'))
    if (steps.length > data.limit)
      throw new Error(say('too-long', { count: steps.length, limit: data.limit }))
  }
  if (!data.runs.length) throw new Error(say('no-steps'))
  return data
}

const unveiled = text =>
  new TextDecoder().decode(Uint8Array.from(atob(text), letter => letter.charCodeAt(0)))

function choicesOf({ runs }) {
  return runs.flatMap(run => run.walk
    ? run.walk.paths.map(([last, ended, at], n) => ({ run, number: n + 1, path: { last, ended, at } }))
    : [{ run, label: run.label }])
}

function labelOf(choice, say) {
  if (!choice.path) return choice.label
  const { ended, at } = choice.path
  return say('path-label', { number: choice.number, end: say(`end-${ended}`, { pc: at }) })
}

// The steps of a path, from the first to the last, by their place in the tree.
function indicesOf({ run, path }) {
  const { steps } = run.timeline, indices = []
  for (let at = path.last; at >= 0; at = steps[at].parent) indices.push(at)
  return indices.reverse()
}

// The timeline of a choice: a line, whatever it was taken from.
function lineOf(choice) {
  const { run, path } = choice
  if (!path) return run.timeline
  choice.indices ??= indicesOf(choice)
  const { steps } = run.timeline
  const outcome = REFUSED.includes(path.ended) ? run.timeline.outcome : {}
  return { ...run.timeline, outcome, steps: toldOn(choice, new Set(run.walk.forks), steps) }
}

// Is a path's last step the instruction that was refused?
const isRefused = ({ run: { timeline }, path }) =>
  path.ended === 'rejected' && timeline.steps[path.last]?.pc === timeline.outcome?.fault_pc

// The steps with what they change on this path. After a fork a log tells the way straight
// on; on the other way what was known before still holds. What was refused changes nothing.
function toldOn(choice, forks, steps) {
  const { indices } = choice, refused = isRefused(choice) ? choice.path.last : -1
  const before = new Map() // slots of which another way was told
  return indices.map((index, place) => {
    const step = index === refused ? { ...steps[index], changes: NOTHING } : steps[index]
    const changes = step.changes ?? NOTHING
    if (forks.has(index) && indices[place + 1] !== index + 1) {
      for (const { slot, old, new: now } of changes)
        if (now != null && !before.has(slot)) before.set(slot, old ?? null)
      return { ...step, changes: changes.filter(change => change.new == null) }
    }
    if (!changes.some(change => before.has(change.slot))) return step
    const mended = changes.map(change => (before.has(change.slot) ? { ...change, old: before.get(change.slot) } : change))
    for (const { slot } of changes) before.delete(slot)
    return { ...step, changes: mended }
  })
}

// The places on a path, from 0, after which both ways lead on.
function forksOf(choice) {
  const forks = new Set(choice.run.walk?.forks ?? [])
  return new Set((choice.indices ?? []).flatMap((index, place) => (forks.has(index) ? [place] : [])))
}

// The number of the first path that takes the other way after step `index`, or -1.
function otherWay(choices, choice, place) {
  const index = choice.indices[place], next = choice.indices[place + 1]
  return choices.findIndex(other => {
    if (other.run !== choice.run || other === choice) return false
    const { steps } = other.run.timeline
    let at = other.path.last, after
    while (at > index) [after, at] = [at, steps[at].parent]
    return at === index && after !== next
  })
}

// A list to choose from, or a number where there are too many.
function selectorOf(choices, chosen, say) {
  const name = say(choices[0].path ? 'path' : 'input')
  if (choices.length > MOST_LISTED) {
    const field = make('input', { type: 'number', min: 1, max: choices.length, value: chosen + 1, class: 'chosen' })
    const end = make('small', {}, ` / ${choices.length}: ${say(`end-${choices[chosen].path?.ended ?? ''}`, { pc: choices[chosen].path?.at })}`)
    return { field, read: () => Number(field.value) - 1, node: make('label', {}, make('small', {}, `${name} `), field, end) }
  }
  const field = make('select', { class: 'chosen' }, ...choices.map((choice, index) =>
    make('option', { value: index, selected: index === chosen }, labelOf(choice, say))))
  return { field, read: () => Number(field.value), node: make('label', {}, make('small', {}, `${name} `), field) }
}

// Is the recording to be predicted? Then it stands in the page so that nobody reads it.
function isVeiled(model) {
  const raw = model.get('data')
  return typeof raw === 'string' ? raw.startsWith('{"veiled"') : Boolean(raw?.veiled)
}
