"""The kernel's own machine code of a program, where it may be read.

`BPF_OBJ_GET_INFO_BY_FD` hands over the image that runs, to whoever has CAP_BPF and
CAP_PERFMON (or is root), unless net.core.bpf_jit_harden hides it or the JIT is off.
Not here: making assembly of it. Source: UAPI linux/bpf.h, struct bpf_prog_info.
"""

import ctypes
import struct

from ebpflab.errors import LinuxError
from ebpflab.linux.load import loaded
from ebpflab.linux.opened import opened_maps
from ebpflab.linux.syscall import checked
from ebpflab.program import Program

_INFO_BYTES = 232  # of struct bpf_prog_info; longer ones are cut by the kernel
_LENGTH_AT, _IMAGE_AT = 16, 24  # jited_prog_len: 4 bytes, jited_prog_insns: 8


def jited(program: Program) -> bytes:
    """Return the machine code that this kernel makes of a program, all functions.

    Raises:  VerifierError: the program was rejected. LinuxError: no Linux, or it does
             not show the code.
    """
    with opened_maps(program.maps) as maps, loaded(program, maps) as descriptor:
        length = _length(_info(program, descriptor.number))
        image = ctypes.create_string_buffer(max(1, length))
        seen = _info(program, descriptor.number, length, ctypes.addressof(image))
        (shown,) = struct.unpack_from("=Q", seen, _IMAGE_AT)
    if not length or not shown:
        raise LinuxError.of("linux-no-image", at=program.name)
    return image.raw[: _length(seen)]


def _info(program: Program, number: int, length: int = 0, image: int = 0) -> bytes:
    """Ask for a program's information; `image` is where its code is to go."""
    info = ctypes.create_string_buffer(_INFO_BYTES)
    struct.pack_into("=I", info, _LENGTH_AT, length)
    struct.pack_into("=Q", info, _IMAGE_AT, image)
    fields = {"bpf_fd": number, "info_len": _INFO_BYTES, "info": info}
    checked(program.name, "OBJ_GET_INFO_BY_FD", **fields)
    return info.raw


def _length(info: bytes) -> int:
    length: int = struct.unpack_from("=I", info, _LENGTH_AT)[0]
    return length
