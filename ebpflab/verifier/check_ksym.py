"""The address of a kernel variable or function, named by its number in BTF.

A variable that each CPU has its own of gives a pointer that a helper turns into this
CPU's; any other gives memory to be read, or a structure. A function's address is good
for nothing but being known.

Not every kernel lists its variables: then there is no address to load, and programs
that name them are refused. With another kernel's types, all are taken as there.

Source: what Linux 6.18 refuses and writes. Names are the kernel's.
"""

from functools import lru_cache

from ebpflab.btf import Btf, Kind, Type
from ebpflab.btf.kernel import running_btf
from ebpflab.btf.symbols import addresses
from ebpflab.isa.insn import Insn
from ebpflab.verifier.attachment import given_btf
from ebpflab.verifier.bounds import ZERO
from ebpflab.verifier.refusal import EINVAL, ENOENT, Refusal
from ebpflab.verifier.reg_types import Flag, RegType
from ebpflab.verifier.states import Rare, RegState

PERCPU = ".data..percpu"  # where such variables lie
READ_ONLY = RegType.PTR_TO_MEM | Flag.MEM_RDONLY
PER_CPU = RegType.PTR_TO_BTF_ID | Flag.MEM_PERCPU


def pseudo_btf_id(insn: Insn, raw: bytes | None) -> RegState:
    """Return what a load of a kernel address gives (kernel: check_pseudo_btf_id)."""
    if insn.next_imm:
        raise Refusal(EINVAL, "invalid module BTF object FD specified.")
    btf, id = given_btf(raw), insn.imm
    if not 0 <= id < len(btf):
        raise Refusal(ENOENT, f"ldimm64 insn specifies invalid btf_id {id}.")
    symbol = btf.type(id)
    if symbol.kind not in (Kind.VAR, Kind.FUNC):
        text = f"pseudo btf_id {id} in ldimm64 isn't KIND_VAR or KIND_FUNC"
        raise Refusal(EINVAL, text)
    if btf is running_btf() and addresses() and symbol.name not in addresses():
        text = "ldimm64 failed to find the address for kernel symbol"
        raise Refusal(ENOENT, f"{text} '{symbol.name}'.")
    if symbol.kind is Kind.FUNC:
        return RegState(READ_ONLY, ZERO)
    return _variable(btf, symbol)


def _variable(btf: Btf, symbol: Type) -> RegState:
    declared, type = btf.type(symbol.type), btf.resolve(symbol.type)
    if symbol.id in _percpu_variables(btf):
        rare = Rare(btf_type=declared.id, btf_name=declared.name)
        return RegState(PER_CPU, ZERO, rare=rare)
    if type.kind in (Kind.STRUCT, Kind.UNION):
        rare = Rare(btf_type=declared.id, btf_name=declared.name)
        return RegState(RegType.PTR_TO_BTF_ID, ZERO, rare=rare)
    return RegState(READ_ONLY, ZERO, rare=Rare(mem_size=btf.size_of(symbol.type)))


@lru_cache(maxsize=4)
def _percpu_variables(btf: Btf) -> frozenset[int]:
    section = btf.find(PERCPU, Kind.DATASEC)
    return (
        frozenset(member.type for member in section.members) if section else frozenset()
    )
