"""What BTF tells of a program's functions: their names, linkage and prototypes.

A program may come with a table (func_info) that names the BTF type of each of its
functions. Global ones are judged alone, for all arguments that their prototype allows;
callbacks must be static. Not here: prototypes (`prototypes.py`).

Source: the kernel's Documentation/bpf/btf.rst; what Linux 6.18 refuses.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ebpflab.btf import Btf, Kind, Type, btf_of
from ebpflab.btf.records import btf_errno
from ebpflab.errors import EbpfLabError
from ebpflab.program import Program
from ebpflab.verifier.refusal import EINVAL, Refusal
from ebpflab.verifier.subprogs import Subprogs

if TYPE_CHECKING:
    from ebpflab.verifier.prototypes import Argument

_RECORD = struct.Struct("<II")  # first slot, BTF id
STATIC, GLOBAL = 0, 1
SCALARS = (Kind.INT, Kind.ENUM, Kind.ENUM64)


@dataclass(slots=True)
class Function:
    """What BTF tells of one function, and what the walk found."""

    type: Type  # a FUNC
    is_unreliable: bool = False  # a call did not fit the prototype
    is_called: bool = False
    is_verified: bool = False  # a global one: judged by itself
    arguments: "tuple[Argument, ...] | None" = None  # of its prototype, once read

    @property
    def name(self) -> str:
        return self.type.name

    @property
    def is_global(self) -> bool:
        return self.type.linkage == GLOBAL


@dataclass(slots=True)
class Functions:
    """All functions of a program, by number; none at all without func_info."""

    btf: Btf | None = None
    rows: list[Function] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.rows)

    def name(self, subprog: int) -> str:
        return self.rows[subprog].name if self.rows else ""

    def is_static(self, subprog: int) -> bool:
        return bool(self.rows) and self.rows[subprog].type.linkage == STATIC

    def is_global(self, subprog: int) -> bool:
        """Tell whether a function is judged alone: never the program itself."""
        return bool(subprog and self.rows) and self.rows[subprog].is_global


def read_functions(program: Program) -> tuple[Btf | None, Sequence[tuple[int, int]]]:
    """Return a program's BTF and the rows of its table: first slot, type.

    Both are nothing where the kernel would not take the BTF.
    """
    if program.btf is None or not (program.func_info or program.line_info):
        return None, ()
    try:
        if btf_errno(program.btf):
            return None, ()
        btf = btf_of(program.btf)
    except EbpfLabError:
        return None, ()
    info = program.func_info or b""
    whole = len(info) // _RECORD.size * _RECORD.size
    return btf, list(_RECORD.iter_unpack(info[:whole]))


def check_btf_info_early(btf: Btf | None, rows: Sequence[tuple[int, int]]) -> Functions:
    """Check the table by itself: places that rise, types that are functions."""
    found = Functions(btf)
    previous = -1
    for number, (start, type_id) in enumerate(rows):
        if number == 0 and start:
            text = f"nonzero insn_off {start} for the first func info record"
            raise Refusal(EINVAL, text)
        if start <= previous:
            text = f"same or smaller insn offset ({start}) than previous func info "
            raise Refusal(EINVAL, f"{text}record ({previous})")
        previous = start
        assert btf
        type = btf.type(type_id) if 0 < type_id < len(btf) else None
        if type is None or type.kind is not Kind.FUNC:
            raise Refusal(EINVAL, f"invalid type id {type_id} in func info")
        found.rows.append(Function(type))
    return found


def check_btf_info(
    functions: Functions, rows: Sequence[tuple[int, int]], subprogs: Subprogs
) -> None:
    """Check the table against the functions that the program has."""
    if not functions:
        return _check_abnormal_return(subprogs)
    if len(rows) != len(subprogs):
        text = "number of funcs in func_info doesn't match number of subprogs"
        raise Refusal(EINVAL, text)
    for number, ((start, _), subprog) in enumerate(zip(rows, subprogs, strict=True)):
        if start != subprog.start:
            text = "func_info BTF section doesn't match subprog layout in BPF program"
            raise Refusal(EINVAL, text)
        if number and not returns_scalar(functions, number):
            for what in subprog.abnormal_returns:
                text = f"{what} is only allowed in functions that return 'int'."
                raise Refusal(EINVAL, text)
    return None


def _check_abnormal_return(subprogs: Subprogs) -> None:
    """Refuse what may leave a function early, where its type is not known."""
    for subprog in subprogs[1:]:
        for what in subprog.abnormal_returns:
            raise Refusal(EINVAL, f"{what} is not allowed in subprogs without BTF")


def returns_scalar(functions: Functions, subprog: int) -> bool:
    """Tell whether a function answers with an integer or an enumerator."""
    btf = functions.btf
    assert btf
    prototype = btf.type(functions.rows[subprog].type.type)
    return btf.resolve(prototype.type).kind in SCALARS
