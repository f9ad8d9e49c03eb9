"""Texts that must be known before the program runs: in a map that nobody changes.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.helpers.printf import FormatError, check_format
from ebpflab.maps.rights import ENOTSUPP
from ebpflab.verifier.check_map_value import RDONLY_PROG, check_map_access
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EACCES, EINVAL, Refusal

DIRECT = ("array", "arena")  # maps whose values a program can address
WORD_BYTES = 8


def check_reg_const_str(env: Env, number: int) -> None:
    """Refuse what is no zero-terminated text in a read-only map."""
    reg = env.regs[number]
    spec = env.program.maps[reg.map]
    if not (spec.flags & RDONLY_PROG and spec.frozen):
        raise Refusal(EACCES, f"R{number} does not point to a readonly map'")
    if not reg.bounds.is_const:
        raise Refusal(EACCES, f"R{number} is not a constant address'")
    if spec.type not in DIRECT:
        text = "no direct value access support for this map type"
        raise Refusal(EACCES, text)
    check_map_access(env, number, 0, spec.value_size - reg.off)
    if spec.max_entries != 1:
        raise Refusal(ENOTSUPP, "direct value access on string failed")
    if b"\0" not in text_at(env, number):
        raise Refusal(EINVAL, "string is not zero-terminated")


def text_at(env: Env, number: int) -> bytes:
    """Return the map's bytes from where a register points to."""
    reg = env.regs[number]
    spec = env.program.maps[reg.map]
    value = spec.init.get(bytes(spec.key_size), b"").ljust(spec.value_size, b"\0")
    return value[reg.off + reg.bounds.smin :]


def check_snprintf(env: Env) -> None:
    """Refuse a format that is wrong, or has not as many values as it wants."""
    size = env.regs[5].bounds.var_off.value
    if size % WORD_BYTES:
        raise Refusal(EINVAL, "")
    text = text_at(env, 3).split(b"\0")[0]
    try:
        check_format(text, size // WORD_BYTES)
    except FormatError as wrong:
        raise Refusal(wrong.errno, "Invalid format string") from None
