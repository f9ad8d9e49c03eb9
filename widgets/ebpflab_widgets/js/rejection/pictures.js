// Which picture a failed proof has.

const PICTURES = {
  bounds: Bounds, null: NullOrNot, bytes: StackBytes, registers: Registers, states: States,
  types: Types, needs: Types, encoding: Encoding, held: Held, range: Answers, depth: Depth, fields: Fields,
  section: Section, jumps: Jumps, rights: Rights, stages: Stages, aligned: Aligned, plain: Plain,
}

const pictureOf = view => new PICTURES[view.data.proof.picture](view)
