"""Giving a program to the kernel: in comes a program, out a descriptor or a log.

A program goes to the kernel as it is; only the loads that name a map get the number
of a map's descriptor instead of the map's index. Not here: the public `verify`
(`verdict.py`) and `run` (`prog_run.py`). Source: bpf(2), BPF_PROG_LOAD;
behavior as observed on Linux 6.18.
"""

import ctypes
import errno
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ebpflab.errors import EncodingError, LinuxError
from ebpflab.isa.codec import SLOT_BYTES
from ebpflab.isa.insn import WIDE_OPCODE
from ebpflab.isa.operations import Wide
from ebpflab.linux.available import require_linux
from ebpflab.linux.btf import target_fields, try_btf
from ebpflab.linux.descriptor import Descriptor
from ebpflab.linux.syscall import bpf, errno_words, kernel_name
from ebpflab.linux.types import ATTACH_TYPES, PROGRAM_TYPES, number_of
from ebpflab.logs import last_message, processed
from ebpflab.maps.rights import errno_name
from ebpflab.program import Program
from ebpflab.results import Verdict

_SLOT, _IMM, _IMM_AT = struct.Struct("<BBhi"), struct.Struct("<i"), 4
_NO_FD = -1  # for an index that names no map: never a descriptor of ours
STATISTICS = 4  # a log level: BPF_LOG_STATS
_FIRST_LOG, _LARGEST_LOG = 1 << 16, 1 << 26  # bytes
_FUNC_INFO_SIZE, _LINE_INFO_SIZE = 8, 16  # bytes a record


class OpenMap(Protocol):
    """What is asked of a map here: its descriptor's number."""

    @property
    def fd(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What BPF_PROG_LOAD answered: a descriptor or an errno, and the log."""

    program: Descriptor | None
    errno: int
    log: str


def verdict_of(answer: Answer) -> Verdict:
    """Return the kernel's answer as a verdict; a refusal always has a message."""
    message = ""
    if answer.errno:
        words = f"{errno_name(answer.errno)}: {errno_words(answer.errno)}"
        message = last_message(answer.log) or words
    return Verdict(
        accepted=answer.program is not None,
        errno=answer.errno,
        message=message,
        log=answer.log,
        insns_processed=processed(answer.log),
    )


def check_spoken(program: Program, answer: Answer) -> None:
    """Return if there is a verdict: accepted, or refused with a log that was asked for.

    Raises:  LinuxError: the kernel refused before its verifier looked at the program.
    """
    if not answer.errno or answer.log:
        return
    require_linux()
    raise LinuxError.of(
        "linux-no-verdict",
        at=program.name,
        errno=answer.errno,
        name=errno_name(answer.errno),
        words=errno_words(answer.errno),
        count=len(program.code) // SLOT_BYTES,
    )


def loaded(program: Program, maps: Sequence[OpenMap]) -> Descriptor:
    """Load a program whose maps are open.

    Raises:  VerifierError: it was rejected; LinuxError: no verifier looked at it.
    """
    with request(program, maps) as fields:
        answer = load(fields, log_level=1)
    check_spoken(program, answer)
    verdict_of(answer).check()
    assert answer.program
    return answer.program


@contextmanager
def request(program: Program, maps: Sequence[OpenMap]) -> Iterator[dict[str, Any]]:
    """Give the fields of BPF_PROG_LOAD for a program whose maps are open.

    Raises:  LinuxError: the kernel has no such type; EncodingError: broken code.
    """
    code = with_map_fds(program, maps)
    fields = {
        "prog_type": _program_type(program.type),
        "insn_cnt": len(code) // SLOT_BYTES,
        "insns": code,
        "license": program.license.encode() + b"\0",
        "prog_flags": program.flags,
        "prog_name": kernel_name(program.name),
        "expected_attach_type": _attach_type(program.expected_attach_type),
        **target_fields(program),
    }
    btf = try_btf(program.btf)
    yield fields | (_debug_info(program, btf) if btf else {})


def load(fields: dict[str, Any], log_level: int) -> Answer:
    """Load, with as large a log as the verifier has to tell.

    A log beyond 64 MiB is cut (recent kernels keep its end); the kernel then answers
    ENOSPC whatever the verdict is, so the verdict is asked for again without the log.
    """
    size = _FIRST_LOG
    while True:
        answer, wanted = _load_once(fields, log_level, size)
        if answer.errno != errno.ENOSPC or not log_level:
            return answer
        if size == _LARGEST_LOG:
            break
        size = min(_LARGEST_LOG, max(size * 8, wanted))
    short, _ = _load_once(fields, STATISTICS, _FIRST_LOG)
    return replace(short, log=answer.log)


def with_map_fds(program: Program, maps: Sequence[OpenMap]) -> bytes:
    """Return the code with map descriptors in the places of map indices.

    All else stays as it is, byte by byte: to judge it is the kernel's business.

    Raises:  EncodingError: the code is not whole instructions.
    """
    code = bytearray(program.code)
    if len(code) % SLOT_BYTES:
        raise EncodingError.of("code-not-whole", size=len(code))
    at = 0
    while at < len(code):
        opcode, registers, _, imm = _SLOT.unpack_from(code, at)
        wide = opcode == WIDE_OPCODE
        if wide and registers >> 4 in (Wide.MAP_FD, Wide.MAP_VALUE):
            fd = maps[imm].fd if 0 <= imm < len(maps) else _NO_FD
            _IMM.pack_into(code, at + _IMM_AT, fd)
        at += SLOT_BYTES * (2 if wide else 1)
    return bytes(code)


def _load_once(fields: dict[str, Any], level: int, size: int) -> tuple[Answer, int]:
    """Load; return the answer and the size that the whole log takes, if known."""
    log = ctypes.create_string_buffer(size)
    where = {"log_buf": log, "log_size": size} if level else {}
    answer = bpf("PROG_LOAD", **fields, log_level=level, **where)
    text = log.value.decode(errors="replace")
    program = None if answer.errno else Descriptor(answer.value)
    return Answer(program, answer.errno, text), answer.fields["log_true_size"]


def _program_type(name: str) -> int:
    if name == "raw":
        raise LinuxError.of("linux-raw")
    return number_of(name, PROGRAM_TYPES, "linux-program-type")


def _attach_type(name: str | None) -> int:
    if name is None:
        return 0
    return number_of(name, ATTACH_TYPES, "linux-attach-type")


def _debug_info(program: Program, btf: Descriptor) -> dict[str, Any]:
    """Return the fields that tell which function and which C line is where."""
    functions, lines = program.func_info or b"", program.line_info or b""
    fields: dict[str, Any] = {"prog_btf_fd": btf.number}
    if functions:
        fields |= {
            "func_info": functions,
            "func_info_rec_size": _FUNC_INFO_SIZE,
            "func_info_cnt": len(functions) // _FUNC_INFO_SIZE,
        }
    if lines:
        fields |= {
            "line_info": lines,
            "line_info_rec_size": _LINE_INFO_SIZE,
            "line_info_cnt": len(lines) // _LINE_INFO_SIZE,
        }
    return fields
