"""Small programs on the edge of one rule each: right or wrong by one, at random.

A packet's last byte, a slot written twice, a value's last byte, a copy of what was
compared, what a helper gives: whoever believes one byte or one number too much accepts
a program that faults, or claims what is not so.
"""

import random
from collections.abc import Callable

import ebpflab as lab

HEAD = "r6 = r1\nr2 = *(u32 *)(r1 +0)\nr3 = *(u32 *)(r1 +4)\n"
END = "\nout: r0 = 2\nexit"
TABLE = lab.MapSpec("array", 4, 16, 2, name="table")
SEEN = lab.MapSpec("hash", 4, 16, 2, name="seen")
SIZES = (1, 2, 4, 8)
LEAST = 14  # bytes of the shortest packet

Made = tuple[lab.Program, list[bytes]]
Chance = random.Random


def _made(text: str, chance: Chance, packet: int = 64) -> Made:
    lengths = (packet - 1, packet, packet + 1)
    program = lab.assemble(HEAD + text + END, type="xdp", maps=[TABLE, SEEN])
    return program, [chance.randbytes(max(LEAST, length)) for length in lengths]


def packets(chance: Chance) -> Made:
    """A comparison with the packet's end, of any shape; then a load near it."""
    known, size = chance.randint(LEAST + 1, 40), chance.choice(SIZES)
    off = known - size + chance.choice((-1, 0, 0, 1))
    inside = chance.choice(("r4 <= r3", "r3 >= r4", "r4 < r3", "r3 > r4"))
    outside = chance.choice(("r4 > r3", "r3 < r4", "r4 >= r3", "r3 <= r4"))
    jump = f"if {outside} goto out"
    if chance.random() < 0.5:
        jump = f"if {inside} goto in\ngoto out\nin:"
    copy = chance.choice(("r5 = r2", "*(u64 *)(r10 -8) = r2\nr5 = *(u64 *)(r10 -8)"))
    load = f"r0 = *(u{8 * size} *)(r5 +{off})"
    if chance.random() < 0.4:  # another pointer, moved by what is not known
        move = f"r7 = *(u8 *)(r2 +0)\nr7 &= {chance.choice((3, 15))}\nr4 += r7\n"
        check = f"if r4 > r3 goto out\n{move}r5 = r4\nr4 += {size}\n"
        load = f"{check}{jump}\nr0 = *(u{8 * size} *)(r5 +{chance.choice((0, 0, 1))})"
        return _made(f"r4 = r2\nr4 += {known}\n{load}", chance, known)
    return _made(f"r4 = r2\nr4 += {known}\n{copy}\n{jump}\n{load}", chance, known)


def stacks(chance: Chance) -> Made:
    """Stores that overlap, of numbers and bytes; then loads."""
    lines = ["if r2 == r3 goto out", "r4 = r2\nr4 += 14\nif r4 > r3 goto out"]
    lines.append(f"r7 = *(u{chance.choice((8, 16, 32, 64))} *)(r2 +0)")
    lines += ["r8 = *(u8 *)(r2 +8)", f"r8 &= {chance.choice((1, 7, 255))}"]
    lines += ["*(u64 *)(r10 -8) = 0", "*(u64 *)(r10 -16) = 0"]
    for _ in range(chance.randint(1, 4)):
        size = chance.choice(SIZES)
        at = -size * chance.randint(1, 16 // size)
        if chance.random() < 0.2:
            lines += ["r5 = r10", "r9 = r8", "r9 &= 7", "r5 += r9"]
            lines.append(f"*(u8 *)(r5 -{chance.choice((8, 9, 16))}) = r7")
        else:
            what = chance.choice(("r7", "r8", "0", "1"))
            lines.append(f"*(u{8 * size} *)(r10 {at}) = {what}")
    for number in (0, 4, 5):
        size = chance.choice(SIZES)
        at = -size * chance.randint(1, 16 // size)
        lines.append(f"r{number} = *(u{8 * size} *)(r10 {at})")
    if chance.random() < 0.5:
        most = chance.choice((0, 7, 255))
        lines.append(f"if r{chance.choice('45')} > {most} goto out")
    return _made("\n".join(lines), chance)


def values(chance: Chance) -> Made:
    """A map's value: the check for null, a key that is known, an index near its end."""
    number, size = chance.randrange(2), chance.choice(SIZES)
    lines = [f"*(u32 *)(r10 -8) = {chance.choice((0, 1, 1, 2))}", "r2 = r10\nr2 += -8"]
    lines += [f"r1 = map[{number}] ll", "call bpf_map_lookup_elem"]
    if chance.random() < 0.3:
        lines.append("r7 = r0")
    if chance.random() < 0.8:
        lines.append("if r0 == 0 goto out")
    if chance.random() < 0.5:
        lines += ["call_on:", "r8 = r0", "call bpf_get_prandom_u32"]
        mask = chance.choice((1, 7, 15))
        lines += [f"r0 &= {mask}", "r8 += r0", "r0 = r8"]
    off = 16 - size - chance.choice((0, 0, 1, 7, 15, -1))
    pointer = chance.choice(("r0", "r0", "r7")) if "r7 = r0" in lines else "r0"
    lines.append(f"r5 = *(u{8 * size} *)({pointer} +{max(0, off)})")
    return _made("\n".join(lines), chance)


def copies(chance: Chance) -> Made:
    """A number copied, moved by a constant; one is compared, the other used."""
    lines = ["r4 = r2\nr4 += 14\nif r4 > r3 goto out"]
    lines.append(f"r7 = *(u{chance.choice((8, 16, 32, 64))} *)(r2 +0)")
    lines.append("r8 = r7")
    for register in "78":
        if chance.random() < 0.5:
            by = chance.choice((1, 5, -1, 1 << 30))
            lines.append(f"{chance.choice('rw')}{register} += {by}")
    if chance.random() < 0.2:
        lines.append("w8 = w8")
    jump = chance.choice((">", "<", "==", "s>", "s<=", "!=", "&"))
    number = chance.choice((0, 1, 5, 200, -1))
    lines.append(
        f"if {chance.choice('rw')}{chance.choice('78')} {jump} {number} goto out"
    )
    lines += ["r5 = r7", "r5 += r8"]
    return _made("\n".join(lines), chance)


def widths(chance: Chance) -> Made:
    """A number copied, then one moved in 64 bits and one in 32; one is compared.

    Where the sum leaves 32 bits, nothing follows from one for the other.
    """
    lines = ["r4 = r2\nr4 += 14\nif r4 > r3 goto out", "r7 = *(u32 *)(r2 +0)"]
    lines.append("r8 = r7")
    for register, width in zip("78", chance.sample("rw", 2), strict=True):
        lines.append(f"{width}{register} += {chance.choice((1, 5, -1, 1 << 30))}")
    jump, number = chance.choice((">", "<", "==", "!=")), chance.choice((0, 5, -1))
    lines.append(
        f"if {chance.choice('rw')}{chance.choice('78')} {jump} {number} goto out"
    )
    program, inputs = _made("\n".join([*lines, "r5 = r7", "r5 += r8"]), chance)
    first = [edge.to_bytes(4, "little") for edge in (0, 5, (1 << 32) - 1)]
    return program, [a + rest[4:] for a, rest in zip(first, inputs, strict=True)]


def results(chance: Chance) -> Made:
    """What helpers give: numbers in a range, memory of a size."""
    lines = [chance.choice((_CPU, _TEXT, _RECORD, _SLICE))]
    if lines[0] in (_RECORD, _SLICE):
        size = chance.choice(SIZES)
        off = 16 - size + chance.choice((0, 0, 1, -1))
        give = "r1 = r7\nr2 = 0\ncall bpf_ringbuf_discard"
        lines.append(f"*(u{8 * size} *)(r7 +{off}) = 1")
        lines.append(give if lines[0] is _RECORD else "")
    return _made_with(lines, chance)


_CPU = "call bpf_get_smp_processor_id\nr7 = r0"
_TEXT = (
    "r1 = r10\nr1 += -16\nr2 = 8\nr3 = r10\nr3 += -8\n"
    "r4 = 0x6161616161616161 ll\n*(u64 *)(r10 -8) = r4\n"
    "call bpf_probe_read_kernel_str\nr7 = r0"
)
_RECORD = (
    "r1 = map[0] ll\nr2 = 16\nr3 = 0\ncall bpf_ringbuf_reserve\n"
    "if r0 == 0 goto out\nr7 = r0"
)
_SLICE = (
    "r1 = map[1] ll\n*(u32 *)(r10 -4) = 0\nr2 = r10\nr2 += -4\n"
    "call bpf_map_lookup_elem\nif r0 == 0 goto out\nr1 = r0\nr2 = 16\nr3 = 0\n"
    "r4 = r10\nr4 += -24\ncall bpf_dynptr_from_mem\nr1 = r10\nr1 += -24\nr2 = 0\n"
    "r3 = 16\ncall bpf_dynptr_data\nif r0 == 0 goto out\nr7 = r0"
)


def _made_with(lines: list[str], chance: Chance) -> Made:
    ring = lab.MapSpec("ringbuf", 0, 0, 4096, name="ring")
    text = "\n".join([*lines, "out: r0 = 0", "exit"])
    type = "kprobe" if lines[0] is _TEXT else "xdp"
    program = lab.assemble(text, type=type, maps=[ring, TABLE])
    return program, [bytes(64 if type == "xdp" else 0)]


EDGES: dict[str, Callable[[Chance], Made]] = {
    made.__name__: made for made in (packets, stacks, values, copies, widths, results)
}
