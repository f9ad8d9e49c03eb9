"""The parts of a value that are the kernel's: kinds, sizes, how each is recognized.

Names are the kernel's (enum btf_field_type); not here: finding them (records.py).
Source: BTF of Linux 6.18.
"""

from enum import Enum


class Special(Enum):
    """What stands in a value; of those with a structure, its name in C."""

    SPIN_LOCK = "bpf_spin_lock"
    RES_SPIN_LOCK = "bpf_res_spin_lock"
    TIMER = "bpf_timer"
    WORKQUEUE = "bpf_wq"
    TASK_WORK = "bpf_task_work"
    REFCOUNT = "bpf_refcount"
    LIST_HEAD = "bpf_list_head"
    LIST_NODE = "bpf_list_node"
    RB_ROOT = "bpf_rb_root"
    RB_NODE = "bpf_rb_node"
    KPTR_UNREF = "kptr_untrusted"
    KPTR_REF = "kptr"
    KPTR_PERCPU = "percpu_kptr"
    UPTR = "uptr"


SIZES = {  # bytes, and where they may begin
    Special.SPIN_LOCK: (4, 4),
    Special.RES_SPIN_LOCK: (4, 4),
    Special.TIMER: (16, 8),
    Special.WORKQUEUE: (16, 8),
    Special.TASK_WORK: (8, 8),
    Special.REFCOUNT: (4, 4),
    Special.LIST_HEAD: (16, 8),
    Special.LIST_NODE: (24, 8),
    Special.RB_ROOT: (16, 8),
    Special.RB_NODE: (32, 8),
    Special.KPTR_UNREF: (8, 8),
    Special.KPTR_REF: (8, 8),
    Special.KPTR_PERCPU: (8, 8),
    Special.UPTR: (8, 8),
}
# What structures that are made by programs may hold: these Linux checks in all BTF.
ALLOCATED = frozenset(
    {
        *(Special.SPIN_LOCK, Special.RES_SPIN_LOCK, Special.REFCOUNT),
        *(Special.LIST_HEAD, Special.LIST_NODE, Special.RB_ROOT, Special.RB_NODE),
        *(Special.KPTR_UNREF, Special.KPTR_REF, Special.KPTR_PERCPU),
    }
)
KPTRS = (
    *(Special.KPTR_UNREF, Special.KPTR_REF, Special.KPTR_PERCPU),
    Special.UPTR,
)
ROOTS = (Special.LIST_HEAD, Special.RB_ROOT)
NODES = (Special.LIST_NODE, Special.RB_NODE)
LOCKS = (Special.SPIN_LOCK, Special.RES_SPIN_LOCK)
ONLY_ONE = (
    *LOCKS,
    *(Special.TIMER, Special.WORKQUEUE, Special.TASK_WORK),
)
MAY_REPEAT = (*KPTRS, *ROOTS)  # elements of an array
IN_VALUES = frozenset(Special) - {*NODES}
BY_NAME = {s.value: s for s in Special if s not in KPTRS}
BY_TAG = {s.value: s for s in KPTRS}
RELEASED = (  # structures of the kernel that it can give up itself, when a map goes
    *("task_struct", "cgroup", "bpf_cpumask", "bpf_crypto_ctx"),
    *("prog_test_ref_kfunc", "prog_test_member"),
)
LABELS = {  # in the kernel's messages
    **{s: s.value for s in Special},
    **dict.fromkeys((Special.KPTR_UNREF, Special.KPTR_REF), "kptr"),
}
