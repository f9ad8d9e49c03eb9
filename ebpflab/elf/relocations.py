"""Relocations: an instruction that names a symbol gets the symbol's number.

The compiler leaves a hole where it cannot know (which map, which subprogram) and a
relocation that names the symbol. One row for each pair of instruction and target.

    load64 of a map        src = BPF_PSEUDO_MAP_FD     imm = index into Program.maps
    load64 of a variable   src = BPF_PSEUDO_MAP_VALUE  the same, next_imm = its offset
    load64 of a function   src = BPF_PSEUDO_FUNC       imm = distance in slots
    call of a function     src = BPF_PSEUDO_CALL       imm = distance in slots
    call of a kfunc        src = BPF_PSEUDO_KFUNC_CALL imm = its id in the kernel's BTF
    load64 of a ksym       src = BPF_PSEUDO_BTF_ID     imm = its id in the kernel's BTF
    load64 of a bare ksym  the address itself, in both imms

What is weak and absent has the address 0; a call of it becomes one that no verifier
accepts: code that asks `bpf_ksym_exists` first never reaches it.

Source: Documentation/bpf/llvm_reloc.rst; RFC 9669, sections 4.3 and 5.4.
"""

from dataclasses import dataclass, replace
from enum import Enum

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import CallKind, Wide
from ebpflab.isa.words import WORD32, signed

CALL_OPCODE = 0x85
POISONED_CALL = 2_002_000_000  # libbpf's: a kfunc that is not there


class Target(Enum):
    """What a symbol stands for."""

    MAP = "map"
    DATA = "variable"
    FUNCTION = "function"
    KERNEL = "kernel symbol"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one instruction is filled in."""

    src: int
    uses_offset: bool = False  # next_imm takes the offset inside the target


RECIPES = {
    (True, Target.MAP): Recipe(Wide.MAP_FD),
    (True, Target.DATA): Recipe(Wide.MAP_VALUE, uses_offset=True),
    (True, Target.FUNCTION): Recipe(Wide.FUNC),
    (False, Target.FUNCTION): Recipe(CallKind.LOCAL),
    (False, Target.KERNEL): Recipe(CallKind.KFUNC),
    (True, Target.KERNEL): Recipe(Wide.BTF_ID),
}


def fill(insn: Insn, target: Target, number: int, offset: int = 0) -> Insn:
    """Return the instruction with its hole filled.

    Raises:  KeyError: this instruction cannot name such a target.
    """
    recipe = RECIPES[insn.is_wide, target]
    next_imm = offset if recipe.uses_offset else 0
    return replace(insn, src=int(recipe.src), imm=number, next_imm=next_imm)


def with_address(insn: Insn, address: int) -> Insn:
    """Return a 64-bit load of a plain number."""
    low, high = address & WORD32, address >> 32
    return replace(insn, src=0, imm=signed(low, 32), next_imm=signed(high, 32))


def absent(insn: Insn) -> Insn:
    """Return the instruction when what it names is not there."""
    if insn.is_wide:
        return with_address(insn, 0)
    return Insn(CALL_OPCODE, imm=POISONED_CALL)


def is_function_address(insn: Insn) -> bool:
    """Tell a 64-bit load of a subprogram's address (a callback)."""
    return insn.is_wide and insn.src == Wide.FUNC
