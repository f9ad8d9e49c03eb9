"""The failed proof of a rejection, as the numbers of a picture: one form for a family.

bounds   where an access may fall, and what is proved there
null     one pointer, two possible values, no question between them
bytes    stack bytes: written, or never written; `registers`: the same of registers
states   a loop's round that ends as it began
types    what was expected, what was found
held     from where something was taken to where the program ends
range    what may be answered, and what is allowed
depth    stack frames on top of one another
fields   the context as its program type declares it
plain    everything else: its sentences say it

The numbers are the verifier's own. Not here: how each is made (`proofs_memory.py`,
`proofs_rules.py`), the drawing (`js/rejection/*.js`).
"""

from collections.abc import Callable

from ebpflab_widgets.proofs_memory import (
    OBJECTS,
    bounds,
    null_or_not,
    registers,
    stack_bytes,
)
from ebpflab_widgets.proofs_rules import (
    answers,
    context_fields,
    stack_depth,
    still_held,
    two_kinds,
    two_states,
)
from ebpflab_widgets.rejection_case import Case, Picture


def proof_of(case: Case) -> Picture:
    """Return the picture of a failed proof; a plain one where numbers are missing."""
    draw = PICTURES.get(case.rejection.kind)
    return (draw and draw(case)) or {
        "picture": "plain",
        "slot": case.word("slot"),
        "held": case.word("held"),
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
        ),
        two_kinds,
    ),
    "reference-leak": still_held,
    "return-range": answers,
    "callback-return": answers,
    "stack-too-large": stack_depth,
    "stack-tail-calls": stack_depth,
    "context-access": context_fields,
}
