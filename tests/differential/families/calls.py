"""Calls of every helper: arguments made from its contract, now and then others.

Which helpers a program type has is the kernel's own answer; what each argument should
be, the contract says. A result that is an address is checked for null, or forgotten.
"""

from ebpflab.helpers import HELPERS
from ebpflab.helpers.allowed import may_call
from ebpflab.helpers.contract import Kind
from ebpflab.helpers.proto import Proto
from tests.differential.family import Family, Function
from tests.differential.template import Chooser

_NOT_HERE = {"tail_call", "loop", "spin_lock", "spin_unlock"}  # families of their own
_MAPS = {  # helpers that want another map than an array
    "perf_event": "perf_event_array",
    "ringbuf": "ringbuf",
    "get_stackid": "stack_trace",
    "redirect_map": "devmap",
    "sk_redirect_hash": "sockhash",
    "sock_hash": "sockhash",
    "msg_redirect_hash": "sockhash",
    "sk_redirect_map": "sockmap",
    "sock_map": "sockmap",
    "msg_redirect_map": "sockmap",
    "under_cgroup": "cgroup_array",
    "map_push": "queue",
    "map_pop": "queue",
    "map_peek": "queue",
    "user_ringbuf": "user_ringbuf",
    "sk_storage": "sk_storage",
    "task_storage": "task_storage",
    "inode_storage": "inode_storage",
    "cgrp_storage": "cgrp_storage",
    "get_local_storage": "cgroup_storage",
    "sk_select_reuseport": "reuseport_sockarray",
    "timer_init": "timers",
    "lookup_percpu": "percpu_array",
}
_MEM = "r{n} = r10\nr{n} += {-64~-64~~-8~8~-520}"
_ARGUMENTS = {
    Kind.DONTCARE: "r{n} = 0",
    Kind.ANYTHING: "r{n} = {0~1~8~r7~-1~r10}",
    Kind.PTR_TO_CTX: "r{n} = r6\n{~~r{n} = r10~r{n} += 4}",
    Kind.PTR_TO_MAP_KEY: _MEM,
    Kind.PTR_TO_MAP_VALUE: _MEM,
    Kind.PTR_TO_MEM: _MEM,
    Kind.CONST_SIZE: "r{n} = {1~8~16~64~~0~65~-1~r7~512}",
    Kind.CONST_SIZE_OR_ZERO: "r{n} = {0~8~16~64~~65~-1~r7}",
    Kind.CONST_ALLOC_SIZE_OR_ZERO: "r{n} = {8~16~~r7}",
    Kind.PTR_TO_CONST_STR: "r{n} = map[name:rodata][0]+{0~3~~16} ll",
    Kind.PTR_TO_FUNC: "r{n} = call_back ll",
    Kind.PTR_TO_STACK: "r{n} = r10\nr{n} += -64",
}
_WRONG = (
    *("r{n} = 0", "r{n} = r6", "r{n} = r10", "r{n} = r7", "r{n} = array ll"),
    *("r{n} = 8", "r{n} = map[name:globals][0]+0 ll", "r{n} = call_back ll"),
)


def _map_for(proto: Proto) -> str:
    return next((map for part, map in _MAPS.items() if part in proto.name), "hash")


def _call(proto: Proto, chooser: Chooser) -> str:
    lines = []
    for number, arg in enumerate(proto.args, 1):
        template = _ARGUMENTS.get(arg.kind, "r{n} = 0")
        if arg.kind is Kind.CONST_MAP_PTR:
            template = f"r{{n}} = {_map_for(proto)} ll"
        if chooser.happens(chooser.rate / 2):
            template = chooser.chance.choice(_WRONG)
        elif arg.may_be_null and chooser.happens(0.3):
            template = "r{n} = 0"
        lines.append(chooser.fill(template.replace("{n}", str(number))))
    lines.append(f"call bpf_{proto.name}")
    return "\n".join([*lines, chooser.fill(_result(proto))])


def _result(proto: Proto) -> str:
    name = proto.ret.name
    if name in ("INTEGER", "VOID"):
        return "{r7 = r0~~r7 = r1}" if name == "INTEGER" else ""
    check = "{if r0 == 0 goto none#~~}" if "NULL" in name else ""
    use = "r8 = *(u{8~32~64} *)(r0 +{0~4~8~~64})"
    release = "r1 = r0\n{call bpf_sk_release~~}" if proto.acquires else ""
    return f"{check}\n{use}\n{release}\nnone#:"


def _pieces(type: str):
    """Return pieces that call what a program type has."""
    names = [p for p in HELPERS.values() if p.name not in _NOT_HERE]
    allowed = [p for p in names if may_call(type, p.name)]

    def any_helper(chooser: Chooser) -> str:
        protos = names if chooser.happens(chooser.rate / 4) else allowed
        return _call(chooser.chance.choice(protos), chooser)

    return (any_helper,)


_CALL_BACK = Function("r0 = 0\nexit", "u64 a, u64 b", needs_types=True)
_TYPES = [
    "xdp",
    "sched_cls",
    "socket_filter",
    "cgroup_skb",
    "lwt_xmit",
    "lwt_in",
    "sk_skb",
    "kprobe",
    "tracepoint",
    "raw_tracepoint",
    "perf_event",
    "sock_ops/cgroup_sock_ops",
    "sk_msg/sk_msg_verdict",
    "syscall!16",
    "sk_lookup/sk_lookup",
    "sk_reuseport/sk_reuseport_select",
    "flow_dissector/flow_dissector",
    "cgroup_sock_addr/cgroup_inet4_connect",
    "cgroup_sockopt/cgroup_getsockopt",
    "cgroup_sysctl/cgroup_sysctl",
    "cgroup_device/cgroup_device",
    "netfilter/netfilter",
    "cgroup_sock/cgroup_inet_sock_create",
    "lwt_seg6local",
]
FAMILIES = tuple(
    Family(
        f"calls_{type.partition('/')[0].partition('!')[0]}",
        _pieces(type.partition("/")[0].partition("!")[0]),
        (type,),
        functions={"call_back": _CALL_BACK},
        general=0.2,
        count=3,
        licenses=("GPL", "GPL", "GPL", "MIT"),
    )
    for type in _TYPES
)
