"""What a program is attached to by type: a function, a tracepoint, a structure.

    tp_btf/sched_switch    typedef btf_trace_sched_switch: a pointer to a function
    fentry/vfs_read        func vfs_read
    iter/task              func bpf_iter_task
    struct_ops             struct tcp_congestion_ops, its member ssthresh:
                           "tcp_congestion_ops.ssthresh"

Source: libbpf's documented sections; BTF of Linux 6.18.
"""

from ebpflab.btf.layout import Kind
from ebpflab.btf.reader import Btf
from ebpflab.btf.types import Type

ANY = ""  # whatever the attach type
# (program type, expected attach type): what its target is called in the kernel's BTF
TARGETS = {
    ("tracing", "trace_raw_tp"): ("btf_trace_", Kind.TYPEDEF),
    ("tracing", "trace_fentry"): ("", Kind.FUNC),
    ("tracing", "trace_fexit"): ("", Kind.FUNC),
    ("tracing", "modify_return"): ("", Kind.FUNC),
    ("tracing", "trace_iter"): ("bpf_iter_", Kind.FUNC),
    ("lsm", "lsm_mac"): ("bpf_lsm_", Kind.FUNC),
    ("lsm", "lsm_cgroup"): ("bpf_lsm_", Kind.FUNC),
    ("struct_ops", ANY): ("", Kind.STRUCT),
}


def is_attached_by_type(type: str, attach_type: str | None) -> bool:
    """Tell whether programs of this kind name their target by a type."""
    return (type, attach_type or ANY) in TARGETS


def find_target(
    btf: Btf, type: str, attach_type: str | None, attach_to: str
) -> Type | None:
    """Return what a program is attached to; None: these types have no such target."""
    prefix, kind = TARGETS[type, attach_type or ANY]
    name, _, _ = attach_to.partition(".")
    return btf.find(prefix + name, kind)


def member_index(structure: Type, attach_to: str) -> int:
    """Return which member of a structure a program stands for; the first, if none."""
    _, _, name = attach_to.partition(".")
    names = [member.name for member in structure.members]
    return names.index(name) if name in names else 0 if not name else -1
