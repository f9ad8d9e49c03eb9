// What the reader may do to the map while Python is there. A page without it (a saved
// file, a static deck) has no such row.

class Edit {
  constructor(view) {
    this.view = view
    this.node = make('form', { class: 'edit', 'aria-label': view.say('edit') })
    this.node.addEventListener('submit', event => {
      event.preventDefault()
      const { map } = this
      view.ask({ map, do: event.submitter?.value ?? 'update', key: this.key?.value ?? '', value: this.value?.value ?? '' })
    })
    for (const type of ['keydown', 'keyup', 'keypress'])
      this.node.addEventListener(type, event => event.key !== 'Escape' && event.stopPropagation())
  }

  draw({ mapNumber, map }) {
    if (this.map === mapNumber) return
    this.map = mapNumber
    const { say } = this.view
    const field = name => {
      const input = make('input', { type: 'text', spellcheck: 'false' })
      this[name] = input
      return make('label', {}, make('small', {}, `${say(name)} `), input)
    }
    const keyed = map.edits.some(act => act === 'update' || act === 'delete')
    const valued = map.edits.some(act => ['update', 'push', 'peek'].includes(act))
    this.key = this.value = null
    const acts = [...map.edits, ...(map.live ? ['look'] : [])]
    const buttons = acts.map(act => make('button', { type: 'submit', value: act }, say(`do-${act}`)))
    this.node.replaceChildren(make('h3', {}, say('edit')), ...(keyed ? [field('key')] : []), ...(valued ? [field('value')] : []), ...buttons)
  }
}
