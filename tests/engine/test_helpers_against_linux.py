"""The helpers against the real kernel: who may call them, and what they answer.

Text is compared closely here, with formats and values made at random; all else that a
helper does is compared in whole programs (test_vm_programs.py, test_tutorials.py).
"""

import random
import re
import struct
from collections.abc import Iterator

import pytest

import ebpflab as lab
from ebpflab.helpers import HELPERS, Kind, allowed, may_call, text
from ebpflab.helpers.contract import SIZES
from ebpflab.isa.helper_ids import HELPER_NAMES
from tests import record_helper_types

PACKET = bytes(range(64))
FORMATS = (
    *("%d", "%i", "%u", "%x", "%X", "%ld", "%lu", "%lx", "%lld", "%llu", "%llX", "%c"),
    *("%5d", "%05d", "%-5d|", "%+d", "% d", "%016llx", "%08x", "%-8x|", "%3c", "%%"),
    *("%s", "%10s", "%-10s|", "%pI4", "%pi4", "%pI6", "%pi6", "%pks", "%5pI4"),
    *("%q", "%", "%lll", "%5", "%ld%", "%f", "%hd", "%n", "%-+d", "%*d", "\x01%d"),
)
BUFFER, VALUES, TEXT = 64, 32, 16  # bytes of each on the stack


def test_each_type_has_the_helpers_that_linux_gives_it(linux: None) -> None:
    asked = record_helper_types.asked()
    for type in record_helper_types.program_types():
        for attach in record_helper_types.attach_types(type):
            places = {type, f"{type}/{attach}"}
            there = {name for name, found in asked.items() if places & set(found)}
            here = {n for n in HELPER_NAMES.values() if may_call(type, n, attach or "")}
            assert here == there, (type, attach)


def test_some_helpers_are_for_privileged_loaders(linux: None) -> None:
    for name, types in record_helper_types.lost().items():
        without = {
            type
            for type in record_helper_types.program_types()
            if may_call(type, name) and not may_call(type, name, perfmon=False)
        }
        assert without >= set(types), name
        assert without - set(types) <= set(record_helper_types.without_judging()), name


def test_a_wrong_row_of_that_table_is_found(
    linux: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {**allowed._types_of("types"), "xdp_adjust_head": frozenset({"kprobe"})}
    monkeypatch.setattr(allowed, "_types_of", lambda part="types": rows)
    with pytest.raises(AssertionError):
        test_each_type_has_the_helpers_that_linux_gives_it(linux)


def test_contracts_hang_together() -> None:
    for proto in HELPERS.values():
        for args in (proto.args, *proto.variants.values()):
            kinds = [arg.kind for arg in args]
            assert len(kinds) <= 5, proto.name
            for index, kind in enumerate(kinds):
                if kind in SIZES:
                    before = kinds[index - 1]
                    assert before is Kind.PTR_TO_MEM, f"{proto.name}: whose size?"
                if kind is Kind.PTR_TO_MAP_KEY:
                    assert Kind.CONST_MAP_PTR in kinds[:index], proto.name


def test_every_helper_has_a_contract() -> None:
    assert {proto.name for proto in HELPERS.values()} == set(HELPER_NAMES.values())


def formats(chance: random.Random) -> str:
    """Return a format of a few parts."""
    parts = (chance.choice(FORMATS) for _ in range(chance.randint(1, 3)))
    return " ".join(parts)


def text_program(format: str, chance: random.Random) -> lab.Program:
    """Return a program that prints two values and an address into memory."""
    spec = lab.MapSpec(
        "array",
        4,
        48,
        1,
        name="format",
        flags=0x80,
        init={bytes(4): format.encode("latin-1").ljust(48, b"\0")},
        frozen=True,
    )
    size = chance.choice((0, 1, 8, 40, BUFFER))
    text = chance.choice((b"eBPF", b"", b"0123456789abcde")).ljust(TEXT, b"\0")
    words = struct.unpack("<QQ", text)
    stores = "".join(
        f"r1 = {word:#x} ll\n*(u64 *)(r10 {at}) = r1\n"
        for at, word in ((-16, words[0]), (-8, words[1]))
    )
    numbers = [chance.choice((0, 7, 65, 255, 1 << 31, chance.getrandbits(64)))]
    for place, part in enumerate(re.findall(r"%[^%]?[^%]*", format)[:4]):
        address = "s" in part or "p" in part
        value = "r2 = r10\nr2 += -16" if address else f"r2 = {numbers[0]:#x} ll"
        stores += f"{value}\n*(u64 *)(r10 {-48 + 8 * place}) = r2\n"
    zeros = "".join(f"*(u64 *)(r10 {at}) = 0\n" for at in range(-128, -16, 8))
    return lab.assemble(
        f"""
r6 = r1
{zeros}{stores}
r1 = r10
r1 += -128
r2 = {size}
r3 = format[0]+0 ll
r4 = r10
r4 += -48
r5 = {chance.choice((0, 8, 16, 24, 24, 24, 7))}
call bpf_snprintf
r7 = r0
r1 = r6
r2 = 0
r3 = r10
r3 += -128
r4 = 56
call bpf_xdp_store_bytes
w0 = w7
exit
""",
        type="xdp",
        maps=[spec],
    )


def text_differences(count: int) -> Iterator[str]:
    taken = 0
    for seed in range(count):
        chance = random.Random(seed)
        format = formats(chance)
        program = text_program(format, chance)
        try:
            there = lab.linux.run(program, PACKET)
        except lab.VerifierError:
            continue  # the verifier reads the format too
        taken += 1
        here = lab.run(program, PACKET)
        if (here.retval, here.data) != (there.retval, there.data):
            yield f"{seed} {format!r}: {here.data[:30]!r} {there.data[:30]!r}"
    assert taken > count / 5, f"only {taken} of {count}"


def test_text_is_what_linux_writes(linux: None) -> None:
    assert list(text_differences(400)) == []


def test_a_wrong_text_is_found(linux: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "formatted", lambda *arguments: b"wrong")
    assert list(text_differences(40)) != []


def printk(format: bytes, value: int) -> lab.Program:
    words = struct.unpack("<QQ", format.ljust(16, b"\0"))
    return lab.assemble(
        f"""
r1 = {words[0]:#x} ll
*(u64 *)(r10 -16) = r1
r1 = {words[1]:#x} ll
*(u64 *)(r10 -8) = r1
r1 = r10
r1 += -16
r2 = {len(format)}
r3 = {value:#x} ll
r4 = 2
r5 = 3
call bpf_trace_printk
exit
""",
        type="xdp",
    )


@pytest.mark.parametrize(
    "format",
    [
        b"%d\0",
        b"%d",
        b"a %x b %u\0",
        b"%d %d %d\0",
        b"%d %d %d %d\0",
        b"%lx\n\0",
        b"%q\0",
    ],
)
def test_printk_answers_as_linux_does(linux: None, format: bytes) -> None:
    for value in (0, 1, 0xFFFFFFFF, 1 << 63):
        program = printk(format, value)
        here, there = lab.run(program, PACKET), lab.linux.run(program, PACKET)
        assert here.retval == there.retval


@pytest.mark.parametrize("flags", [0, 1, 2, 3, 8, 1 << 40])
@pytest.mark.parametrize("type", ["xdp", "sched_cls"])
def test_redirects_answer_as_linux_does(linux: None, type: str, flags: int) -> None:
    spec = lab.MapSpec("devmap", 4, 4, 2, name="ports")
    text = f"r2 = {flags:#x} ll\nr1 = 1\ncall bpf_redirect\nexit"
    if type == "xdp":
        there, here = (side(lab.Object({}, {"ports": spec})) for side in SIDES)
        there["ports"][1] = here["ports"][1] = 1
        for index in (0, 1, 7):
            text_of_map = (
                f"r1 = ports ll\nr2 = {index}\nr3 = {flags:#x} ll\n"
                "call bpf_redirect_map\nexit"
            )
            program = lab.assemble(text_of_map, type=type, maps=[spec])
            ours = lab.run(program, PACKET, maps=here).retval
            assert ours == lab.linux.run(program, PACKET, maps=there).retval
    program = lab.assemble(text, type=type)
    assert lab.run(program, PACKET).retval == lab.linux.run(program, PACKET).retval


SIDES = (lab.linux.maps, lab.maps)


def test_a_helper_without_a_kernel_is_told() -> None:
    program = lab.assemble("call bpf_get_current_task\nexit", type="kprobe")
    with pytest.raises(lab.VmFault, match="get_current_task") as caught:
        lab.run(program)
    assert caught.value.pc == 0
    assert "linux.run" in caught.value.hint


@pytest.mark.parametrize("name", ["probe_read_kernel", "probe_read_kernel_str"])
def test_probes_never_crash(linux: None, name: str) -> None:
    """What can be read is read; of what cannot, zeros and -EFAULT remain."""
    for place, offset in (("r10", -16), ("0", 0), ("64", 0)):
        text = f"""
*(u64 *)(r10 -16) = 0x00414243
*(u64 *)(r10 -8) = -1
r1 = r10
r1 += -8
r2 = 8
r3 = {place}
r3 += {offset}
call bpf_{name}
r1 = *(u64 *)(r10 -8)
r0 ^= r1
exit
"""
        program = lab.assemble(text, type="xdp")
        here, there = lab.run(program, PACKET), lab.linux.run(program, PACKET)
        assert here.retval == there.retval, place
