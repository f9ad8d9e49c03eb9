"""The failed proof of a rejection, as the numbers of a picture: one form for a family.

bounds   where an access may fall, and what is proved there
null     one pointer, two possible values, no question between them
bytes    stack bytes: written, or never written; `registers`: the same of registers
states   a loop's round that ends as it began
types    what was expected, what was found
needs    what there is, what is needed: a license, a map, a program type
encoding the fields of one instruction, and what they may be
held     from where something was taken to where the program ends
section  what a lock, RCU or switched-off preemption encloses, and what may not be there
stages   a dynptr or an iterator: empty, filled, given back
range    what may be answered, passed or added, and what is allowed
aligned  an access among the multiples of its size
depth    stack frames on top of one another, or another count at its limit
rights   what may be read and written at all
jumps    a jump that leads nowhere, an instruction that nothing leads to
fields   the context as its program type declares it
plain    everything else: its sentences say it

The numbers are the verifier's own. Not here: how each is made (`proofs_memory.py`,
`proofs_numbers.py`, `proofs_rules.py`, `proofs_ways.py`), the drawing
(`js/rejection/*.js`).
"""

from collections.abc import Callable

from ebpflab_widgets.proofs_encoding import encoding
from ebpflab_widgets.proofs_memory import (
    OBJECTS,
    bounds,
    null_or_not,
    registers,
    stack_bytes,
)
from ebpflab_widgets.proofs_needs import NEEDS, needs
from ebpflab_widgets.proofs_numbers import (
    LIMITS,
    PASSED,
    aligned,
    answers,
    helper_number,
    line_record,
    one_number,
    passed,
    shift,
    stack_depth,
    too_many,
    value_place,
)
from ebpflab_widgets.proofs_rules import (
    RIGHTS,
    STAGES,
    context_fields,
    rights,
    socket_fields,
    stages,
    two_kinds,
    two_states,
)
from ebpflab_widgets.proofs_ways import jumps, section, still_held
from ebpflab_widgets.rejection_case import Case, Picture


def proof_of(case: Case) -> Picture:
    """Return the picture of a failed proof; a plain one where numbers are missing."""
    draw = PICTURES.get(case.rejection.kind)
    return (draw and draw(case)) or {
        "picture": "plain",
        "slot": case.word("slot"),
        "held": case.held,
        "claim": case.word("claim"),
    }


PICTURES: dict[str, Callable[[Case], Picture | None]] = {
    **dict.fromkeys(
        (
            *OBJECTS,
            "map-value-range",
            "memory-range",
            "memory-below",
            "memory-above",
            "memory-unbounded",
            "index-negative",
            "buffer-access",
            "struct-negative",
            "struct-beyond",
        ),
        bounds,
    ),
    "null-pointer": null_or_not,
    "pointer-null-math": null_or_not,
    "stack-read": stack_bytes,
    "uninitialized": registers,
    "infinite-loop": two_states,
    **dict.fromkeys(
        (
            "not-a-pointer",
            "wrong-pointer",
            "stale-packet-pointer",
            "use-after-release",
            "argument-type",
            "argument-pointer-kind",
            "map-type-helper",
            "return-pointer",
            "release-unowned",
            "pointer-operator",
            "pointer-bitwise",
            "pointer-plus-pointer",
            "pointer-32-bit",
            "pointer-fixed",
            "pointer-prohibited",
            "pointer-from-number",
            "pointer-sign-extend",
            "pointer-comparison",
            "pointer-partial-copy",
            "pointer-minus-pointer",
            "stack-subtract",
            "atomic-pointer",
            "same-insn-pointers",
            "context-modified",
            "context-variable",
            "struct-variable",
            "buffer-variable",
            "stack-variable-unprivileged",
            "pointer-limit-unprivileged",
            "spill-size",
            "spill-corrupt",
            "kptr-access",
            "return-leak",
            "leak-into",
            "string-not-constant",
            "global-function-arguments",
            "release-offset",
            "dynptr-memory",
        ),
        two_kinds,
    ),
    "reference-leak": still_held,
    "reference-leak-call": still_held,
    **dict.fromkeys(
        (
            "lock-held-at-exit",
            "call-under-lock",
            "two-locks",
            "unlock-not-held",
            "unlock-other",
            "rcu-held",
            "rcu-missing",
            "preempt-held",
            "preempt-missing",
            "irq-held",
            "sleep-in-preempt",
        ),
        section,
    ),
    **dict.fromkeys(STAGES, stages),
    **dict.fromkeys(RIGHTS, rights),
    **dict.fromkeys(PASSED, passed),
    **dict.fromkeys(LIMITS, too_many),
    **dict.fromkeys(NEEDS, needs),
    **dict.fromkeys(
        (
            "reserved-fields",
            "unknown-opcode",
            "invalid-register",
            "atomic-opcode",
            "bad-wide-load",
            "division-by-zero",
        ),
        encoding,
    ),
    "helper-unknown": helper_number,
    "direct-value": value_place,
    "btf-lines": line_record,
    "socket-access": socket_fields,
    "argument-not-constant": one_number,
    "invalid-shift": shift,
    **dict.fromkeys(
        (
            "stack-misaligned",
            "packet-misaligned",
            "value-misaligned",
            "access-misaligned",
            "dynptr-offset",
        ),
        aligned,
    ),
    **dict.fromkeys(
        (
            "jump-out-of-range",
            "jump-into-load",
            "unreachable",
            "falls-off",
            "call-target",
        ),
        jumps,
    ),
    "return-range": answers,
    "callback-return": answers,
    "stack-too-large": stack_depth,
    "stack-tail-calls": stack_depth,
    "context-access": context_fields,
}
