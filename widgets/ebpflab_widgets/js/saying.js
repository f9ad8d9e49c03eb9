// Sentences from templates, and numbers as people read them.

const GAP = '\u202f' // narrow no-break space, between thousands

const sayer = phrases => (key, values = {}) =>
  (phrases[key] ?? '').replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole)

// −512, 4 294 967 295
const number = value => `${value}`.replace(/^-/, '−').replace(/\B(?=(\d{3})+(?!\d))/g, GAP)

const upper = text => text.charAt(0).toUpperCase() + text.slice(1)
