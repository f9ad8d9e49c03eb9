"""Whole random programs against the real kernel: helpers, maps, packets, loops, calls.

Each program is put together from pieces, each piece a few lines that do one thing with
random operands and mix what came out into r7 and r8. The kernel's verifier must take
the program; then both sides run it, and return value, packet, records and maps must be
equal. Arithmetic and control flow have a file of their own (test_vm_against_linux.py).
"""

import dataclasses
import random
import re
import struct
from collections.abc import Callable
from typing import Any

import pytest

import ebpflab as lab
from ebpflab.helpers import HELPERS
from ebpflab.isa.helper_ids import HELPER_IDS
from ebpflab.maps.hash import Hash
from ebpflab.vm.machine import Machine
from tests.engine.test_vm_against_linux import arithmetic

PACKET = bytes(range(100))
MAPS = (
    lab.MapSpec("array", 4, 8, 4, name="array"),
    lab.MapSpec("hash", 4, 8, 4, name="hash"),
    lab.MapSpec("percpu_array", 4, 8, 4, name="percpu_array"),
    lab.MapSpec("percpu_hash", 4, 8, 4, name="percpu_hash"),
    lab.MapSpec("lru_hash", 4, 8, 64, name="lru_hash"),
    lab.MapSpec("queue", 0, 8, 3, name="queue"),
    lab.MapSpec("stack", 0, 8, 3, name="stack"),
    lab.MapSpec("ringbuf", 0, 0, 4096, name="ringbuf"),
)
KEYED = [spec.name for spec in MAPS if spec.key_size]
PROLOGUE = "r6 = r1\nr1 = 0\n" + "".join(
    f"*(u64 *)(r10 -{8 * i}) = {i * 0x01020304}\n" for i in range(1, 9)
)
EPILOGUE = "w0 = w7\nw0 ^= w8\nr7 >>= 32\nw0 ^= w7\nexit\n"
FUNCTIONS = {
    "twice": """r0 = r1
r0 *= 2
r0 ^= r2
*(u64 *)(r10 -8) = r0
r0 = *(u32 *)(r10 -8)
exit
""",
    "round": """r3 = *(u64 *)(r2 +0)
r3 += r1
r3 *= 3
*(u64 *)(r2 +0) = r3
r0 = 0
if r1 < 5 goto out
r0 = 1
out: exit
""",
    "each": """r5 = *(u64 *)(r3 +0)
r1 = *(u32 *)(r2 +0)
r5 += r1
*(u64 *)(r3 +0) = r5
r1 = *(u64 *)(r4 +0)
r1 += r5
*(u64 *)(r4 +0) = r1
r0 = 0
exit
""",
}

Piece = Callable[[random.Random, int], str]


def compute(chance: random.Random, number: int) -> str:
    """Return a line of arithmetic on r7 and r8."""
    line = arithmetic(chance)
    return re.sub(r"\b([rw])([67])\b", lambda m: f"{m[1]}{int(m[2]) + 1}", line)


def atomic(chance: random.Random, number: int) -> str:
    """Return an atomic on the stack; some give the old value back."""
    letter, bits = chance.choice((("r", "64"), ("w", "32")))
    place = f"*(u{bits} *)(r10 -16)"
    symbol, name = chance.choice(ATOMICS)
    fetch = f"atomic{bits if bits == '64' else ''}_fetch_{name}"
    lines = (
        f"lock {place} {symbol} {letter}7",
        f"{letter}8 = {fetch}({place[1:]}, {letter}8)",
    )
    return chance.choice(lines)


ATOMICS = (("+=", "add"), ("|=", "or"), ("&=", "and"), ("^=", "xor"))


def loop(chance: random.Random, number: int) -> str:
    rounds = chance.randint(1, 9)
    body = f"loop{number}: r7 += r9\nr7 *= 5\nr9 -= 1"
    return f"r9 = {rounds}\n{body}\nif r9 != 0 goto loop{number}"


def local_call(chance: random.Random, number: int) -> str:
    return "r1 = r7\nr2 = r8\ncall twice\nr8 += r0"


def callback(chance: random.Random, number: int) -> str:
    if chance.random() < 0.5:
        rounds, flags = chance.choice((0, 1, 3, 20)), chance.choice((0, 0, 0, 1))
        head = f"r1 = {rounds}\nr2 = round ll\nr3 = r10\nr3 += -24\nr4 = {flags}"
        return f"{head}\ncall bpf_loop\nr7 += r0\nr1 = *(u64 *)(r10 -24)\nr8 ^= r1"
    name = chance.choice(("array", "percpu_array", "hash"))
    head = f"r1 = {name} ll\nr2 = each ll\nr3 = r10\nr3 += -24\nr4 = 0"
    return f"{head}\ncall bpf_for_each_map_elem\nr7 += r0"


def _key(chance: random.Random) -> str:
    return f"*(u32 *)(r10 -28) = {chance.randrange(6)}\nr2 = r10\nr2 += -28"


def map_value(chance: random.Random, number: int) -> str:
    """Return a lookup, and a change of what it finds."""
    name = chance.choice(KEYED)
    found = f"{_key(chance)}\nr1 = {name} ll\ncall bpf_map_lookup_elem"
    return (
        f"{found}\nif r0 == 0 goto none{number}\nr1 = *(u64 *)(r0 +0)\nr7 ^= r1\n"
        f"*(u32 *)(r0 +4) = r8\nnone{number}:"
    )


def map_change(chance: random.Random, number: int) -> str:
    name = chance.choice(KEYED)
    if chance.random() < 0.3 and "array" not in name:
        change = f"{_key(chance)}\nr1 = {name} ll\ncall bpf_map_delete_elem"
    else:
        flags = chance.choice((0, 0, 1, 2, 7))
        change = (
            f"*(u64 *)(r10 -40) = r7\n{_key(chance)}\nr3 = r10\nr3 += -40\n"
            f"r4 = {flags}\nr1 = {name} ll\ncall bpf_map_update_elem"
        )
    return f"{change}\nr8 += r0"


def sequence(chance: random.Random, number: int) -> str:
    name, kind = (
        chance.choice(("queue", "stack")),
        chance.choice(("push", "pop", "peek")),
    )
    flags = f"r3 = {chance.choice((0, 0, 2, 1))}\n" if kind == "push" else ""
    store = "*(u64 *)(r10 -40) = r7\n" if kind == "push" else ""
    return (
        f"{store}r2 = r10\nr2 += -40\n{flags}r1 = {name} ll\n"
        f"call bpf_map_{kind}_elem\nr8 += r0\nr1 = *(u64 *)(r10 -40)\nr7 ^= r1"
    )


def record(chance: random.Random, number: int) -> str:
    if chance.random() < 0.5:
        size, flags = chance.choice((1, 8, 13, 32)), chance.choice((0, 1, 2, 4))
        return (
            f"r1 = ringbuf ll\nr2 = r10\nr2 += -64\nr3 = {size}\nr4 = {flags}\n"
            "call bpf_ringbuf_output\nr8 += r0"
        )
    end = chance.choice(("submit", "discard"))
    size = chance.choice((8, 24, 1000, 5000))
    return (
        f"r1 = ringbuf ll\nr2 = {size}\nr3 = {chance.choice((0, 0, 1))}\n"
        f"call bpf_ringbuf_reserve\nif r0 == 0 goto full{number}\n"
        + "".join(f"*(u64 *)(r0 +{at}) = r7\n" for at in range(0, min(size, 24), 8))
        + (
            f"r1 = r0\nr2 = 0\ncall bpf_ringbuf_{end}\nr8 += 1\nfull{number}:"
            if size <= 24
            else f"r1 = r0\nr2 = 0\ncall bpf_ringbuf_discard\nfull{number}:"
        )
    )


def sums(chance: random.Random, number: int) -> str:
    old, new = (chance.choice((0, 4, 8, 16)) for _ in range(2))
    return (
        f"r1 = r10\nr1 += -64\nr2 = {old}\nr3 = r10\nr3 += -48\nr4 = {new}\n"
        "w5 = w7\ncall bpf_csum_diff\nr8 += r0"
    )


TEXTS = (
    "12",
    " -7",
    "0x1f",
    "077",
    "99999999",
    "-0",
    "abc",
    "+5",
    "0x",
    "08",
    "  ",
    "\t3",
)


def number_text(chance: random.Random, number: int) -> str:
    text = chance.choice(TEXTS).encode().ljust(8, b"\0")
    value, kind = int.from_bytes(text, "little"), chance.choice(("strtol", "strtoul"))
    base = chance.choice((0, 8, 10, 16, 2, 33))
    size = chance.choice((1, 2, 4, 8))
    return (
        f"r1 = {value:#x} ll\n*(u64 *)(r10 -40) = r1\n"
        f"r1 = r10\nr1 += -40\nr2 = {size}\n"
        f"r3 = {base}\nr4 = r10\nr4 += -24\ncall bpf_{kind}\nr8 += r0\n"
        "r1 = *(u64 *)(r10 -24)\nr7 ^= r1"
    )


def xdp_move(chance: random.Random, number: int) -> str:
    kind = chance.choice(("head", "tail", "meta"))
    delta = chance.choice(
        (-300, -216, -40, -32, -8, -4, -2, 0, 4, 8, 20, 80, 200, 4000)
    )
    return f"r1 = r6\nr2 = {delta}\ncall bpf_xdp_adjust_{kind}\nr8 ^= r0"


def xdp_bytes(chance: random.Random, number: int) -> str:
    kind = chance.choice(("load", "store"))
    offset, size = chance.choice((0, 5, 13, 90, 99, 70000)), chance.choice((1, 8, 24))
    return (
        f"r1 = r6\nr2 = {offset}\nr3 = r10\nr3 += -64\nr4 = {size}\n"
        f"call bpf_xdp_{kind}_bytes\nr8 ^= r0\nr1 = *(u64 *)(r10 -64)\nr7 ^= r1\n"
        "r1 = r6\ncall bpf_xdp_get_buff_len\nr8 += r0"
    )


def skb_bytes(chance: random.Random, number: int) -> str:
    offset, size = chance.choice((0, 5, 13, 90, 99, 70000)), chance.choice((1, 8, 24))
    place = f"r1 = r6\nr2 = {offset}\nr3 = r10\nr3 += -64\nr4 = {size}\n"
    kind = chance.choice(("load", "store", "relative"))
    call = {
        "load": "call bpf_skb_load_bytes",
        "store": f"r5 = {chance.choice((0, 0, 4))}\ncall bpf_skb_store_bytes",
        "relative": f"r5 = {chance.randrange(3)}\ncall bpf_skb_load_bytes_relative",
    }[kind]
    return f"{place}{call}\nr8 ^= r0\nr1 = *(u64 *)(r10 -64)\nr7 ^= r1"


def skb_size(chance: random.Random, number: int) -> str:
    kind = chance.choice(("tail", "head", "push", "pop", "pull"))
    length = chance.choice((0, 10, 14, 20, 60, 99, 140, 2000))
    room = chance.choice((0, 4, 14, 20, 60))
    flags = chance.choice((0, 0, 0, 1))
    call = {
        "tail": f"r2 = {length}\nr3 = {flags}\ncall bpf_skb_change_tail",
        "head": f"r2 = {room}\nr3 = {flags}\ncall bpf_skb_change_head",
        "push": f"r2 = {chance.choice((0x81, 0xA888, 8))}\n"
        f"r3 = {chance.randrange(4096)}\ncall bpf_skb_vlan_push",
        "pop": "call bpf_skb_vlan_pop",
        "pull": f"r2 = {length}\ncall bpf_skb_pull_data",
    }[kind]
    fields = "".join(
        f"r1 = *(u32 *)(r6 +{at})\nr7 += r1\nr7 *= 7\n" for at in (0, 16, 20, 24, 28)
    )
    return f"r1 = r6\n{call}\nr8 ^= r0\n{fields}"


def skb_sums(chance: random.Random, number: int) -> str:
    layer, size = chance.choice("34"), chance.choice((0, 2, 4, 3))
    flags = size | (chance.choice((0, 0x10, 0x20, 0x60, 0x100)) if layer == "4" else 0)
    old = "0" if size == 0 and chance.random() < 0.7 else "r7"
    return (
        f"r1 = r6\nr2 = {chance.choice((24, 50, 99, 25, 400))}\nr3 = {old}\nr4 = r8\n"
        f"r5 = {flags}\ncall bpf_l{layer}_csum_replace\nr8 ^= r0"
    )


def skb_facts(chance: random.Random, number: int) -> str:
    kind = chance.choice(
        ("change_type", "mark", "old", "route", "class", "csum", "hash")
    )
    calls = {
        "change_type": f"r1 = r6\nr2 = {chance.randrange(6)}\n"
        "call bpf_skb_change_type\nr8 ^= r0\nr0 = *(u32 *)(r6 +4)",
        "mark": "*(u32 *)(r6 +8) = r7\nr0 = *(u16 *)(r6 +8)",
        "old": f"r0 = *(u16 *)skb[{chance.randrange(60)}]",
        "route": "r1 = r6\ncall bpf_get_route_realm",
        "class": "r1 = r6\ncall bpf_get_cgroup_classid",
        "csum": "r1 = r6\nr2 = 1\ncall bpf_csum_update",
        "hash": "r1 = r6\nr2 = r7\ncall bpf_set_hash\nr8 += r0\nr0 = *(u32 *)(r6 +68)",
    }
    return f"{calls[kind]}\nr8 ^= r0"


ANYWHERE = (
    *(compute, compute, atomic, loop, local_call, callback, map_value, map_change),
    *(map_change, sequence, record, sums, number_text),
)
PIECES: dict[str, tuple[Piece, ...]] = {
    "xdp": (*ANYWHERE, xdp_move, xdp_move, xdp_bytes, xdp_bytes),
    "sched_cls": (*ANYWHERE, skb_bytes, skb_size, skb_size, skb_sums, skb_facts),
}


def program(type: str, seed: int) -> lab.Program:
    """Put one program together."""
    chance = random.Random(f"{type} {seed}")
    lines = [f"r{n} = {chance.getrandbits(64):#x} ll" for n in (7, 8)]
    lines += [chance.choice(PIECES[type])(chance, number) for number in range(8)]
    body = PROLOGUE + "\n".join(lines) + "\n" + EPILOGUE
    used = [name for name in FUNCTIONS if name in body]
    text = body + "".join(f"{name}: {FUNCTIONS[name]}" for name in used)
    made = lab.assemble(text, type=type, maps=MAPS)
    if not used:
        return made
    starts = [0, *(_start(body, used, name) for name in used)]
    info = b"".join(struct.pack("<II", start, FUNCTION) for start in starts)
    return dataclasses.replace(made, btf=TYPES, func_info=info)


def _start(body: str, used: list[str], name: str) -> int:
    """Return the slot at which a function begins: what stands before it is as long."""
    before = used[: used.index(name)]
    text = body + "".join(f"{name}: {FUNCTIONS[name]}" for name in before)
    calls = re.sub(r"\b(call|r2 =) (twice|round|each)( ll)?", _of_same_size, text)
    return len(lab.assemble(calls, type="raw", maps=MAPS).insns)


def _of_same_size(call: re.Match[str]) -> str:
    return "r2 = 0 ll" if call[3] else "r2 = 0"


def _types() -> bytes:
    """Return the type information without which the kernel takes no callback."""
    names = b"\0int\0function\0"
    int_, proto, function = (
        (1, 1 << 24, 4, 1 << 24 | 32),
        (0, 13 << 24, 1),
        (5, 12 << 24, 2),
    )
    types = b"".join(struct.pack(f"<{len(t)}I", *t) for t in (int_, proto, function))
    sizes = (24, 0, len(types), len(types), len(names))
    return struct.pack("<HBBIIIII", 0xEB9F, 1, 0, *sizes) + types + names


TYPES, FUNCTION = _types(), 3  # the id of "function" in it


def as_linux(map: lab.Map) -> dict[bytes, bytes]:
    held = {}
    for key, value in map.items() if map.spec.key_size else ():
        held[key] = b"".join(value) if isinstance(value, list) else value
    return held


def answer(run: lab.Run) -> tuple[Any, ...]:
    """Return all that a run answered."""
    maps = {
        name: as_linux(map) if isinstance(map, lab.Map) else map
        for name, map in run.maps.items()
    }
    maps.pop("queue", None), maps.pop("stack", None), maps.pop("ringbuf", None)
    return run.retval, run.data, run.events, maps


def differences(type: str, seeds: range) -> list[str]:
    """Return the seeds whose programs differ; few may be refused by the kernel."""
    found, refused = [], 0
    for seed in seeds:
        made = program(type, seed)
        try:
            there = lab.linux.run(made, PACKET)
        except lab.VerifierError:
            refused += 1
            continue
        if answer(lab.run(made, PACKET)) != answer(there):
            found.append(f"{type} {seed}")
    assert refused < len(seeds) / 10, f"{refused} of {len(seeds)} refused: a bad oracle"
    return found


PROGRAMS = 1_000  # of each type


@pytest.mark.parametrize("type", PIECES)
def test_random_programs_give_what_linux_gives(linux: None, type: str) -> None:
    assert differences(type, range(PROGRAMS)) == []


PLANTED = ("csum_diff", "strtol", "map_push_elem", "xdp_adjust_tail", "ringbuf_output")


@pytest.mark.parametrize("name", PLANTED)
def test_a_wrong_helper_is_found(
    linux: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    id = HELPER_IDS[name]
    wrong = dataclasses.replace(HELPERS[id], run=lambda env, *arguments: 5)
    monkeypatch.setitem(HELPERS, id, wrong)
    assert differences("xdp", range(150)) != []


def test_a_wrong_map_is_found(linux: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hash, "same_key", lambda self, key: bytes(len(key)))
    assert differences("xdp", range(150)) != []


def test_a_wrong_frame_is_found(linux: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted error: every callback is called with a count that is one too high."""
    plain = Machine._go_on

    def wrong(machine: Machine, helper: Any, asked: int | None) -> None:
        plain(machine, helper, asked)
        machine.regs[1] += machine.passed == 2

    monkeypatch.setattr(Machine, "_go_on", wrong)
    assert differences("sched_cls", range(150)) != []


def test_the_pieces_are_all_used() -> None:
    """Each helper that a piece names is called by some program."""
    named = set(re.findall(r"call bpf_(\w+)", "".join(_texts())))
    assert len(named) >= 28


def _texts() -> list[str]:
    chance = random.Random(1)
    pieces = {piece for kinds in PIECES.values() for piece in kinds}
    return [piece(chance, 0) for piece in pieces for _ in range(50)]
