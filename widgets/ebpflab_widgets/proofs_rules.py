"""Proofs about rules: a loop's progress, types, rights, fields, what comes after what.

Not here: pictures of memory (`proofs_memory.py`), of numbers (`proofs_numbers.py`), of
the way through the program (`proofs_ways.py`), the table (`proofs.py`).
"""

from ebpflab.hooks import HOOKS, hook_of
from ebpflab.hooks.hook import ContextField
from ebpflab.logs.states import State, read_state
from ebpflab_widgets.rejection_case import Case, Picture

RIGHTS: dict[str, tuple[str, ...]] = {  # kind: what is allowed all the same
    "map-write-forbidden": ("read",),
    "map-read-forbidden": ("write",),
    "packet-write": ("read",),
    "map-struct-write": ("read",),
    "struct-write": ("read",),
    "read-only-write": ("read",),
    "frame-pointer-write": ("read",),
    "special-field": (),
}
SOCKETS = ("sock", "sock_common")  # as a claim calls a pointer to one
EMPTY, FILLED, RELEASED = 0, 1, 2
STAGES = {  # kind: of what, the stage it is in, the stage it must be in
    "dynptr-expected": ("dynptr", EMPTY, FILLED),
    "dynptr-initialized": ("dynptr", FILLED, EMPTY),
    "dynptr-overwrite": ("dynptr", FILLED, RELEASED),
    "iterator-expected": ("iter", EMPTY, FILLED),
    "iterator-initialized": ("iter", FILLED, EMPTY),
}
CALLS = {  # what fills it, uses it and gives it back
    "dynptr": [
        "bpf_ringbuf_reserve_dynptr, bpf_dynptr_from_mem",
        "bpf_dynptr_read, _write, _data",
        "bpf_ringbuf_submit_dynptr, _discard_dynptr",
    ],
    "iter": ["bpf_iter_…_new", "bpf_iter_…_next", "bpf_iter_…_destroy"],
}
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
    found = case.held or case.word("found_words")
    wanted = case.word("wanted_words") or case.word("wanted")
    if case.rejection.kind == "map-type-helper":
        found, wanted = case.word("map_name"), ""
    where = case.word("name") or case.word("callee") or case.word("helper")
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


def rights(case: Case) -> Picture | None:
    """What may be done to an object at all, and what was asked."""
    if not case.held:
        return None
    kind = case.rejection.kind
    allowed = RIGHTS[kind]
    is_register = kind == "frame-pointer-write"  # not where it points to
    asked = case.does if case.does not in allowed else "write"
    return {
        "picture": "rights",
        "slot": "" if is_register else case.word("slot"),
        "object": case.word("slot") if is_register else case.held,
        "rows": [[right, right in allowed] for right in ("read", "write")],
        "asked": asked,
    }


def stages(case: Case) -> Picture | None:
    """The life of a dynptr or an iterator: where it is, and where it must be."""
    kind = case.rejection.kind
    of, found, wanted = STAGES[kind]
    helper = case.word("helper") or case.rejection.at.text
    return {
        "picture": "stages",
        "of": of,
        "calls": CALLS[of],
        "found": found,
        "wanted": wanted,
        "holds": _held_on_stack(case),
        "where": helper,
    }


def _held_on_stack(case: Case) -> list[list[str]]:
    """Return the slots that hold a dynptr or an iterator: name, claim."""
    if case.state is None:
        return []
    told = case.state.claims.items()
    return [[n, c] for n, c in told if c.startswith(("dynptr_", "iter_"))]


# ---- fields --------------------------------------------------------------------


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
        "of": "context",
        "context": hook.context,
        "total": hook.context_size,
        "rows": rows,
        "off": off,
        "size": size,
        "right": right,
    }


def socket_fields(case: Case) -> Picture | None:
    """The fields of a socket that a load may read, and the one that was asked for."""
    off, size, kind = case.number("off"), case.number("size"), case.value.type
    if off is None or size is None or kind not in SOCKETS:
        return None
    from ebpflab.verifier.check_sock import ONLY_FULL  # once a picture needs it

    seen = HOOKS["cgroup_sock"]
    hidden = ONLY_FULL if kind == "sock_common" else ()
    rows = [
        [one.name, one.offset, one.size, one.offset not in hidden]
        for one in sorted(seen.fields, key=lambda one: one.offset)
    ]
    return {
        "picture": "fields",
        "of": "socket",
        "context": seen.context,
        "total": seen.context_size,
        "rows": rows,
        "off": off,
        "size": size,
        "right": "read",
    }


def _allows(field: ContextField, right: str, attach: str) -> bool:
    return bool(field.rights(right, attach).allows(field.size, 0, field.size))
