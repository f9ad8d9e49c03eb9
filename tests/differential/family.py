"""A family of programs: pieces of text, put together at random.

Each piece does one thing and keeps to a few rules, so that pieces fit each other:

    r6      the context            r0 to r5  free
    r7, r8  numbers                r9        free, a number between pieces
    r10 -64 to r10 -1  written; a piece may write there

Half of the programs are meant to be right; in the others some choices are wrong (see
template.py). Any piece may end up behind a test, or in a family with the general ones.
Functions of a program stand behind its end; where one needs types (a callback, a
global function), the program has type information for all of them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import ebpflab as lab
from ebpflab.btf import BtfWriter, Kind
from ebpflab.btf.kernel import kernel_btf
from ebpflab.isa.codec import encode
from ebpflab.isa.insn import Insn
from tests.differential.blueprints import blueprints
from tests.differential.general import GENERAL, numbers
from tests.differential.template import Chooser

Piece = str | Callable[[Chooser], str]
_MAP_NAMED = re.compile(r"= (\w+) ll|map\[name:(\w+)\]")
_KFUNC = re.compile(r"\bkfunc (\w+)")
_KSYM = re.compile(r"^(r\d) = ksym (\w+)$", re.MULTILINE)
_BEHIND_A_TEST = 0.25
STATIC, GLOBAL = 0, 1

_START = "r6 = r1\n" + "".join(f"*(u64 *)(r10 -{at}) = 0\n" for at in range(8, 72, 8))
ENDS_WITH_1 = ("recvmsg", "getpeername", "getsockname")


@dataclass(frozen=True, slots=True)
class Function:
    """A function that pieces may call; its parameters go by C type and name."""

    text: str
    parameters: str = ""  # "u64 a, ctx *c, record *p, record *q arg:nonnull"
    returns: str = "int"
    linkage: int = STATIC
    needs_types: bool = False  # Linux wants its type: a callback, a global function


@dataclass(frozen=True, slots=True)
class Family:
    """What programs are made of.

    `types` are written as type[/attach type][@target][!flags], one is chosen.
    """

    name: str
    pieces: Sequence[Piece]
    types: Sequence[str] = ("xdp", "sched_cls", "socket_filter", "cgroup_skb")
    start: str = ""
    end: str = ""  # instead of the usual one
    general: float = 0.4  # how many of the pieces are general ones
    functions: Mapping[str, Function] = field(default_factory=dict)
    licenses: Sequence[str] = ("GPL",)
    count: int = 6  # pieces of a program, at most

    def make(self, seed: int) -> lab.Program:
        """Return the program of a seed: always the same."""
        chooser = Chooser(f"{self.name} {seed}", may_be_wrong=seed % 2 == 1)
        kind = _kind(chooser.chance.choice(self.types))
        body = [_START + numbers(chooser), chooser.fill(self.start)]
        for _ in range(chooser.chance.randint(1, self.count)):
            body.append(self._piece(chooser))
        body.append(chooser.fill(self.end or _end(kind)))
        text = "\n".join(body) + "\n"
        license = chooser.chance.choice(self.licenses)
        return replace(assembled(text, self.functions, chooser, kind), license=license)

    def _piece(self, chooser: Chooser) -> str:
        own = not chooser.happens(self.general)
        piece = chooser.chance.choice(self.pieces if own else GENERAL)
        text = chooser.fill(piece(chooser) if callable(piece) else piece)
        if chooser.happens(_BEHIND_A_TEST):
            test = chooser.fill("if {r7~r8~w7} {==~!=~>~s<~&} {0~1~5~64} goto after#")
            text = f"{test}\n{text}\n{test.rpartition(' ')[2]}:"
        return text


def _kind(text: str) -> dict[str, Any]:
    """Read type[/attach type][@target][!flags]."""
    found = re.fullmatch(r"(\w+)(?:/(\w+))?(?:@([\w.]+))?(?:!(\d+))?", text)
    assert found, text
    return {
        "type": found[1],
        "expected_attach_type": found[2],
        "attach_to": found[3],
        "flags": int(found[4] or 0),
    }


def _end(kind: Mapping[str, Any]) -> str:
    answer = "1" if str(kind["expected_attach_type"]).endswith(ENDS_WITH_1) else "{0~1}"
    if kind["type"] == "tracing" or kind["type"] == "flow_dissector":
        answer = "0"
    return f"r0 = {answer}\nexit"


def assembled(
    text: str,
    functions: Mapping[str, Function],
    chooser: Chooser,
    kind: Mapping[str, Any],
) -> lab.Program:
    """Return the program of a text, with the functions and maps that it names."""
    used = _used(text, functions)
    starts = []
    for name in used:
        starts.append(slots(text))
        text += f"{name}:\n{chooser.fill(functions[name].text)}\n"
    known = blueprints()
    named = [a or b for a, b in _MAP_NAMED.findall(text)]
    maps = [known[name] for name in dict.fromkeys(named) if name in known]
    text = _KSYM.sub(_address_of, _KFUNC.sub(_call_of, text))
    made = lab.assemble(text, type=kind["type"], maps=maps)
    made = replace(made, **{k: v for k, v in kind.items() if k != "type"})
    needed = any(functions[name].needs_types for name in used)
    if not needed and (not used or chooser.happens(0.5)):
        return made
    return typed(made, [functions[name] for name in used], used, starts)


def _used(text: str, functions: Mapping[str, Function]) -> list[str]:
    """Return the functions that are called, those that they call with them."""
    used: list[str] = []
    waiting = [text]
    while waiting:
        words = set(re.findall(r"(?:call|=) (\w+)", waiting.pop()))
        for name in functions:
            if name in words and name not in used:
                used.append(name)
                waiting.append(functions[name].text)
    return used


def slots(text: str) -> int:
    """Count the slots that a text takes: two for a 64-bit load."""
    lines = [line.strip() for line in text.splitlines()]
    code = [line for line in lines if line and not line.endswith(":")]
    return sum(2 if line.endswith(" ll") or " = ksym " in line else 1 for line in code)


def _call_of(found: re.Match[str]) -> str:
    """Name a function of the kernel by its number."""
    return f"kernel-function#{kernel_id(found[1], Kind.FUNC)}"


def _address_of(found: re.Match[str]) -> str:
    """Load the address of a variable of the kernel: two slots, as bytes."""
    id = kernel_id(found[2], Kind.VAR)
    code = encode([Insn(0x18, int(found[1][1:]), 3, imm=id)])
    low, high = (int.from_bytes(code[i : i + 8], "little") for i in (0, 8))
    return f".8byte {low:#x}, {high:#x}"


@cache
def kernel_id(name: str, kind: Kind) -> int:
    """Return the id of a thing in the kernel's types; 0 = it has none."""
    btf = kernel_btf()
    found = btf.find(name, kind) if btf else None
    return found.id if found else 0


def typed(
    program: lab.Program,
    functions: Sequence[Function],
    names: Sequence[str],
    starts: Sequence[int],
) -> lab.Program:
    """Return the program with the types of its functions."""
    types = BtfWriter()
    known = {
        "int": types.integer("int", 4, signed=True),
        "u32": types.integer("u32", 4),
        "u64": types.integer("u64", 8),
        "void": 0,
    }
    word = known["u64"]
    known["record"] = types.struct("record", [("a", word), ("b", word)])
    known["ctx"] = types.forward(CONTEXTS.get(program.type, "pt_regs"))
    main = Function("", f"{'ctx'} *ctx", linkage=GLOBAL)
    ids = [
        _described(types, known, name, function)
        for name, function in zip(("main", *names), (main, *functions), strict=True)
    ]
    rows = zip((0, *starts), ids, strict=True)
    info = b"".join(
        start.to_bytes(4, "little") + id.to_bytes(4, "little") for start, id in rows
    )
    return replace(program, btf=types.raw, func_info=info)


CONTEXTS = {
    "xdp": "xdp_md",
    **dict.fromkeys(
        ("sched_cls", "sched_act", "socket_filter", "cgroup_skb", "sk_skb"), "__sk_buff"
    ),
    "cgroup_sock_addr": "bpf_sock_addr",
    "sk_lookup": "bpf_sk_lookup",
    "perf_event": "bpf_perf_event_data",
}


def _described(
    types: BtfWriter, known: Mapping[str, int], name: str, function: Function
) -> int:
    rows, tags = [], []
    for index, text in enumerate(filter(None, function.parameters.split(", "))):
        type, parameter, *tagged = text.split()
        id = known[type]
        if parameter.startswith("*"):
            id = types.pointer(id)
        rows.append((parameter.lstrip("*"), id))
        tags += [(tag, index) for tag in tagged]
    prototype = types.prototype(known[function.returns], rows)
    id = types.function(name, prototype, function.linkage)
    for tag, index in tags:
        types.tag(tag, id, index)
    return id
