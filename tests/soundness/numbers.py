"""Programs that compute with numbers from the packet, all rows and widths alike.

Made for errors in bounds: few instructions, each on numbers of which something is
known, and inputs that lie on the edges of what is known.
"""

import random
from collections.abc import Sequence

import ebpflab as lab
from ebpflab.isa.operations import ALU_OPS, JUMP_OPS, JumpOp

BYTES = 32  # read from the packet
EDGES = (0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF)
_NUMBERS = (0, 1, -1, 2, 5, 8, 31, 0x7F, 0x80, 0xFF, 1 << 16, (1 << 31) - 1, -(1 << 31))
_AMOUNTS = (1, 4, 8, 31, 32, 63)
_REGISTERS = "6789"
_HEAD = f"""
    r2 = *(u32 *)(r1 +0)
    r3 = *(u32 *)(r1 +4)
    r4 = r2
    r4 += {BYTES}
    if r4 > r3 goto end
"""
_BOTH_WAYS = "r5 = r6\ngoto end\ntaken: r5 = r7\nr5 = r6"
_END = "end: r0 = 2\nexit"
_SYMBOLS = {op.name: op.symbol for op in ALU_OPS}
_SHIFTS = ("lsh", "rsh", "arsh")
_PLAIN = ("add", "sub", "mul", "and", "or", "xor")
_SWAPS = ("be16", "be32", "be64", "bswap16", "bswap32", "bswap64")
_ROWS = (*_PLAIN, *_PLAIN, *_SHIFTS, "neg", "mov", "movsx8", "movsx16", "movsx32")


def program(seed: int) -> lab.Program:
    """Return the program of a seed: always the same."""
    chance = random.Random(f"numbers {seed}")
    lines = [_HEAD, *(_load(chance, register) for register in _REGISTERS)]
    for place in range(chance.randint(2, 9)):
        lines.append(_line(chance))
        if chance.random() < 0.3:
            lines.append(_jump(chance, f"after{place}"))
            lines += [_line(chance), f"after{place}:"]
    text = "\n".join([*lines, "end:", "r0 = 2", "exit"])
    return lab.assemble(text, type="xdp")


def single(name: str, seed: int) -> lab.Program:
    """Return a program with one row of arithmetic, or one jump, on small numbers.

    Args:    name: of the row; "known add": both numbers are known.
    """
    chance = random.Random(f"{name} {seed}")
    is_known, name = name.startswith("known "), name.removeprefix("known ")
    size = int(name.removeprefix("movsx")) if name.startswith("movsx") else 8
    lines = [_HEAD]
    for register in _REGISTERS:
        lines.append(f"r{register} = *(u{size} *)(r2 +{4 * int(register) - 24})")
        if size == 8:
            masks = (0,) if is_known else (1, 3, 7, 255)
            lines.append(f"r{register} &= {chance.choice(masks)}")
        lines.append(f"r{register} += {chance.choice((0, 0, 1, -1, -2))}")
    jumps = [op for op in JUMP_OPS if op.name == name]
    lines.append(_jump(chance, "taken", jumps) if jumps else _line(chance, (name,)))
    text = "\n".join([*lines, _BOTH_WAYS if jumps else "", _END])
    return lab.assemble(text, type="xdp")


def packet(chance: random.Random) -> bytes:
    """Return bytes that are edges more often than not."""
    plain = chance.randbytes(BYTES)
    return bytes(b if chance.random() < 0.2 else chance.choice(EDGES) for b in plain)


def _load(chance: random.Random, register: str) -> str:
    size = chance.choice((8, 8, 16, 32, 64))
    text = f"r{register} = *(u{size} *)(r2 +{8 * int(register) - 48})"
    if chance.random() < 0.3:
        text += f"\nr{register} &= {chance.choice((1, 7, 63, 255, 0xF0))}"
    if chance.random() < 0.2:
        text += f"\nr{register} += {chance.choice((-1, -8, -256, 1 << 30))}"
    return text


def _line(chance: random.Random, rows: Sequence[str] = _ROWS) -> str:
    """Return one arithmetic instruction of any width."""
    row, letter = chance.choice(rows), chance.choice("rw")
    dst, src = (letter + chance.choice(_REGISTERS) for _ in range(2))
    if row == "neg":
        return f"{dst} = -{dst}"
    if row in _SWAPS:
        return f"r{dst[1]} = {row} r{dst[1]}"
    if row.startswith("movsx"):
        size = row.removeprefix("movsx")
        letter = "r" if size == "32" else letter
        return f"{letter}{dst[1]} = (s{size}){letter}{src[1]}"
    if row in _SHIFTS:
        amounts = [n for n in _AMOUNTS if letter == "r" or n < 32]
        return f"{dst} {_SYMBOLS[row]} {chance.choice(amounts)}"
    if row == "mov":
        return f"{dst} = {src}"
    number = chance.choice(_NUMBERS)
    right = src if chance.random() < 0.6 else str(number)
    return f"{dst} {_SYMBOLS[row]} {right}"


def _jump(chance: random.Random, label: str, rows: Sequence[JumpOp] = JUMP_OPS) -> str:
    letter, op = chance.choice("rw"), chance.choice(rows)
    left, other = (letter + chance.choice(_REGISTERS) for _ in range(2))
    right = other if chance.random() < 0.4 else str(chance.choice(_NUMBERS))
    return f"if {left} {op.symbol} {right} goto {label}"
