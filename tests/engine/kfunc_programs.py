"""Programs that call kfuncs: a short spelling, maps with special parts, a generator.

`call bpf_iter_num_new` stands for the call by number; `;` ends a line; END is where a
program gives up.
"""

import random
import re
import struct
from functools import cache

import ebpflab as lab
from ebpflab.btf import Btf, BtfWriter, Kind
from ebpflab.btf.kernel import kernel_btf
from ebpflab.btf.kfuncs import KFUNCS
from ebpflab.btf.special import KPTRS, SIZES, Special
from ebpflab.btf.writer import STATIC
from ebpflab.errors import AssemblyError
from ebpflab.program import MapSpec
from ebpflab.verifier.kfunc_types import Parameter, prototype_of


@cache
def kernel() -> Btf:
    found = kernel_btf()
    assert found
    return found


class Types(BtfWriter):
    """A program's own types: objects to be made, and values of five maps."""

    def __init__(self) -> None:
        super().__init__()
        self.u32, self.u64 = self.integer("u32", 4), self.integer("u64", 8)
        self.special = {k: self._special(k) for k in Special if k not in KPTRS}
        self.plain = self.struct("plain", [("x", self.u64), ("y", self.u64)])
        self.counted = self._with("counted", Special.REFCOUNT)
        self.in_list = self._with("in_list", Special.LIST_NODE)
        self.in_tree = self._with("in_tree", Special.RB_NODE)
        self.kptrs = self.struct("kptrs", [("x", self.u64), *self._kptrs()])
        self.lists = self.struct("lists", self._lists())
        self.tag("contains:in_list:part", self.lists, 1)
        self.tag("contains:in_tree:part", self.lists, 2)
        lock = ("lock", self.special[Special.RES_SPIN_LOCK])
        self.locks = self.struct("locks", [lock, ("d", self.u32)])
        self.queues = self._with("queues", Special.WORKQUEUE)
        self.works = self._with("works", Special.TASK_WORK)
        proto = self.prototype(self.u32, [("ctx", self.pointer(0))])
        self.main = self.function("main", proto)
        nodes = [("a", self.pointer(0)), ("b", self.pointer(0))]
        less = self.prototype(self.u32, nodes)
        self.less = self.function("less", less, STATIC)

    def _special(self, kind: Special) -> int:
        size = SIZES[kind][0]
        words = [(f"w{i}", self.u64) for i in range(size // 8)] or [("w", self.u32)]
        return self.struct(kind.value, words)

    def _with(self, name: str, kind: Special) -> int:
        return self.struct(name, [("x", self.u64), ("part", self.special[kind])])

    def _kptrs(self) -> list[tuple[str, int]]:
        task = self.struct("task_struct", [("a", self.u64)])
        mask = self.struct("bpf_cpumask", [("a", self.u64)])
        rows = (
            *(("kptr_untrusted", task), ("kptr", task), ("kptr", mask)),
            *(("kptr", self.plain), ("percpu_kptr", self.plain)),
        )
        return [
            (f"p{i}", self.pointer(self.alias(Kind.TYPE_TAG, tag, target)))
            for i, (tag, target) in enumerate(rows)
        ]

    def _lists(self) -> list[tuple[str, int, int]]:
        return [
            ("lock", self.special[Special.SPIN_LOCK], 0),
            ("list", self.special[Special.LIST_HEAD], 8),
            ("tree", self.special[Special.RB_ROOT], 24),
            ("d", self.u64, 40),
        ]


TYPES = Types()
NAMES = ("kptrs", "lists", "locks", "queues", "works")


def _map(name: str) -> MapSpec:
    value = getattr(TYPES, name)
    size = Btf.parse(TYPES.raw).size_of(value)
    kinds = {"btf": TYPES.raw, "key_type": TYPES.u32, "value_type": value}
    return MapSpec("array", 4, size, 4 if name == "locks" else 1, name=name, **kinds)


MAPS = [_map(name) for name in NAMES]
_CALL = re.compile(r"call (\w+)")


def _number(found: re.Match[str]) -> str:
    name = found[1]
    if name not in KFUNCS:
        return found[0]
    function = kernel().find(name, Kind.FUNC)
    return f"call kernel-function#{function.id if function else 0}"


def program(
    text: str, type: str = "sched_cls", attach: str | None = None, **fields: object
) -> lab.Program:
    """Return a program from short words; all maps and types are there."""
    whole = _CALL.sub(_number, f"{text}; END: r0 = 0; exit").replace(";", "\n")
    code = lab.assemble(whole, type=type, maps=MAPS).code
    info = {"btf": TYPES.raw, "func_info": struct.pack("<II", 0, TYPES.main)}
    info |= {"expected_attach_type": attach, **fields}
    return lab.Program(code, type=type, maps=MAPS, **info)


def traced(text: str, to: str = "sched_switch", **fields: object) -> lab.Program:
    return program(text, "tracing", "trace_raw_tp", attach_to=to, **fields)


def lookup(map: str, reg: int = 6) -> str:
    key = "*(u32 *)(r10 -4) = 0; r2 = r10; r2 += -4"
    call = f"r1 = {map} ll; call bpf_map_lookup_elem"
    return f"{key}; {call}; if r0 == 0 goto END; r{reg} = r0"


def stack(reg: int, off: int) -> str:
    return f"r{reg} = r10; r{reg} += -{off}"


def member(structure: str, name: str) -> int:
    """Return where a member of a kernel structure stands."""
    found = kernel().find(structure, Kind.STRUCT)
    assert found
    return next(m.offset for m in found.members if m.name == name)


# ---- random programs -----------------------------------------------------------

PLACES = (  # program type, attach type, attached to, flags
    ("tracing", "trace_raw_tp", "sched_switch", 0),
    ("tracing", "trace_iter", "task", 0),
    ("tracing", "trace_iter", "task", 16),
    ("struct_ops", None, "tcp_congestion_ops.ssthresh", 0),
    ("syscall", None, None, 16),
    ("cgroup_skb", "cgroup_inet_ingress", None, 0),
    *((type, None, None, 0) for type in ("sched_cls", "xdp", "tracepoint")),
)
TOGETHER = (
    "bpf_iter_num_new bpf_iter_num_next bpf_iter_num_destroy",
    "bpf_iter_task_new bpf_iter_task_next bpf_iter_task_destroy",
    "bpf_iter_bits_new bpf_iter_bits_next bpf_iter_bits_destroy",
    "bpf_rcu_read_lock bpf_rcu_read_unlock",
    "bpf_preempt_disable bpf_preempt_enable",
    "bpf_local_irq_save bpf_local_irq_restore",
    "bpf_dynptr_from_skb bpf_dynptr_from_xdp bpf_dynptr_slice bpf_dynptr_slice_rdwr"
    " bpf_dynptr_clone bpf_dynptr_adjust bpf_dynptr_size bpf_dynptr_is_null",
    "bpf_task_acquire bpf_task_release bpf_task_from_pid",
    "bpf_cpumask_create bpf_cpumask_release bpf_cpumask_and bpf_cpumask_set_cpu",
    "bpf_obj_new_impl bpf_obj_drop_impl bpf_refcount_acquire_impl",
    "bpf_list_push_front_impl bpf_list_pop_front bpf_rbtree_first bpf_obj_new_impl",
)
WALKS = ("real_parent", "parent", "cpus_ptr", "cgroups")
IN_VALUE = {  # where the structure stands in one of the maps' values
    "bpf_list_head": 8,
    "bpf_rb_root": 24,
    "bpf_spin_lock": 0,
    "bpf_res_spin_lock": 0,
    "bpf_wq": 8,
    "bpf_task_work": 8,
}


def random_program(chance: random.Random) -> lab.Program | None:
    """Return a program of a few kfuncs, mostly with what they want; None: not legal."""
    type, attach, to, flags = chance.choice(PLACES)
    lines = ["r9 = r1; r7 = 0; r8 = 0"]
    if type in ("tracing", "struct_ops"):
        lines.append(f"r7 = *(u64 *)(r1 +{8 * (type == 'tracing')})")
        if attach == "trace_iter" and chance.random() < 0.8:
            lines.append("if r7 == 0 goto END")
    elif chance.random() < 0.6:
        lines.append("r1 = 1; call bpf_task_from_pid; r7 = r0; if r7 == 0 goto END")
    map = chance.choice(NAMES)
    if chance.random() < 0.5:
        lines.append(lookup(map, 8))
        if map == "lists" and chance.random() < 0.6:
            lines.append("r1 = r8; call bpf_spin_lock")
    names = chance.choice(TOGETHER).split() if chance.random() < 0.6 else [*KFUNCS]
    for _ in range(chance.randrange(1, 5)):
        lines += _call(chance, chance.choice(names))
    try:
        return program("; ".join(lines), type, attach, attach_to=to, flags=flags)
    except AssemblyError:
        return None


def _call(chance: random.Random, name: str) -> list[str]:
    function = kernel().find(name, Kind.FUNC)
    proto = prototype_of(kernel(), function) if function else None
    parameters = proto.parameters[:5] if proto else ()
    lines = [_fitting(chance, i, p) for i, p in enumerate(parameters, 1)]
    lines.append(f"call {name}")
    after = (
        "if r0 == 0 goto END",
        "r7 = r0",
        f"r1 = *(u64 *)(r0 +{chance.choice([0, 4, 8])})",
    )
    lines += [text for text in after if chance.random() < 0.22]
    if chance.random() < 0.05:
        lines.append(f"*(u64 *)(r10 -{chance.choice([8, 16, 64, 40])}) = 0")
    return [line for line in lines if line]


def _fitting(chance: random.Random, reg: int, parameter: Parameter) -> str:
    """Return how a register gets what a parameter wants; sometimes something else."""
    name = parameter.target.name
    if chance.random() < 0.12:
        return _anything(chance, reg)
    if parameter.is_scalar:
        numbers = [0, 1, 4, 8, 14, TYPES.plain, TYPES.counted, TYPES.in_list]
        return f"r{reg} = {chance.choice([*numbers, TYPES.in_tree])}"
    if name == "task_struct":
        return f"r{reg} = r7"
    if name == "cpumask":
        return f"r{reg} = *(u64 *)(r7 +{member('task_struct', 'cpus_ptr')})"
    if name in IN_VALUE:
        return f"r{reg} = r8; r{reg} += {IN_VALUE[name]}"
    if name in ("bpf_list_node", "bpf_rb_node"):
        return f"r{reg} = r7; r{reg} += 8"
    if parameter.ends("__map"):
        return f"r{reg} = {chance.choice(['queues', 'works'])} ll"
    if name.startswith("bpf_iter_"):
        return stack(reg, chance.choice([64, 64, 64, 72]))
    if parameter.ends("__irq_flag"):
        return stack(reg, chance.choice([40, 48]))
    if parameter.target.kind in (Kind.VOID, Kind.INT) or name == "bpf_dynptr":
        return stack(reg, chance.choice([16, 16, 32, 56]))
    return f"r{reg} = r9" if chance.random() < 0.6 else _anything(chance, reg)


def _anything(chance: random.Random, reg: int) -> str:
    return chance.choice(
        [
            "",
            f"r{reg} = 0",
            f"r{reg} = {chance.choice([1, 5, 16, -1])}",
            stack(reg, chance.choice([8, 16, 24, 7, 520])),
            f"r{reg} = r9",
            f"r{reg} = {chance.choice(NAMES)} ll",
            f"r{reg} = r8; r{reg} += {chance.choice([0, 4, 8, 16, 24])}",
            f"r{reg} = r7; r{reg} += {chance.choice([0, 8, 16])}",
            f"r{reg} = *(u64 *)(r7 +{member('task_struct', chance.choice(WALKS))})",
        ]
    )
