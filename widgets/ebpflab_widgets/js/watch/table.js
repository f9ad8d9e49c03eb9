// A table: a hash with its places, an array with its indexes, values of several CPUs in
// columns with their sum.

function drawTable(scene) {
  const { rows, map, say } = scene
  const gone = goneRows(scene)
  const all = new Map([...rows, ...gone.filter(([name]) => !rows.has(name))])
  const byPlace = new Map([...all].map(([name, row]) => [row.p, name]))
  const names = map.places <= MOST_ROWS
    ? Array.from({ length: map.places }, (_, place) => byPlace.get(place) ?? place)
    : [...all.keys()].sort((a, b) => all.get(a).p - all.get(b).p)
  const shown = around(names, scene.op?.k)
  const wasGone = new Set(gone.map(([name]) => name).filter(name => !rows.has(name)))
  const lines = shown.map(name => typeof name === 'number'
    ? line(scene, name, null)
    : line(scene, name, all.get(name), wasGone.has(name)))
  return [grid(scene, say(map.live ? 'row' : 'place'), true, lines), hiddenNote(scene, names.length - shown.length), taken(scene)]
}

function drawArray(scene) {
  const { rows, map, say } = scene
  const all = Array.from({ length: Math.min(map.places, 65536) }, (_, index) => `${index}`)
  const shown = around(all, scene.op?.k ?? '0')
  const lines = shown.map(name => line(scene, name, rows.get(name) ?? zeroRow(map, name), false, false))
  return [grid(scene, say(map.form === 'pages' ? 'page' : 'index'), false, lines), hiddenNote(scene, map.places - shown.length)]
}

// Values that belong to something of the kernel: a task, a socket, a file, a group.
function drawOwners(scene) {
  const { rows, say } = scene
  const all = new Map([...goneRows(scene), ...rows])
  const shown = around([...all.keys()], scene.op?.k)
  const lines = shown.map(name => {
    const row = all.get(name), isGone = !rows.has(name)
    return line(scene, name, { ...row, p: `${isGone ? '⊖ ' : ''}${row.k}` }, isGone, false)
  })
  const empty = all.size ? [] : [make('p', {}, say('empty'))]
  return [grid(scene, say('owner'), false, lines), ...empty, hiddenNote(scene, all.size - shown.length)]
}

function zeroRow(map, name) {
  if (map.zero === undefined) return null
  const v = map.cpus ? Array.from({ length: map.cpus }, () => map.zero) : map.zero
  return { k: name, p: Number(name), v, s: map.cpus ? '0' : undefined, isZero: true }
}

function grid({ map, say }, first, hasKey, lines) {
  const cpus = Array.from({ length: map.cpus }, (_, cpu) => say('cpu', { cpu }))
  const heads = [first, ...(hasKey ? [say('key')] : []), ...(map.cpus ? [...cpus, say('sum')] : [say('value')])]
  const head = make('tr', {}, ...heads.map(text => make('th', { scope: 'col' }, text)))
  return make('div', { class: 'scroll wide' },
    make('table', { class: 'rows' }, make('thead', {}, head), make('tbody', {}, ...lines)))
}

function line(scene, name, row, isGone = false, hasKey = true) {
  const { map, say } = scene
  const mark = row && !isGone ? signOf(scene, name) : ''
  const width = (hasKey ? 1 : 0) + (map.cpus ? map.cpus + 1 : 1)
  const place = make('th', { scope: 'row' }, sign(scene, mark), `${row?.p ?? name}`)
  const at = { class: `${mark} ${isGone ? 'gone' : ''} ${row?.isZero ? 'zero' : ''}`, 'data-row': name }
  if (!row) return make('tr', at, place, make('td', { class: 'unk', colspan: width }, make('small', {}, say(hasKey ? 'free' : 'empty'))))
  const values = map.cpus ? [...row.v, row.s ?? ''] : [valueOf(row)]
  const cells = values.map((text, at) => make('td', { class: map.cpus && at === map.cpus ? 'sum' : '' }, text))
  return make('tr', at, place, ...(hasKey ? [make('td', { class: 'key' }, isGone ? '⊖ ' : '', row.k)] : []), ...cells)
}

function taken({ rows, map, say, number }) {
  const text = say('taken', { count: number(rows.size), places: number(map.places) })
  const places = map.places > 32 ? [] : Array.from({ length: map.places }, (_, at) => make('i', { class: at < rows.size ? 'full' : '' }))
  return make('p', { class: 'taken' }, make('b', {}, text), make('span', { 'aria-hidden': 'true' }, ...places))
}
