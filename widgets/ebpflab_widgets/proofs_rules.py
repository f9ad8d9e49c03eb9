"""Proofs about what is no memory: loops, types, what is held, answers, depth, fields.

Not here: the pictures of memory (`proofs_memory.py`), the table (`proofs.py`).
"""

from ebpflab.hooks import hook_of
from ebpflab.hooks.hook import ContextField
from ebpflab.logs.states import State, read_state
from ebpflab_widgets.rejection_case import Case, Picture

STACK = 512  # bytes of all functions on the way together
WITH_TAIL_CALLS = 256  # bytes, of a function that is followed by a tail call
MOST_WAYS = 6  # branches and calls shown of what lies between taking and the end
_GONE = ("stale-packet-pointer", "use-after-release")  # the right kind, once


def two_states(case: Case) -> Picture | None:
    told = [read_state(text) for text in case.log.loop_states[-2:]]
    if len(told) < 2:
        return None
    now, before = told
    names = dict.fromkeys(name for state in told for name, _, _ in state.words)
    rows = [[name.lower(), _said(before, name), _said(now, name)] for name in names]
    return {"picture": "states", "rows": rows, "pc": case.number("insn")}


def _said(state: State, name: str) -> str:
    return next((str(v) for word, _, v in state.words if word == name), "")


def two_kinds(case: Case) -> Picture | None:
    found = case.word("held") or case.word("found_words")
    wanted = case.word("wanted_words") or case.word("wanted")
    if case.rejection.kind == "map-type-helper":
        found, wanted = case.word("map_name"), ""
    where = case.word("callee") or case.word("helper")
    if not found:
        return None
    if case.rejection.kind in _GONE:
        wanted = ""
    return {
        "picture": "types",
        "slot": case.word("slot"),
        "found": found,
        "claim": case.word("claim"),
        "wanted": [one for one in wanted.split("; ") if one],
        "where": where or case.rejection.at.text,
    }


def still_held(case: Case) -> Picture | None:
    start = case.number("alloc")
    if case.state is None:
        return None
    timeline = case.verdict.timeline
    path = timeline.path(len(timeline.steps) - 1)
    pcs = [timeline.steps[index].pc for index in path]
    if start is None or start not in pcs:
        return None
    texts = {line.pc: line for line in timeline.listing}
    last = len(pcs) - 1 - pcs[::-1].index(start)
    steps = [texts[pc] for pc in pcs[last:] if pc in texts]
    ways = [s for s in steps[1:-1] if s.kind in ("branch", "call")]
    shown = [steps[0], *ways[-MOST_WAYS:], *steps[-1:]]
    return {
        "picture": "held",
        "steps": [[line.pc, line.text] for line in shown],
        "count": len(steps),
    }


# ---- answers, frames, fields ---------------------------------------------------


def answers(case: Case) -> Picture | None:
    least, most = case.number("least"), case.number("most")
    low, high = case.number("smin"), case.number("smax")
    if low is None and case.word("claim"):
        low, high = case.value.bound("smin"), case.value.bound("smax")
    if None in (least, most, low, high):
        return None
    names = hook_of(case.program.type).returns if case.program else {}
    return {
        "picture": "range",
        "allowed": [least, most],
        "possible": [str(low), str(high)],
        "names": [[number, name] for number, name in sorted(names.items())],
    }


def stack_depth(case: Case) -> Picture | None:
    size = case.number("size")
    if size is None:
        return None
    told = case.log.stack_depth.split("+")
    frames = [int(one) for one in told if one.isdecimal()]
    return {
        "picture": "depth",
        "frames": frames if sum(frames) == size else [size],
        "limit": STACK if case.rejection.kind == "stack-too-large" else WITH_TAIL_CALLS,
    }


def context_fields(case: Case) -> Picture | None:
    off, size = case.number("off"), case.number("size")
    if case.program is None or off is None or size is None:
        return None
    hook = hook_of(case.program.type)
    attach = hook.attach_type(case.program.expected_attach_type)
    right = "write" if case.does == "write" else "read"
    rows = [
        [field.name, field.offset, field.size, _allows(field, right, attach)]
        for field in sorted(hook.fields, key=lambda one: one.offset)
    ]
    if not rows:
        return None
    return {
        "picture": "fields",
        "context": hook.context,
        "total": hook.context_size,
        "rows": rows,
        "off": off,
        "size": size,
        "right": right,
    }


def _allows(field: ContextField, right: str, attach: str) -> bool:
    return bool(field.rights(right, attach).allows(field.size, 0, field.size))
