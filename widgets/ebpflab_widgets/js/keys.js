// The keys, in one table: what each does, and the line of the help that tells so. They
// work only while the view has the focus.

const KEYS = [
  { keys: ['ArrowLeft', 'ArrowRight'], shown: ['←', '→'], acts: ['back', 'forward'], help: 'key-step' },
  { keys: ['Home', 'End'], shown: ['Home', 'End'], acts: ['first', 'last'], help: 'key-ends' },
  { keys: ['PageUp', 'PageDown'], shown: ['PgUp', 'PgDn'], acts: ['backTen', 'forwardTen'], help: 'key-ten' },
  { keys: ['b', 'B'], shown: ['b', 'B'], acts: ['nextBranch', 'previousBranch'], help: 'key-branch' },
  { keys: ['p', 'n'], shown: ['p', 'n'], acts: ['before', 'after'], help: 'key-change' },
  { keys: ['w'], shown: ['w'], acts: ['who'], help: 'key-who' },
  { keys: ['t'], shown: ['t'], acts: ['bits'], help: 'key-bits' },
  { keys: ['r', 'R'], shown: ['r', 'R'], acts: ['run', 'runBack'], help: 'key-run' },
  { keys: ['s', 'S'], shown: ['s', 'S'], acts: ['stop', 'stopHere'], help: 'key-stop' },
  { keys: ['o'], shown: ['o'], acts: ['otherWay'], help: 'key-other-way' },
  { keys: ['x'], shown: ['x'], acts: ['swapBase'], help: 'key-hex' },
  { keys: ['g'], shown: ['g'], acts: ['ask'], help: 'key-go' },
  { keys: [' '], shown: ['Space'], acts: ['play'], help: 'key-play' },
  { keys: ['?'], shown: ['?'], acts: ['help'], help: 'key-help' },
  { keys: ['Escape'], shown: ['Esc'], acts: ['leave'], help: 'key-leave' },
]
const ACT_OF_KEY = new Map(KEYS.flatMap(({ keys, acts }) => keys.map((key, i) => [key, acts[i]])))
const IN_FIELD = { Enter: 'take', Escape: 'forget' }

// The act that a key asks for here, or undefined when the key is not the view's.
function actOf(event, view) {
  const { key, target } = event
  if (isChord(event)) return undefined
  if (target.matches('.predict input')) return key === 'Escape' ? 'forget' : undefined
  if (target.matches('input')) return IN_FIELD[key]
  if (target.matches('select')) return undefined
  if (key === ' ' && target.matches(PRESSED_BY_SPACE)) return undefined
  const act = ACT_OF_KEY.get(keyOf(event, view))
  if (!isOnSlide(view)) return act
  const stuck = { forward: view.t === view.history.count, back: view.t === 0 }[act]
  return stuck ? undefined : act
}

function keyList(say) {
  return make('dl', {}, ...KEYS.map(({ shown, help }) => make('div', {},
    make('dt', {}, ...shown.flatMap(key => [make('kbd', {}, say(`key-named-${key}`) || key), ' '])),
    make('dd', {}, say(help)))))
}
