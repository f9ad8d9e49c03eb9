"""Proofs about numbers: what may be answered or passed, limits, multiples.

Not here: bytes of an object (`proofs_memory.py`), which kind has which (`proofs.py`).
"""

import re

from ebpflab.hooks import hook_of
from ebpflab.isa.helper_ids import HELPER_NAMES
from ebpflab_widgets.proofs_encoding import functions
from ebpflab_widgets.rejection_case import Case, Picture

STACK = 512  # bytes of all functions on the way together
WITH_TAIL_CALLS = 256  # bytes, of a function that is followed by a tail call
FAR = 1 << 29  # bytes: the verifier follows no size and no offset beyond
LIMITS = {  # kind: the most that Linux allows
    "too-complex": 1_000_000,
    "call-too-deep": 8,
    "too-many-branches": 8_192,
    "too-many-functions": 256,
}
PASSED = {  # kind: what may be passed or added, both ends included
    "argument-size-negative": (0, FAR - 1),
    "argument-size-unbounded": (0, FAR - 1),
    "zero-size-read": (1, FAR - 1),
    "math-unbounded": (-FAR + 1, FAR - 1),
    "math-too-large": (-FAR + 1, FAR - 1),
}
DYNPTR = 16  # bytes of the stack
_LINE = re.compile(r"insn_off:(\d+) \(prev_offset:(\d+) prog->len:(\d+)\)")
BESIDE = 1  # blocks shown beside those that an access touches


def answers(case: Case) -> Picture | None:
    least, most = case.number("least"), case.number("most")
    low, high = case.number("smin"), case.number("smax")
    if low is None and case.word("claim"):
        low, high = case.value.bound("smin"), case.value.bound("smax")
    if least is None or most is None or low is None or high is None:
        return None
    if case.rejection.kind == "callback-return":
        return _range("callback", (least, most), (low, high))
    names = hook_of(case.program.type).returns if case.program else {}
    numbered = [[number, name] for number, name in sorted(names.items())]
    return _range("answer", (least, most), (low, high)) | {"names": numbered}


def _range(of: str, allowed: tuple[int, int], possible: tuple[int, int]) -> Picture:
    return {
        "picture": "range",
        "of": of,  # answer, callback, size, move, shift, constant, number, place, line
        "allowed": [str(end) for end in allowed],
        "possible": [str(end) for end in possible],
        "names": [],
    }


def passed(case: Case) -> Picture | None:
    """What a helper or a sum is given, and what it may be given."""
    kind, constant = case.rejection.kind, case.number("value")
    if constant is not None:
        ends = constant, constant
    elif case.word("claim"):
        ends = case.value.bound("smin"), case.value.bound("smax")
    else:
        return None
    of = "move" if kind.startswith("math") else "size"
    return _range(of, PASSED[kind], ends)


def shift(case: Case) -> Picture | None:
    value = case.number("value")
    if value is None:
        return None
    most = 31 if case.rejection.at.text.startswith("w") else 63
    return _range("shift", (0, most), (value, value))


def one_number(case: Case) -> Picture | None:
    """What must be known when the program is loaded, and may be many numbers."""
    if not case.word("claim") or case.value.is_pointer:
        return None
    ends = case.value.bound("smin"), case.value.bound("smax")
    return _range("constant", ends, ends) | {"allowed": []}


def helper_number(case: Case) -> Picture | None:
    """The number of a helper that there is not, among those that there are."""
    _, _, number = case.word("callee").rpartition("#")
    if not number.isdecimal():
        return None
    return _range("number", (1, max(HELPER_NAMES)), (int(number), int(number)))


def value_place(case: Case) -> Picture | None:
    """A byte of a map's value that the program text names, and those that exist."""
    off, size = case.number("off"), case.number("limit")
    if off is None or size is None:
        return None
    return _range("place", (0, size - 1), (off, off))


def line_record(case: Case) -> Picture | None:
    """The instruction that a line record names, and those that it may name."""
    told = _LINE.search(case.word("what"))
    if told is None:
        return None
    number, before, count = map(int, told.groups())
    least = before + 1 if case.number("number") else 0
    return _range("line", (least, count - 1), (number, number))


# ---- limits, multiples ---------------------------------------------------------


def stack_depth(case: Case) -> Picture | None:
    size = case.number("size")
    if size is None:
        return None
    told = case.log.stack_depth.split("+")
    frames = [int(one) for one in told if one.isdecimal()]
    limit = STACK if case.rejection.kind == "stack-too-large" else WITH_TAIL_CALLS
    return {
        "picture": "depth",
        "frames": frames if sum(frames) == size else [size],
        "limit": limit,
        "of": "stack",
    }


def too_many(case: Case) -> Picture | None:
    count, kind = case.number("count"), case.rejection.kind
    if kind == "too-many-functions" and case.program:
        count = sum(1 for _ in functions(case))
    if count is None:
        return None
    return {"picture": "depth", "frames": [count], "limit": LIMITS[kind], "of": kind}


def aligned(case: Case) -> Picture | None:
    """Where an access falls among the multiples of its size, bytes."""
    parts = case.word("sum").split("+") if case.word("sum") else [case.word("off")]
    size = case.number("size") or DYNPTR
    unit = min(size, 8)
    try:
        at = sum(int(part.strip("()")) for part in parts)
    except ValueError:  # a place that is not known exactly
        return None
    if at % unit == 0:
        return None
    low, high = at // unit - BESIDE, -(-(at + size) // unit) + BESIDE
    first, end = (low, min(high, 0)) if at < 0 else (max(low, 0), high)
    return {
        "picture": "aligned",
        "at": at,
        "size": size,
        "unit": unit,
        "parts": [part for part in parts if part != "0"],
        "first": first * unit,
        "blocks": end - first,
    }
