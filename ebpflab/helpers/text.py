"""The helpers that write and read text: printk, snprintf, strtol, strncmp.

Source: bpf-helpers(7); limits and error numbers as observed on Linux 6.18.
"""

import errno
import re

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.printf import LARGEST, FormatError, formatted
from ebpflab.helpers.proto import Env, helper
from ebpflab.isa.words import WORD64

WORD_BYTES = 8
MOST_ARGUMENTS = 12  # of a format
BASE_MASK = 0x1F  # BPF_STRTOX_BASE_MASK
BASES = (0, 8, 10, 16)
DIGITS_LOOKED_AT = 63
LONG = 1 << 63


@helper(
    Arg.PTR_TO_MEM,
    Arg.CONST_SIZE,
    Arg.DONTCARE,
    Arg.DONTCARE,
    Arg.DONTCARE,
    gpl_only=True,
)
def trace_printk(env: Env, text: bytes, one: int, two: int, three: int) -> int:
    """Write a line to the trace pipe; return its length."""
    try:
        line = formatted(env, text, (one, two, three))
    except FormatError as error:
        return -error.errno
    env.trace(line)
    env.tell("effect-traced", size=len(line))
    return len(line)


@helper(
    Arg.PTR_TO_MEM,
    Arg.CONST_SIZE,
    Arg.PTR_TO_MEM_OR_NULL,
    Arg.CONST_SIZE_OR_ZERO,
    gpl_only=True,
)
def trace_vprintk(env: Env, text: bytes, data: bytes) -> int:
    """Write a line to the trace pipe, its values from an array."""
    try:
        line = formatted(env, text, _words(data))
    except FormatError as error:
        return -error.errno
    env.trace(line)
    env.tell("effect-traced", size=len(line))
    return len(line)


@helper(
    Arg.PTR_TO_WRITABLE_MEM_OR_NULL,
    Arg.CONST_SIZE_OR_ZERO,
    Arg.PTR_TO_CONST_STR,
    Arg.PTR_TO_MEM_OR_NULL,
    Arg.CONST_SIZE_OR_ZERO,
    gpl_only=True,
)
def snprintf(env: Env, to: int, size: int, text: int, data: bytes) -> int:
    """Write formatted text to memory; return the bytes that all of it would take."""
    try:
        line = formatted(env, _text_at(env, text), _words(data), size) + b"\0"
    except FormatError as error:
        return -error.errno
    if size:
        env.write(to, line if len(line) <= size else line[: size - 1] + b"\0")
    env.tell("effect-copied", size=min(size, len(line)))
    return len(line)


def _words(data: bytes) -> tuple[int, ...]:
    """Return the values of an array of 64-bit words."""
    if len(data) % WORD_BYTES or len(data) > MOST_ARGUMENTS * WORD_BYTES:
        raise FormatError(errno.EINVAL)
    starts = range(0, len(data), WORD_BYTES)
    return tuple(int.from_bytes(data[i : i + WORD_BYTES], "little") for i in starts)


def _text_at(env: Env, address: int) -> bytes:
    """Return the text at an address, its final zero included."""
    text = bytearray()
    while not text.endswith(b"\0") and len(text) < LARGEST:
        text += env.read(address + len(text), 1)
    return bytes(text)


@helper(Arg.PTR_TO_MEM, Arg.CONST_SIZE, Arg.PTR_TO_CONST_STR)
def strncmp(env: Env, one: bytes, other: int) -> int:
    """Compare at most as many bytes as the first has; return -1, 0 or 1."""
    try:
        for index, left in enumerate(one):
            right = env.read(other + index, 1)[0]
            if left != right or not left:
                return (left > right) - (left < right)
    finally:
        env.tell("effect-compared", size=len(one))
    return 0


@helper(Arg.PTR_TO_MEM, Arg.CONST_SIZE, Arg.ANYTHING, Arg.PTR_TO_LONG)
def strtol(env: Env, text: bytes, flags: int, to: int) -> int:
    """Read a signed number from text; return how many bytes it took."""
    number, used, negative = _number(text, flags)
    if used > 0 and number >= LONG + negative:
        number, used = 0, -errno.ERANGE
    value = -number if negative else number
    env.write(to, (value & WORD64).to_bytes(WORD_BYTES, "little"))
    env.tell("effect-number", number=value)
    return used


@helper(Arg.PTR_TO_MEM, Arg.CONST_SIZE, Arg.ANYTHING, Arg.PTR_TO_LONG)
def strtoul(env: Env, text: bytes, flags: int, to: int) -> int:
    """Read an unsigned number from text; return how many bytes it took."""
    number, used, negative = _number(text, flags)
    if used > 0 and negative:
        number, used = 0, -errno.EINVAL
    env.write(to, (number & WORD64).to_bytes(WORD_BYTES, "little"))
    env.tell("effect-number", number=number)
    return used


def _number(text: bytes, flags: int) -> tuple[int, int, bool]:
    """Return a number, the bytes it took (or a negative errno), and its sign."""
    base = flags & BASE_MASK
    if base not in BASES or flags & ~BASE_MASK:
        return 0, -errno.EINVAL, False
    start = re.match(rb"[\t\n\v\f\r \xa0]*(-?)", text)
    assert start
    rest = text[start.end() :][:DIGITS_LOOKED_AT].split(b"\0")[0]
    prefix = re.match(rb"0[xX](?=[0-9a-fA-F])", rest) if base in (0, 16) else None
    if base == 16 and not prefix:
        prefix = re.match(rb"0[xX]", rest)
    base = base or (16 if prefix else 8 if rest.startswith(b"0") else 10)
    digits = _DIGITS[base].match(rest, prefix.end() if prefix else 0)
    negative = bool(start[1])
    if not digits or not digits[0]:
        return 0, -errno.EINVAL, negative
    number = int(digits[0], base)
    if number > WORD64:
        return 0, -errno.ERANGE, negative
    return number, start.end() + digits.end(), negative


_DIGITS = {
    8: re.compile(rb"[0-7]*"),
    10: re.compile(rb"[0-9]*"),
    16: re.compile(rb"[0-9a-fA-F]*"),
}
