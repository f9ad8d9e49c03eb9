"""The kfuncs that a program calls anywhere, looked up before the walk.

Source: what Linux 6.18 refuses (kernel: add_kfunc_call).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from ebpflab.btf import Btf, Kind
from ebpflab.btf.kfuncs import KfuncFlag
from ebpflab.isa.insn import Insn
from ebpflab.program import Program
from ebpflab.verifier.attachment import given_btf
from ebpflab.verifier.cfg import Graph
from ebpflab.verifier.control import is_kfunc_call
from ebpflab.verifier.kfunc_types import Prototype, prototype_of
from ebpflab.verifier.licenses import is_gpl_compatible
from ebpflab.verifier.refusal import EINVAL, EPROTO, Refusal

OF_A_DEVICE = "bpf_xdp_metadata_"  # for programs loaded for one device


def add_kfunc_calls(
    program: Program, insns: Sequence[Insn | None], raw: bytes | None = None
) -> dict[int, Prototype]:
    """Return the kfuncs that are called, by number; refuse what is no function.

    A function of the kernel that is no kfunc is refused where a path calls it.
    """
    found: dict[int, Prototype] = {}
    for insn in insns:
        if insn is None or not is_kfunc_call(insn) or not (insn.imm or insn.off):
            continue
        if not is_gpl_compatible(program.license):
            text = "cannot call kernel function from non-GPL compatible program"
            raise Refusal(EINVAL, text)
        _check_module(insn)
        proto = _prototype(given_btf(raw), insn.imm)
        if proto and proto.name.startswith(OF_A_DEVICE):
            raise Refusal(EINVAL, "metadata kfuncs require device-bound program")
        if proto:
            found[insn.imm] = proto
    return found


def _check_module(insn: Insn) -> None:
    """Functions of modules are named by the module's BTF, which is not given here."""
    if not insn.off:
        return
    errno, text = EPROTO, "kfunc offset > 0 without fd_array is invalid"
    if insn.off < 0:
        errno, text = (
            EINVAL,
            "negative offset disallowed for kernel module function call",
        )
    raise Refusal(errno, f"{text}\nfailed to find BTF for kernel function")


@lru_cache(maxsize=512)
def _prototype(btf: Btf, id: int) -> Prototype | None:
    function = btf.type(id) if 0 < id < len(btf) else None
    if function is None or function.kind is not Kind.FUNC:
        number = id & 0xFFFFFFFF
        raise Refusal(EINVAL, f"kernel btf_id {number} is not a function")
    return prototype_of(btf, function)


def is_allowed(program: Program, proto: Prototype) -> bool:
    """Tell whether programs of this type may call a kfunc."""
    return proto.kfunc.may_be_called(program.type, program.expected_attach_type)


CALL_BACK = ("bpf_rbtree_add_impl",)  # a function of the program, before they return
CALL_BACK_LATER = (
    "bpf_wq_set_callback_impl",
    "bpf_task_work_schedule_signal_impl",
    "bpf_task_work_schedule_resume_impl",
)


def mark_kfuncs(
    graph: Graph, insns: Sequence[Insn | None], kfuncs: Mapping[int, Prototype]
) -> None:
    """A state is kept at each visit of a call that the path will come back to."""
    for idx, insn in enumerate(insns):
        proto = kfuncs.get(insn.imm) if insn and is_kfunc_call(insn) else None
        if proto is None:
            continue
        if proto.kfunc.flags & KfuncFlag.ITER_NEXT:
            graph.iterators.add(idx)
        if proto.name in CALL_BACK:
            graph.callbacks.add(idx)
            graph.jump_points.add(idx)
        if idx in graph.iterators or idx in graph.callbacks:
            graph.checkpoints.add(idx)
            graph.prune_points.add(idx)
        if proto.name in CALL_BACK_LATER:
            graph.prune_points.add(idx)
