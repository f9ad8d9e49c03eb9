"""The bpf(2) system call: one row a command, and how errors become sentences.

A row lists the fields of the command's part of `union bpf_attr`, in order, as
`name:code`, with the codes of Python's `struct`: I and i are 32 bits, Q is 64, 16s a
name, P a pointer. Native alignment puts the holes where C puts them. Fields that a
caller does not name are 0, and a kernel that does not know the later ones is content
as long as they are. Not here: what the commands are used for (`load.py`,
`livemap.py`). Source: bpf(2), linux/bpf.h of Linux 6.18.
"""

import ctypes
import errno
import os
import platform
import re
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from ebpflab.errors import LinuxError
from ebpflab.maps.rights import ENOTSUPP, errno_name

_ELEMENT = "map_fd:I key:P value:P flags:Q"

COMMANDS = {
    "MAP_CREATE": (
        0,
        "map_type:I key_size:I value_size:I max_entries:I map_flags:I inner_map_fd:I"
        " numa_node:I map_name:16s map_ifindex:I btf_fd:I btf_key_type_id:I"
        " btf_value_type_id:I btf_vmlinux_value_type_id:I map_extra:Q",
    ),
    "MAP_LOOKUP_ELEM": (1, _ELEMENT),
    "MAP_UPDATE_ELEM": (2, _ELEMENT),
    "MAP_DELETE_ELEM": (3, _ELEMENT),
    "MAP_GET_NEXT_KEY": (4, "map_fd:I key:P next_key:P"),
    "PROG_LOAD": (
        5,
        "prog_type:I insn_cnt:I insns:P license:P log_level:I log_size:I log_buf:P"
        " kern_version:I prog_flags:I prog_name:16s prog_ifindex:I"
        " expected_attach_type:I prog_btf_fd:I func_info_rec_size:I func_info:P"
        " func_info_cnt:I line_info_rec_size:I line_info:P line_info_cnt:I"
        " attach_btf_id:I attach_btf_obj_fd:I core_relo_cnt:I fd_array:P"
        " core_relos:P core_relo_rec_size:I log_true_size:I",
    ),
    "PROG_TEST_RUN": (
        10,
        "prog_fd:I retval:I data_size_in:I data_size_out:I data_in:P data_out:P"
        " repeat:I duration:I ctx_size_in:I ctx_size_out:I ctx_in:P ctx_out:P"
        " flags:I cpu:I batch_size:I",
    ),
    "OBJ_GET_INFO_BY_FD": (15, "bpf_fd:I info_len:I info:P"),
    "BTF_LOAD": (
        18,
        "btf:P btf_log_buf:P btf_size:I btf_log_size:I btf_log_level:I",
    ),
    "MAP_LOOKUP_AND_DELETE_ELEM": (21, _ELEMENT),
    "MAP_FREEZE": (22, "map_fd:I"),
}


@dataclass(frozen=True, slots=True)
class Numbers:
    """The system calls that Python has no function for, on one architecture."""

    bpf: int
    perf_event_open: int
    capget: int
    capset: int


ARCHITECTURES = {
    "x86_64": Numbers(bpf=321, perf_event_open=298, capget=125, capset=126),
    "aarch64": Numbers(bpf=280, perf_event_open=241, capget=90, capset=91),
}

_NO_FD = -1
_NAME_SIZE = 15  # bytes; BPF_OBJ_NAME_LEN without the final zero
_TRIES = 5  # a signal can interrupt the verifier: EAGAIN, and bpf(2) wants a retry


@dataclass(frozen=True, slots=True)
class Answer:
    """What the kernel answered: a value or an errno, and the fields it wrote back."""

    value: int
    errno: int
    fields: dict[str, Any]


def call(number_name: str, *arguments: Any) -> tuple[int, int]:
    """Make a system call by its name in `Numbers`; return (value, errno).

    Raises:  LinuxError: this is no Linux, or an architecture without numbers here.
    """
    system, machine = this_machine()
    numbers = ARCHITECTURES.get(machine)
    if not system.startswith("linux") or numbers is None:
        raise LinuxError.of("linux-unavailable", reason=f"{system} {machine}")
    number = getattr(numbers, number_name)
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    value: int = _libc().syscall(ctypes.c_long(number), *words)
    return value, ctypes.get_errno() if value < 0 else 0


def this_machine() -> tuple[str, str]:
    """Return the system and its architecture: ("linux", "x86_64")."""
    return sys.platform, platform.machine()


@cache
def _libc() -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc


def bpf(command: str, **fields: Any) -> Answer:
    """Ask the kernel; bytes and ctypes arrays may stand for pointers to them.

    An error is an answer: look at `errno`, or use `checked`.

    Raises:  LinuxError: a number that its field is too small for.
    """
    number, names, layout = _command(command)
    kept = list(_memory(fields))
    addresses = {name: ctypes.addressof(array) for name, array in kept}
    row = [_value(names, name, {**fields, **addresses}) for name in names]
    attr = ctypes.create_string_buffer(layout.pack(*row), layout.size)
    for _ in range(_TRIES):
        value, error = call("bpf", number, attr, layout.size)
        if error != errno.EAGAIN:
            break
    written = dict(zip(names, layout.unpack(attr.raw), strict=True))
    return Answer(value, error, written)


def checked(at: str, command: str, **fields: Any) -> Answer:
    """Ask the kernel.

    Raises:  LinuxError: it said no; `at` says what was asked for.
    """
    answer = bpf(command, **fields)
    if answer.errno:
        raise refusal(at, command, answer.errno)
    return answer


def refusal(at: str, command: str, number: int) -> LinuxError:
    """Make the error for a command that the kernel refused with this errno."""
    name, words = errno_name(number), errno_words(number)
    return LinuxError.of(
        "linux-refused", at=at, command=command, errno=number, name=name, words=words
    )


def errno_words(number: int) -> str:
    """Return what the C library says about an errno, in its own words."""
    return "Operation not supported" if number == ENOTSUPP else os.strerror(number)


def kernel_name(name: str) -> bytes:
    """Return a name as the kernel takes it: 15 letters, digits, underscores, dots."""
    return re.sub(rb"[^A-Za-z0-9_.]", b"_", name.encode())[:_NAME_SIZE]


@cache
def _command(command: str) -> tuple[int, dict[str, str], struct.Struct]:
    number, row = COMMANDS[command]
    names = dict(part.split(":") for part in row.split())
    return number, names, struct.Struct("@" + "".join(names.values()))


def _memory(fields: dict[str, Any]) -> Iterator[tuple[str, ctypes.Array[Any]]]:
    """Yield the fields that are memory, as arrays that have an address."""
    for name, value in fields.items():
        if isinstance(value, ctypes.Array):
            yield name, value
        elif isinstance(value, bytes) and not name.endswith("_name"):
            yield name, ctypes.create_string_buffer(value, max(len(value), 1))


def _value(names: dict[str, str], name: str, fields: dict[str, Any]) -> Any:
    """Return one field's value; what is not given is 0, no descriptor is -1.

    Raises:  LinuxError: not a number, or one that the field is too small for.
    """
    code, value = names[name], fields.get(name, 0)
    if code.endswith("s"):
        return value or b""
    largest = (1 << (32 if code == "I" else 64)) - 1
    if value == _NO_FD and name.endswith("_fd"):
        return largest
    if not isinstance(value, int) or not 0 <= value <= largest:
        raise LinuxError.of(
            "linux-number", part=name, largest=largest, found=repr(value)
        )
    return value
