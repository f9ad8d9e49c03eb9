// The one sentence at the top of the rejection view, by the picture of its proof.

// A sentence begins with a capital, a name of the program or the kernel never, nor C.
const CODE = /^((r|w)\d|(static|char|int|if|for|struct|return)\b|\w+ = )/
const sentenceCase = text => (/^\p{L}[\p{L}’-]*([\s,:;.]|$)/u.test(text) && !CODE.test(text) ? upper(text) : text)

// Bytes, as a part of a sentence: one, several, or all that an index may reach.
function touched({ first, last, size }, say) {
  if (first === null && last === null) return say('touched-any')
  if (first === null) return say('touched-up-to', { last: number(last + size - 1) })
  if (last === null) return say('touched-from', { first: number(first) })
  const values = { first: number(first), last: number(last + size - 1) }
  if (first !== last) return say('touched-within', values)
  return say(size === 1 ? 'touched-one' : 'touched-many', values)
}

function proved({ object, low, proved: end }, say) {
  if (end === null) return say('proved-from', { first: number(low) })
  const values = { first: number(low), last: number(end - 1) }
  return say(end > low ? `proved-${object === 'packet' ? 'packet' : 'other'}` : 'proved-none', values)
}

const LEADS = {
  bounds: ({ proof, does, pc }, say) => say('lead-bounds', {
    pc, does: say(`does-${does}`), touched: touched(proof, say),
    object: say(`object-${proof.object}`), proved: proved(proof, say),
  }),
  null: ({ proof, pc }, say) => say('lead-null', { pc, slot: proof.slot }),
  bytes: ({ proof, pc }, say) => say('lead-bytes', {
    pc, first: number(proof.off), last: number(proof.off + proof.size - 1), count: neverWritten(proof),
  }),
  registers: ({ proof, pc }, say) => say('lead-registers', { pc, slot: `r${proof.reg}` }),
  states: ({ proof }, say) => say('lead-states', { pc: proof.pc }),
  types: ({ proof, problem }, say) => proof.wanted.length === 1
    ? say('lead-types', { ...proof, wanted: proof.wanted[0] })
    : say(proof.slot ? 'lead-types-other' : 'lead-types-call', { slot: proof.slot, found: proof.found, problem: sentenceCase(problem) }),
  held: ({ proof }, say) => say(proof.ends ? 'lead-held' : 'lead-held-call', { pc: proof.steps[0][0], count: proof.count - 1, call: proof.steps.at(-1)[1] }),
  section: ({ proof: { opens, closes, from, steps, fails } }, say) => {
    const [pc, text] = steps.at(-1)
    return say(`lead-section-${fails}`, { opens, closes, from, pc, text })
  },
  stages: ({ proof, pc }, say) => say(`lead-${proof.of}-${proof.found}-${proof.wanted}`, { pc }),
  rights: ({ proof, pc }, say) => say(`lead-rights-${proof.asked}`, { pc, object: proof.object }),
  aligned: ({ proof, pc }, say) => say('lead-aligned', { pc, at: number(proof.at), size: number(proof.size), unit: number(proof.unit) }),
  jumps: ({ problem }, say) => say('lead-plain-whole', { problem: sentenceCase(problem) }),
  range: ({ proof: { of, allowed, possible: [low, high] }, slot, pc }, say) => {
    const [least, most] = allowed.map(number)
    return say(`lead-${of}${low === high ? '-one' : ''}`, { pc, slot, least, most, low: number(low), high: number(high) })
  },
  depth: ({ proof }, say) => say(`lead-${proof.of}`, {
    size: number(proof.frames.reduce((sum, one) => sum + one, 0)), limit: number(proof.limit),
  }),
  fields: ({ proof, does, pc }, say) => say(`lead-fields-${proof.of}`, {
    pc, does: say(`does-${does}`), touched: touched({ ...proof, first: proof.off, last: proof.off }, say),
  }),
  encoding: ({ proof, problem }, say) => say('lead-plain', { pc: proof.pc, problem }),
  needs: (data, say) => LEADS.plain(data, say),
  plain: ({ problem, pc }, say) =>
    say(pc < 0 ? 'lead-plain-whole' : 'lead-plain', { pc, problem: pc < 0 ? sentenceCase(problem) : problem }),
}

const neverWritten = ({ first, marks, off, size }) =>
  marks.slice(off - first, off - first + size).filter(mark => mark === '?').length

const leadOf = (data, say) => LEADS[data.proof.picture](data, say)
