// A ring buffer, its bytes from left to right: records between the reader's place and the
// producer's, each with its header; positions go on counting, the bytes are used again.

const NAMED = 4.6 // em that a record needs to have its name within

function drawRing(scene) {
  const { rows, map, say, number } = scene
  const size = map.places
  const all = [...rows].map(([name, row]) => ({ name, row, state: row.a, mark: signOf(scene, name) }))
  const read = goneRows(scene).map(([name, row]) => ({ name, row, state: 'read', mark: '' }))
  const { consumer, producer } = positions(scene)
  const isNarrow = bytes => bytes / size * scene.width < NAMED * scene.em
  const records = [...read, ...all].flatMap(record => pieces(record, size).map(([from, length], part) =>
    make('span', {
      class: `rec ${record.state} ${record.mark}`, 'data-row': record.name,
      style: `left:${from / size * 100}%;width:${length / size * 100}%`,
    }, ...(isNarrow(length) ? [] : [part ? '' : sign(scene, record.mark), make('b', {}, part ? '…' : number(record.row.p)), make('br'),
      make('small', {}, say(`state-${record.state}`))]))))
  // Those that are too narrow for their names are named underneath.
  const named = [...read, ...all].filter(({ row }) => isNarrow(row.z)).slice(-MOST_ROWS).map(record =>
    make('span', { class: `ent ${record.mark} ${record.state === 'read' ? 'none' : ''}` }, sign(scene, record.mark),
      make('b', {}, number(record.row.p)), make('small', {}, `${say(`state-${record.state}`)}, ${say('bytes', { count: number(record.row.z) })}`)))
  const pointer = (at, side, text) => make('span', {
    class: `pointer ${side} ${at % size < size / 12 ? 'near-start' : at % size > size * .88 ? 'near-end' : ''}`, style: `left:${at % size / size * 100}%`,
  }, ...(side === 'above' ? [text, make('br'), '▼'] : ['▲', make('br'), text]))
  const free = size - (producer - consumer)
  return [make('div', { class: 'ring' }, ...records,
    pointer(producer, 'above', say('producer', { count: number(producer) })),
    pointer(consumer, 'below', say('consumer', { count: number(consumer) }))),
  ...(named.length ? [make('div', { class: 'line' }, ...named)] : []),
  make('p', {}, make('b', {}, say('bytes-free', { count: number(free), places: number(size) })))]
}

// Where the next record will start and where the reader stands, counted from the start.
function positions({ rows, history, map, moment, mapNumber }) {
  const held = [...rows.values()]
  if (held.length)
    return { consumer: Math.min(...held.map(row => row.p)), producer: Math.max(...held.map(row => row.p + row.z)) }
  // Records stand one behind the other: an empty buffer stands where the next will start.
  const known = history.own[mapNumber].flatMap(index =>
    history.operations[index].c.filter(([, row]) => row).map(([, row]) => ({ row, later: index >= moment })))
  const next = known.find(({ later }) => later)
  const ends = known.filter(({ later }) => !later).map(({ row }) => row.p + row.z)
  const last = next ? next.row.p : Math.max(0, ...map.start.map(([, row]) => row.p + row.z), ...ends)
  return { consumer: last, producer: last }
}

// A record that passes the end goes on at the start.
function pieces({ row }, size) {
  const from = row.p % size, first = Math.min(row.z, size - from)
  return first < row.z ? [[from, first], [0, row.z - first]] : [[from, first]]
}
