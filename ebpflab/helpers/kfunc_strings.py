"""The kfuncs of text: compare, measure, search; over bytes up to a zero.

An address that cannot be read is an answer, -EFAULT, and one of userspace or null
-ERANGE; a text longer than 64 KiB -E2BIG.
Source: docs.kernel.org/bpf/kfuncs.html; answers as observed on Linux 6.18.
"""

import errno
from collections.abc import Callable

from ebpflab.errors import VmFault
from ebpflab.helpers.kfunc import kfunc
from ebpflab.helpers.proto import Env
from ebpflab.isa.words import WORD64

LONGEST = 65_536  # bytes: XATTR_SIZE_MAX
FIRST_ADDRESS = 1 << 32  # below it there is no memory of the kernel
CASE = 0x20


class Unreadable(Exception):
    """A text ends where nothing can be read, or does not end; `args` has the errno."""


class Text:
    """Bytes at an address, read one by one as they are asked for."""

    def __init__(self, env: Env, address: int) -> None:
        self.env, self.address = env, address

    @classmethod
    def all(cls, env: Env, *addresses: int) -> "list[Text]":
        """Return the texts at some addresses. Raises Unreadable: one is none."""
        if min(addresses) < FIRST_ADDRESS:
            raise Unreadable(errno.ERANGE)
        return [cls(env, address) for address in addresses]

    def __getitem__(self, at: int) -> int:
        if at >= LONGEST:
            raise Unreadable(errno.E2BIG)
        try:
            return self.env.read(self.address + at & WORD64, 1)[0]
        except VmFault:
            raise Unreadable(errno.EFAULT) from None


def _told(env: Env, answer: Callable[..., int], *addresses: int) -> int:
    """Answer from the texts at some addresses, or with the errno."""
    try:
        found = answer(*Text.all(env, *addresses))
    except Unreadable as error:
        found = -error.args[0]
    env.tell("effect-answer", answer=found)
    return found


def _length(text: Text, most: int = LONGEST) -> int:
    for at in range(most):
        if not text[at]:
            return at
    if most >= LONGEST:
        raise Unreadable(errno.E2BIG)
    return most


def _lower(byte: int) -> int:
    return byte | CASE if ord("A") <= byte <= ord("Z") else byte


def _compared(one: Text, other: Text, change: Callable[[int], int]) -> int:
    for at in range(LONGEST):
        a, b = change(one[at]), change(other[at])
        if a != b:
            return -1 if a < b else 1
        if not a:
            return 0
    raise Unreadable(errno.E2BIG)


def _char(word: int) -> int:
    return word & 0xFF


@kfunc
def bpf_strcmp(env: Env, one: int, other: int) -> int:
    """Compare two texts: -1, 0, 1."""
    return _told(env, lambda a, b: _compared(a, b, int), one, other)


@kfunc
def bpf_strcasecmp(env: Env, one: int, other: int) -> int:
    """Compare two texts; capitals do not count."""
    return _told(env, lambda a, b: _compared(a, b, _lower), one, other)


@kfunc
def bpf_strlen(env: Env, text: int) -> int:
    """Return how many bytes come before the zero."""
    return _told(env, _length, text)


@kfunc
def bpf_strnlen(env: Env, text: int, count: int) -> int:
    """Return how many bytes come before the zero, at most `count`."""
    return _told(env, lambda read: _length(read, min(count, LONGEST)), text)


def _first(text: Text, byte: int, count: int) -> int:
    """Return where a byte first stands, a zero at the end too."""
    for at in range(min(count, LONGEST)):
        if text[at] == byte:
            return at
        if not text[at]:
            raise Unreadable(errno.ENOENT)
    raise Unreadable(errno.E2BIG if count > LONGEST else errno.ENOENT)


@kfunc
def bpf_strnchr(env: Env, text: int, count: int, byte: int) -> int:
    """Return where a byte first stands among the first `count`."""
    return _told(env, lambda read: _first(read, _char(byte), count), text)


@kfunc
def bpf_strchr(env: Env, text: int, byte: int) -> int:
    """Return where a byte first stands."""
    return _told(env, lambda read: _first(read, _char(byte), LONGEST), text)


@kfunc
def bpf_strchrnul(env: Env, text: int, byte: int) -> int:
    """Return where a byte first stands, or the end."""

    def found(read: Text) -> int:
        for at in range(LONGEST):
            if read[at] in (_char(byte), 0):
                return at
        raise Unreadable(errno.E2BIG)

    return _told(env, found, text)


@kfunc
def bpf_strrchr(env: Env, text: int, byte: int) -> int:
    """Return where a byte last stands."""

    def found(read: Text) -> int:
        size = _length(read)
        places = [at for at in range(size + 1) if read[at] == _char(byte)]
        if not places:
            raise Unreadable(errno.ENOENT)
        return places[-1]

    return _told(env, found, text)


def _spanned(env: Env, text: int, listed: int, among: bool) -> int:
    """Return how many first bytes are among those listed, or are not."""

    def found(read: Text, others: Text) -> int:
        for at in range(LONGEST):
            byte = read[at]
            if not byte or _is_in(byte, others) != among:
                return at
        raise Unreadable(errno.E2BIG)

    return _told(env, found, text, listed)


def _is_in(byte: int, listed: Text) -> bool:
    for at in range(LONGEST):
        if listed[at] == byte:
            return True
        if not listed[at]:
            return False
    raise Unreadable(errno.E2BIG)


@kfunc
def bpf_strspn(env: Env, text: int, accept: int) -> int:
    """Return how many first bytes are all among `accept`."""
    return _spanned(env, text, accept, True)


@kfunc
def bpf_strcspn(env: Env, text: int, reject: int) -> int:
    """Return how many first bytes are none of `reject`."""
    return _spanned(env, text, reject, False)


def _place_of(text: Text, part: Text, count: int) -> int:
    """Return where a text first stands within the first `count` bytes of another."""
    for start in range(LONGEST):
        at = 0
        while True:
            wanted = part[at]
            if not wanted:
                return start
            if start + at >= count:
                raise Unreadable(errno.ENOENT)
            byte = text[start + at]
            if not byte:
                raise Unreadable(errno.ENOENT)
            if byte != wanted:
                break
            at += 1
    raise Unreadable(errno.E2BIG)


@kfunc
def bpf_strstr(env: Env, text: int, part: int) -> int:
    """Return where a text first stands in another."""
    return _told(env, lambda a, b: _place_of(a, b, LONGEST), text, part)


@kfunc
def bpf_strnstr(env: Env, text: int, part: int, count: int) -> int:
    """Return where a text first stands in the first bytes of another."""
    return _told(env, lambda a, b: _place_of(a, b, count), text, part)
