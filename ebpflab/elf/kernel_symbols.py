"""Kernel symbols: what an extern in `.ksyms` stands for in the kernel that is there.

    extern int bpf_iter_num_new(...) __ksym     a function: its id in the kernel's BTF
    extern const struct rq runqueues __ksym     a variable with a type: its id
    extern const void init_task __ksym          without a type: its address

The address is that of this boot, from /proc/kallsyms, which shows it to root only.
Source: libbpf's documentation of `__ksym`; Documentation/bpf/kfuncs.rst.
"""

from dataclasses import dataclass

from ebpflab.btf import Btf, Kind, symbols
from ebpflab.btf.kernel import kernel_btf
from ebpflab.elf.core_match import compatible, essential


@dataclass(frozen=True, slots=True)
class KernelSymbol:
    """What is known of a symbol; 0 = nothing."""

    id: int = 0  # in the kernel's BTF
    address: int = 0


UNKNOWN = KernelSymbol()


def find_symbol(name: str, local: Btf | None) -> KernelSymbol:
    """Return what `name` is in the kernel; `local` is the object's own BTF.

    A function whose parameters are others than those declared is another function.
    """
    variable = local.find(name, Kind.VAR) if local else None
    if local and variable and local.resolve(variable.type).kind is Kind.VOID:
        return KernelSymbol(address=symbols.addresses().get(name, 0))
    kernel = kernel_btf()
    if kernel is None:
        return UNKNOWN
    kind = Kind.VAR if variable else Kind.FUNC
    declared = variable or (local.find(name, Kind.FUNC) if local else None)
    for found in kernel.find_all(essential(name), kind):
        fits = not (local and declared) or compatible(
            local, declared.type, kernel, found.type
        )
        if fits:
            return KernelSymbol(id=found.id)
    return UNKNOWN
