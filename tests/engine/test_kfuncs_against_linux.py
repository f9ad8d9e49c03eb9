"""What kfuncs answer and do, against Linux: random texts, numbers, objects."""

import random
import struct
from collections.abc import Callable
from dataclasses import replace

import pytest

import ebpflab as lab
from ebpflab.btf import Kind
from ebpflab.helpers import KFUNC_RUNS, kfunc_strings
from ebpflab.verifier.subprogs import add_subprogs
from tests.engine.kfunc_programs import TYPES, kernel, lookup
from tests.engine.kfunc_programs import program as from_words

PACKET = bytes(range(100, 164))
ROUNDS = 60
SLEEPABLE = 16


def program(text: str, type: str = "sched_cls", **told: int) -> lab.Program:
    """Return a program from short words; where it gives up is always in reach."""
    return from_words(f"if r1 == 0 goto END; {text}", type, **told)


def words(data: bytes, at: int) -> list[str]:
    """Return the lines that lay bytes on the stack, from an offset on."""
    whole = struct.unpack(f"<{len(data) // 8}Q", data)
    return [
        line
        for place, word in enumerate(whole)
        for line in (f"r1 = {word:#x} ll", f"*(u64 *)(r10 {at + 8 * place}) = r1")
    ]


def same(made: lab.Program, engine: str = "interpreter") -> None:
    here = lab.run(made, PACKET, engine=engine)
    there = lab.linux.run(made, PACKET)
    assert (here.retval, here.data) == (there.retval, there.data)


# ---- texts -----------------------------------------------------------------------

TEXT, OTHER = -64, -32
STRINGS = {
    "bpf_strcmp": "to",
    "bpf_strcasecmp": "to",
    "bpf_strlen": "t",
    "bpf_strnlen": "tn",
    "bpf_strchr": "tc",
    "bpf_strchrnul": "tc",
    "bpf_strnchr": "tnc",
    "bpf_strrchr": "tc",
    "bpf_strspn": "to",
    "bpf_strcspn": "to",
    "bpf_strstr": "to",
    "bpf_strnstr": "ton",
}


def text(chance: random.Random) -> bytes:
    size = chance.choice((0, 1, 2, 3, 5, 8, 20))
    letters = bytes(chance.choice(b"abAB\xe9") for _ in range(size))
    return letters.ljust(32, b"\0")


def text_program(name: str, seed: int) -> lab.Program:
    chance = random.Random(f"{name} {seed}")
    other = chance.choice((TEXT, TEXT + 1, OTHER, OTHER, OTHER))
    arguments = {
        "t": f"r{{}} = r10; r{{}} += {TEXT}",
        "o": f"r{{}} = r10; r{{}} += {other}",
        "n": f"r{{}} = {chance.choice((0, 1, 2, 3, 7, 20, 1 << 20))}",
        "c": f"r{{}} = {chance.choice(b'abAB')}",
    }
    if chance.random() < 0.1:
        arguments["t"] = "r{} = 0"
    if chance.random() < 0.1:
        arguments["o"] = "r{} = 0"
    lines = words(text(chance) + text(chance), TEXT)
    for number, kind in enumerate(STRINGS[name], 1):
        lines.append(arguments[kind].replace("{}", str(number)))
    return program("; ".join([*lines, f"call {name}; exit"]))


@pytest.mark.parametrize("name", STRINGS)
def test_texts_are_told_as_linux_tells_them(linux: None, name: str) -> None:
    for seed in range(ROUNDS):
        same(text_program(name, seed))


def test_a_wrong_text_is_found(linux: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kfunc_strings, "_lower", lambda byte: byte)
    with pytest.raises(AssertionError):
        test_texts_are_told_as_linux_tells_them(linux, "bpf_strcasecmp")


# ---- iterators -------------------------------------------------------------------

COUNT = """
r6 = 0; r1 = r10; r1 += -16; r2 = {start}; r3 = {end}; call bpf_iter_num_new;
r7 = r0;
NEXT: r1 = r10; r1 += -16; call bpf_iter_num_next; if r0 == 0 goto DONE;
r1 = *(s32 *)(r0 +0); r6 += r1; r6 *= 3; goto NEXT;
DONE: r1 = r10; r1 += -16; call bpf_iter_num_destroy;
r6 <<= 8; r6 += r7; r0 = r6; exit
"""
BITS = """
r6 = 0; r1 = r10; r1 += -16; r2 = r10; r2 += {at}; r3 = {count};
call bpf_iter_bits_new; r7 = r0;
NEXT: r1 = r10; r1 += -16; call bpf_iter_bits_next; if r0 == 0 goto DONE;
r1 = *(u32 *)(r0 +0); r6 += r1; r6 *= 3; goto NEXT;
DONE: r1 = r10; r1 += -16; call bpf_iter_bits_destroy;
r6 <<= 8; r6 += r7; r0 = r6; exit
"""


def whole(text: str) -> lab.Program:
    return program(" ".join(text.split()))


def test_numbers_are_counted_as_in_linux(linux: None) -> None:
    edges = [(5, 5), (6, 5), (-3, 4), (0, 1 << 23 | 1), (-(1 << 31), 0), (0, -1)]
    chance = random.Random(5)
    for _ in range(ROUNDS):
        start = chance.randrange(-50, 50)
        edges.append((start, start + chance.randrange(-2, 60)))
    for start, end in edges:
        same(whole(COUNT.format(start=start, end=end)))


def test_bits_are_gone_through_as_in_linux(linux: None) -> None:
    chance = random.Random(6)
    for _ in range(ROUNDS):
        count = chance.choice((0, 1, 1, 2, 3, 4))
        data = bytes(chance.choice((0, 0, 1, 0x80, 0xFF)) for _ in range(32))
        lines = "; ".join(words(data, -64))
        same(whole(f"{lines}; {BITS.format(at=-64, count=count)}"))


# ---- dynptrs of packets ----------------------------------------------------------

FROM = {"sched_cls": "skb", "xdp": "xdp", "cgroup_skb": "skb", "socket_filter": "skb"}
PLACES = (0, 1, 8, 30, 50, 60, 63, 64, 65, 4096)


def dynptr_step(chance: random.Random, place: int) -> str:
    """Return one use of the dynptr at -16, or of its clone at -32; r9 gathers."""
    which = chance.choice((-16, -16, -32))
    at, size = chance.choice(PLACES), chance.choice((1, 2, 8))
    first = f"r1 = r10; r1 += {which}"
    gather = "r9 *= 5; r9 += r0"
    kind = chance.choice(
        ("size", "null", "rdonly", "adjust", "slice", "memset", "copy")
    )
    match kind:
        case "size" | "null" | "rdonly":
            name = kind if kind == "size" else f"is_{kind}"
            cut = "" if kind == "size" else "; r0 &= 1"  # a bool: one byte is told
            return f"{first}; call bpf_dynptr_{name}{cut}; {gather}"
        case "adjust":
            end = chance.choice(PLACES)
            return f"{first}; r2 = {at}; r3 = {end}; call bpf_dynptr_adjust; {gather}"
        case "memset":
            fill = f"r2 = {at}; r3 = {size}; r4 = {chance.randrange(256)}"
            return f"{first}; {fill}; call bpf_dynptr_memset; {gather}"
        case "copy":
            other = f"r3 = r10; r3 += {chance.choice((-16, -32))}"
            rest = f"r4 = {chance.choice(PLACES)}; r5 = {size}"
            return (
                f"{first}; r2 = {at}; {other}; {rest}; call bpf_dynptr_copy; {gather}"
            )
        case _:
            name = chance.choice(("slice", "slice", "slice_rdwr"))
            wanted = f"r2 = {at}; r3 = r10; r3 += -48; r4 = 8"
            found = f"r1 = *(u8 *)(r0 +{chance.randrange(8)}); r9 *= 5; r9 += r1"
            if name == "slice_rdwr":
                found += "; *(u8 *)(r0 +0) = 7"
            call = f"{first}; {wanted}; call bpf_dynptr_{name}"
            return f"{call}; if r0 == 0 goto S{place}; {found}; S{place}: r9 += 1"


def dynptr_program(type: str, seed: int) -> lab.Program:
    chance = random.Random(f"{type} {seed}")
    flags = chance.choice((0, 0, 0, 0, 1))
    make = f"r2 = {flags}; r3 = r10; r3 += -16; call bpf_dynptr_from_{FROM[type]}"
    clone = "r1 = r10; r1 += -16; r2 = r10; r2 += -32; call bpf_dynptr_clone"
    steps = [dynptr_step(chance, n) for n in range(chance.randint(1, 4))]
    if type in ("cgroup_skb", "socket_filter"):
        steps = [s for s in steps if "rdwr" not in s and "memset" not in s] or [
            "r9 = 3"
        ]
    zero = "*(u64 *)(r10 -48) = 0"
    start = f"r9 = 0; {zero}; {make}; r9 += r0; {clone}; r9 += r0"
    last = "r0 = r9; r0 &= 1" if type == "cgroup_skb" else "w0 = w9"
    return program("; ".join([start, *steps, f"{last}; exit"]), type)


@pytest.mark.parametrize("type", FROM)
def test_dynptrs_of_packets_are_those_of_linux(linux: None, type: str) -> None:
    for seed in range(ROUNDS):
        same(dynptr_program(type, seed))


# ---- cpumasks --------------------------------------------------------------------

OF_CPU = ["set_cpu", "clear_cpu", "test_cpu", "test_and_set_cpu", "test_and_clear_cpu"]
OF_ONE = ["setall", "clear", "first", "first_zero", "empty", "full", "weight"]
OF_TWO = ["copy", "equal", "intersects", "subset", "first_and"]
OF_THREE = ["and", "or", "xor"]
NUMBERS = ["first", "first_zero", "first_and", "weight"]
SILENT = ["set_cpu", "clear_cpu", "setall", "clear", "copy", "or", "xor"]


def mask_program(seed: int) -> lab.Program:
    chance = random.Random(seed)
    lines = ["r9 = 0; call bpf_cpumask_create; if r0 == 0 goto END; r6 = r0"]
    lines += ["call bpf_cpumask_create; if r0 == 0 goto DROP; r7 = r0"]
    for _ in range(chance.randint(2, 9)):
        masks = [f"r{n} = r{chance.choice((6, 7))}" for n in range(1, 4)]
        name = chance.choice(OF_CPU + OF_ONE + OF_TWO + OF_THREE)
        if name in OF_CPU:
            masks = [f"r1 = {chance.choice((0, 1, 1, 2, 63, 64, 1000))}", masks[1]]
        else:
            count = 1 + (name in OF_TWO) + 2 * (name in OF_THREE)
            masks = masks[:count]
        kept = 1023 if name in NUMBERS else 1  # of a bool, one byte is told
        told = "" if name in SILENT else f"; r0 &= {kept}; r9 *= 7; r9 += r0"
        lines.append("; ".join([*masks, f"call bpf_cpumask_{name}{told}"]))
    lines.append("r1 = r7; call bpf_cpumask_release")
    lines.append("DROP: r1 = r6; call bpf_cpumask_release; w0 = w9; exit")
    return from_words("; ".join(lines), "syscall", flags=SLEEPABLE)


def test_cpumasks_are_those_of_linux(linux: None) -> None:
    for seed in range(2 * ROUNDS):
        made = mask_program(seed)
        assert lab.run(made).retval == lab.linux.run(made).retval, seed


# ---- objects, lists, trees -------------------------------------------------------

NEW = "r1 = {type}; r2 = 0; call bpf_obj_new_impl; if r0 == 0 goto END; r7 = r0"
LOCK, UNLOCK = "r1 = r6; call bpf_spin_lock", "r1 = r6; call bpf_spin_unlock"
LIST, TREE = 8, 24  # where they stand in a value
LESS = """
LESS: if r1 == 0 goto END; r3 = *(u64 *)(r1 -8); r4 = *(u64 *)(r2 -8); r0 = 0;
if r3 >= r4 goto OVER; r0 = 1; OVER: exit
"""


LOADS_LESS = "r3 = LESS ll"


def taken(label: int) -> str:
    """Lines behind a call that may give a node: gather its number, let go of it."""
    number = "r1 = *(u64 *)(r7 -8); r9 *= 5; r9 += r1; r1 = r7; r1 += -8; r2 = 0"
    keep = f"r7 = r0; {UNLOCK}; if r7 == 0 goto L{label}; {number}"
    return f"{keep}; call bpf_obj_drop_impl; L{label}: r9 += 1"


def list_step(chance: random.Random, label: int) -> str:
    end = chance.choice(("front", "back"))
    head = f"r1 = r6; r1 += {LIST}"
    if chance.random() < 0.5:
        return f"{LOCK}; {head}; call bpf_list_pop_{end}; {taken(label)}"
    new = f"{NEW.format(type=TYPES.in_list)}; *(u64 *)(r7 +0) = {chance.randrange(50)}"
    push = f"{head}; r2 = r7; r2 += 8; r3 = 0; r4 = 0; call bpf_list_push_{end}_impl"
    return f"{new}; {LOCK}; {push}; r8 = r0; {UNLOCK}; r9 += r8"


def tree_step(chance: random.Random, label: int) -> str:
    root = f"r1 = r6; r1 += {TREE}"
    if chance.random() < 0.4:
        first = f"{LOCK}; {root}; call bpf_rbtree_first; if r0 == 0 goto N{label}"
        out = f"r2 = r0; {root}; call bpf_rbtree_remove; goto T{label}"
        none = f"N{label}: {UNLOCK}; goto L{label}; T{label}: r0 = r0"
        return f"{first}; {out}; {none}; {taken(label)}"
    new = f"{NEW.format(type=TYPES.in_tree)}; *(u64 *)(r7 +0) = {chance.randrange(50)}"
    add = f"{root}; r2 = r7; r2 += 8; r3 = LESS ll; r4 = 0; r5 = 0"
    return (
        f"{new}; {LOCK}; {add}; call bpf_rbtree_add_impl; r8 = r0; {UNLOCK}; r9 += r8"
    )


def graph_program(
    step: Callable[[random.Random, int], str], seed: int, after: str = ""
) -> lab.Program:
    chance = random.Random(seed)
    steps = [step(chance, label) for label in range(chance.randint(2, 7))]
    text = "; ".join([f"r9 = 0; {lookup('lists', 6)}", *steps, "w0 = w9; exit"])
    if not after or LOADS_LESS not in text:
        return program(text)
    main = text.replace("goto END", "goto STOP")
    rest = " ".join(after.split())
    made = from_words(f"{main}; STOP: r0 = 0; exit; {rest}")
    types = (TYPES.main, TYPES.less)
    starts = [subprog.start for subprog in add_subprogs(made.insns)]
    rows = zip(starts, types, strict=True)
    info = b"".join(struct.pack("<II", *row) for row in rows)
    return replace(made, func_info=info)


def test_lists_are_those_of_linux(linux: None) -> None:
    for seed in range(ROUNDS):
        same(graph_program(list_step, seed))


def test_trees_are_those_of_linux(linux: None) -> None:
    for seed in range(ROUNDS):
        same(graph_program(tree_step, seed, LESS))


def test_machine_code_calls_kfuncs_too() -> None:
    for step, after in ((list_step, ""), (tree_step, LESS)):
        for seed in range(5):
            made = graph_program(step, seed, after)
            slow = lab.run(made, PACKET, engine="interpreter")
            fast = lab.run(made, PACKET, engine="jit")
            assert slow.retval == fast.retval


def test_a_kfunc_that_needs_a_kernel_is_named() -> None:
    made = program("r1 = 1; call bpf_task_from_pid; if r0 == 0 goto END; r0 = 1; exit")
    with pytest.raises(lab.VmFault, match="bpf_task_from_pid"):
        lab.run(made, PACKET)


def test_an_object_that_was_dropped_is_gone() -> None:
    new = NEW.format(type=TYPES.plain)
    drop = "r1 = r7; r2 = 0; call bpf_obj_drop_impl; r0 = *(u64 *)(r7 +0); exit"
    with pytest.raises(lab.VmFault, match="object"):
        lab.run(program(f"{new}; {drop}"), PACKET)


def test_every_kfunc_that_runs_is_one_of_the_kernels(linux: None) -> None:
    names = set(KFUNC_RUNS)
    assert {n for n in names if kernel().find(n, Kind.FUNC) is None} == set()
