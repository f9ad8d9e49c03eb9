"""Arenas: memory that a program shares with a process, at the process's addresses.

A pointer of the process is a number here; a cast (`addr_space_cast`) makes it an
`arena` pointer. Nothing that is done with one can do harm: whatever it points to, the
machine code looks only inside the arena. So any arithmetic and any access is allowed.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.isa.insn import Insn
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EINVAL, Refusal
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.states import UNKNOWN_SCALAR, RegState

INTO_ARENA = 1  # imm of a cast: from the process's address to a pointer here
ARENA = RegState(RegType.PTR_TO_ARENA)


def addr_space_cast(env: Env, insn: Insn) -> int:
    """Judge a cast between the two kinds of addresses."""
    if not any(env.program.maps[number].type == "arena" for number in env.used_maps):
        text = "addr_space_cast insn can only be used in a program that has an"
        raise Refusal(EINVAL, f"{text} associated arena")
    env.read(insn.src)
    env.may_write(insn.dst)
    env.regs[insn.dst] = ARENA if insn.imm == INTO_ARENA else UNKNOWN_SCALAR
    return env.insn_idx + 1


def load_arena(env: Env, number: int, off: int, size: int, is_signed: bool) -> RegState:
    """Judge a load: anything may be there."""
    return UNKNOWN_SCALAR


def store_arena(env: Env, insn: Insn | None, number: int, off: int, size: int) -> None:
    """Judge a store: everything may be stored."""
