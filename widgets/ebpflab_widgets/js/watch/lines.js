// What stands in a line: an LRU map by last use, a queue, a stack, a buffer for each CPU.

const MOST_IN_LINE = 48

function drawLru(scene) {
  const { say, rows } = scene
  return held(scene, [...rows.keys()].reverse(), say('used-last'), say('evicted-next'), say('evicted'))
}

function drawQueue(scene) {
  const { say, rows } = scene
  return held(scene, [...rows.keys()], say('next-out'), say('came-last'), say('removed'), { key: false })
}

function drawStack(scene) {
  const { say, rows } = scene
  return held(scene, [...rows.keys()].reverse(), say('next-out'), '', say('removed'), { key: false })
}

function held(scene, names, first, last, gone, options = {}) {
  const { say, rows, map, number } = scene
  return [inLine(scene, names, options, { first, last, gone }),
    make('p', {}, make('b', {}, say('entries', { count: number(rows.size), places: number(map.places) })))]
}

function inLine(scene, names, options, words) {
  const shown = names.length > MOST_IN_LINE
    ? [...names.slice(0, MOST_IN_LINE / 2), ...names.slice(-MOST_IN_LINE / 2)] : names
  const below = index => {
    if (shown.length === 1) return words.last || words.first
    return index === 0 ? words.first : index === shown.length - 1 ? words.last : ''
  }
  const boxes = shown.map((name, index) =>
    entry(scene, name, scene.rows.get(name), { ...options, below: below(index) || '\u00a0' }))
  const gone = goneRows(scene).map(([name, row]) => entry(scene, name, row, { ...options, gone: true, below: words.gone }))
  const empty = names.length + gone.length ? [] : [make('span', { class: 'ent none' }, scene.say('empty'))]
  return make('div', {}, make('div', { class: 'line' }, ...boxes, ...empty, ...gone),
    hiddenNote(scene, names.length - shown.length))
}

function drawBuffers(scene) {
  const { rows, map, say, number } = scene
  const cpus = [...new Set([...Array(map.cpus).keys(), ...[...rows.values()].map(row => row.u)])]
  const lanes = cpus.map(cpu => {
    const names = [...rows.keys()].filter(name => rows.get(name).u === cpu)
    const boxes = names.slice(-MOST_IN_LINE).map(name => entry(scene, name, rows.get(name), {
      key: false, below: say('bytes', { count: number(rows.get(name).z) }),
    }))
    const gone = goneRows(scene).filter(([, row]) => row.u === cpu)
      .map(([name, row]) => entry(scene, name, row, { key: false, gone: true, below: say('state-read') }))
    const none = boxes.length + gone.length ? [] : [make('small', {}, say('empty'))]
    return make('div', { class: 'lane' }, make('h4', {}, say('cpu', { cpu })),
      make('div', { class: 'line' }, ...boxes, ...none, ...gone))
  })
  return [...lanes, make('p', {}, make('b', {}, say('records', { count: number(rows.size) })))]
}
