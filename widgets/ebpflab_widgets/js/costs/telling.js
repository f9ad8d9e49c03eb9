// How the three kinds of cost are told apart, and how numbers are spelled. A kind has a
// form of its own, so that colour is never the only sign.

const KINDS = ['measured', 'published', 'model']

const swatch = kind => make('i', { class: `swatch ${kind}`, 'aria-hidden': 'true' })

class Telling {
  constructor(phrases, lang) {
    this.phrases = phrases
    this.lang = lang
    this.say = this.say.bind(this)
  }

  say(key, values = {}) {
    return (this.phrases[key] ?? '').replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole)
  }

  count(value, digits = 0) {
    return value.toLocaleString(this.lang, { maximumFractionDigits: digits, minimumFractionDigits: digits })
  }

  // How many times the unit: × 104, ÷ 1.0
  times(ratio) {
    const [sign, size] = ratio >= 1 ? ['×', ratio] : ['÷', 1 / ratio]
    return `${sign} ${this.count(size, size < 10 ? 1 : 0)}`
  }

  kind(kind) {
    return this.say(`kind-${kind}`)
  }
}
