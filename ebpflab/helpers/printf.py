"""The formats that programs may print with: a small part of printf, and addresses.

    %d %i %u %x %X %c %s %p, each with l or ll, a width, and one of 0 + - space
    %pi4 %pI4 %pi6 %pI6    IP addresses, read from memory
    %pks %pus              text in kernel or user memory

Kernel differs: %p and %pK show the simulated address; the kernel's symbols (%pB, %ps,
%pS) are not known here. Source: docs.kernel.org, printk-formats; bpf-helpers(7).
"""

import errno
import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from ebpflab.errors import VmFault
from ebpflab.helpers.proto import Env
from ebpflab.isa.words import signed

LARGEST = 1024  # bytes of text
WIDEST = (1 << 23) - 1  # characters of one value

_SPEC = re.compile(
    rb"%(?:(?P<percent>%)"
    rb"|(?P<flags>[0+\- ]*)(?P<width>[1-9][0-9]*)?"
    rb"(?:(?P<address>p(?:[iI][46]|[ku]s|[KxsSB])?(?![A-Za-z0-9]))"
    rb"|(?P<text>s)|(?P<long>l{0,2})(?P<number>[diuxX])|l?(?P<char>c)))"
)
_READ = (b"i", b"I", b"k", b"u")  # second letters of what stands in memory
_ADDRESS_BYTES = {b"4": 4, b"6": 16}


@dataclass(eq=False)
class FormatError(Exception):
    """A format that Linux refuses."""

    errno: int


def formatted(
    env: Env, text: bytes, values: tuple[int, ...], room: int = LARGEST
) -> bytes:
    """Return the text with its values in place; it may be longer than `room`.

    As on Linux, what is read from memory is left out once `room` bytes are full.

    Raises:  FormatError: not ended by a zero, an unknown part, or too few values.
    """
    if b"\0" not in text:
        raise FormatError(errno.EINVAL)
    text = text.split(b"\0")[0]
    _check_printable(text)
    line = b""
    for part, is_read in list(_parts(env, text, iter(values))):
        line += b"" if is_read and len(line) >= room else part
    return line


def check_format(text: bytes, count: int) -> None:
    """Check a format, without its final zero, for `count` values.

    Raises:  FormatError: an unknown part, or too few values.
    """
    _check_printable(text)
    at = 0
    while (start := text.find(b"%", at)) >= 0:
        spec = _SPEC.match(text, start)
        count -= not (spec and spec["percent"])
        if not spec or count < 0:
            raise FormatError(errno.EINVAL)
        at = spec.end()


def _check_printable(text: bytes) -> None:
    if not all(0x20 <= byte < 0x80 or byte in b"\t\n\v\f\r" for byte in text):
        raise FormatError(errno.EINVAL)


def _parts(
    env: Env, text: bytes, values: Iterator[int]
) -> Iterator[tuple[bytes, bool]]:
    """Yield the pieces of the text, and whether each was read from memory."""
    at = 0
    while (start := text.find(b"%", at)) >= 0:
        yield text[at:start], False
        spec = _SPEC.match(text, start)
        if not spec:
            raise FormatError(errno.EINVAL)
        if spec["percent"]:
            yield b"%", False
        else:
            kind = spec["address"] or b""
            yield _shown(env, spec, _next(values)), kind[1:2] in _READ
        at = spec.end()
    yield text[at:], False


def _next(values: Iterator[int]) -> int:
    value = next(values, None)
    if value is None:
        raise FormatError(errno.EINVAL)
    return value


def _shown(env: Env, spec: re.Match[bytes], value: int) -> bytes:
    width, left = min(int(spec["width"] or 0), WIDEST), b"-" in (spec["flags"] or b"")
    if spec["number"]:
        return _number(spec, value, width)
    if spec["char"]:
        body = bytes([value & 0xFF])
    elif spec["text"] or spec["address"] in (b"pks", b"pus"):
        body = _text(env, value)
    elif spec["address"][1:2] in (b"i", b"I"):
        body = _ip(env, spec["address"], value)
    else:
        body = f"{value:016x}".encode()
    return body.ljust(width) if left else body.rjust(width)


def _number(spec: re.Match[bytes], value: int, width: int) -> bytes:
    bits = 64 if spec["long"] else 32
    kind, flags = spec["number"].decode(), spec["flags"].decode()
    value &= (1 << bits) - 1
    sign = ""
    if kind in "di":
        value = signed(value, bits)
        sign = "+" if "+" in flags else " " if " " in flags else ""
    letter = "d" if kind in "diu" else kind
    if "-" in flags:
        return format(value, f"<{sign}{width or ''}{letter}").encode()
    zero = "0" if "0" in flags and width else ""
    return format(value, f"{sign}{zero}{width or ''}{letter}").encode()


def _text(env: Env, address: int) -> bytes:
    """Return the text at an address; nothing where it cannot be read."""
    text = bytearray()
    try:
        while len(text) < LARGEST and (byte := env.read(address + len(text), 1)[0]):
            text.append(byte)
    except VmFault:
        return b""
    return bytes(text)


def _ip(env: Env, spec: bytes, address: int) -> bytes:
    """Show the address of a machine; i has leading zeros, or no colons."""
    try:
        data = env.read(address, _ADDRESS_BYTES[spec[2:3]])
    except VmFault:
        data = bytes(_ADDRESS_BYTES[spec[2:3]])
    if spec == b"pI4":
        return str(IPv4Address(data)).encode()
    if spec == b"pi4":
        return b".".join(b"%03d" % part for part in data)
    if spec == b"pI6":
        return IPv6Address(data).exploded.encode()
    return data.hex().encode()
