"""How the verifier says no, inside; and how it says that it cannot tell.

A `Refusal` is Linux's answer: an errno and the lines of the log that give the reason.
`NotModelled` is none: what the program does is not modelled here yet, so no verdict is
given at all, and never a yes.
"""

import errno
from dataclasses import dataclass
from typing import NoReturn

from ebpflab.errors import EbpfLabError

EACCES, EINVAL = errno.EACCES, errno.EINVAL
E2BIG, EFAULT = errno.E2BIG, errno.EFAULT
EPERM, EPROTO, EBADF = errno.EPERM, errno.EPROTO, errno.EBADF
ENOENT, EBUSY, ERANGE = errno.ENOENT, errno.EBUSY, errno.ERANGE
EEXIST = errno.EEXIST


@dataclass(eq=False)
class Refusal(Exception):
    """The program is refused; `lines` are the log's last.

    A few of Linux's messages are not ended, so that the statistics follow on the line.
    """

    errno: int
    lines: str
    is_ended: bool = True


@dataclass(eq=False)
class Unheard(Refusal):
    """The program is refused before the verifier looks at it: there is no log."""

    lines: str = ""


class NotModelled(EbpfLabError):
    """The program does what this verifier does not know yet."""


def not_modelled(what: str, pc: int = -1) -> NoReturn:
    """Give no verdict.

    Raises:  NotModelled: always; names what is missing and where it was met.
    """
    at = f"insn {pc}" if pc >= 0 else ""
    raise NotModelled.of("not-modelled", at=at, what=what)
