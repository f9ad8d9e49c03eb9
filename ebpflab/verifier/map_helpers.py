"""Which helpers go with which map types: both sides may be choosy.

Source: what Linux 6.18 refuses (`cannot pass map_type 3 into func ...`), call by call.
"""

from functools import lru_cache

from ebpflab.isa.disassembler import NO_NAMES
from ebpflab.isa.map_types import MAP_TYPES
from ebpflab.verifier.refusal import EINVAL, Refusal

_PERF = "perf_event_read perf_event_read_value perf_event_output skb_output xdp_output"
_RING = (
    "ringbuf_output ringbuf_reserve ringbuf_query ringbuf_reserve_dynptr"
    " ringbuf_submit_dynptr ringbuf_discard_dynptr"
)

_OF_TYPE = {  # a choosy map type: its helpers
    "prog_array": "tail_call",
    "perf_event_array": _PERF,
    "ringbuf": _RING,
    "user_ringbuf": "user_ringbuf_drain",
    "stack_trace": "get_stackid",
    "cgroup_array": "skb_under_cgroup current_task_under_cgroup",
    "cgroup_storage": "get_local_storage",
    "percpu_cgroup_storage": "get_local_storage",
    "devmap": "redirect_map map_lookup_elem",
    "devmap_hash": "redirect_map map_lookup_elem",
    "cpumap": "redirect_map",
    "xskmap": "redirect_map map_lookup_elem",
    "array_of_maps": "map_lookup_elem",
    "hash_of_maps": "map_lookup_elem",
    "sockmap": "sk_redirect_map sock_map_update msg_redirect_map sk_select_reuseport"
    " map_lookup_elem",
    "sockhash": "sk_redirect_hash sock_hash_update msg_redirect_hash"
    " sk_select_reuseport map_lookup_elem",
    "reuseport_sockarray": "sk_select_reuseport",
    "queue": "map_peek_elem map_pop_elem map_push_elem",
    "stack": "map_peek_elem map_pop_elem map_push_elem",
    "sk_storage": "sk_storage_get sk_storage_delete kptr_xchg",
    "inode_storage": "inode_storage_get inode_storage_delete kptr_xchg",
    "task_storage": "task_storage_get task_storage_delete kptr_xchg",
    "cgrp_storage": "cgrp_storage_get cgrp_storage_delete kptr_xchg",
    "bloom_filter": "map_peek_elem map_push_elem",
}
_OF_HELPERS = {  # choosy helpers: their map types
    "tail_call": "prog_array",
    _PERF: "perf_event_array",
    _RING: "ringbuf",
    "user_ringbuf_drain": "user_ringbuf",
    "get_stackid": "stack_trace",
    "current_task_under_cgroup skb_under_cgroup": "cgroup_array",
    "redirect_map": "devmap devmap_hash cpumap xskmap",
    "sk_redirect_map msg_redirect_map sock_map_update": "sockmap",
    "sk_redirect_hash msg_redirect_hash sock_hash_update": "sockhash",
    "get_local_storage": "cgroup_storage percpu_cgroup_storage",
    "sk_select_reuseport": "reuseport_sockarray sockmap sockhash",
    "map_pop_elem": "queue stack",
    "map_peek_elem map_push_elem": "queue stack bloom_filter",
    "map_lookup_percpu_elem": "percpu_array percpu_hash lru_percpu_hash",
    "sk_storage_get sk_storage_delete": "sk_storage",
    "inode_storage_get inode_storage_delete": "inode_storage",
    "task_storage_get task_storage_delete": "task_storage",
    "cgrp_storage_get cgrp_storage_delete": "cgrp_storage",
}
HELPERS_OF = {type: frozenset(names.split()) for type, names in _OF_TYPE.items()}
TYPES_OF = {
    name: frozenset(types.split())
    for names, types in _OF_HELPERS.items()
    for name in names.split()
}
SOCKET_MAPS = ("sockmap", "sockhash")
WRITERS = ("map_delete_elem", "map_update_elem", "map_push_elem", "map_pop_elem")
_MAY_UPDATE_SOCKETS = (
    "socket_filter",
    "sched_cls",
    "sched_act",
    "xdp",
    "sk_reuseport",
    "flow_dissector",
    "sk_lookup",
)


@lru_cache(maxsize=1 << 10)
def check_map_func_compatibility(program_type: str, map_type: str, id: int) -> None:
    """Refuse a helper that does not take maps of this type."""
    name = NO_NAMES.helper(id)
    helper = name.removeprefix("bpf_").rpartition("#")[0]
    complaint = f"cannot pass map_type {MAP_TYPES[map_type]} into func {name}"
    wanted = HELPERS_OF.get(map_type)
    if wanted is not None and helper not in wanted:
        if map_type not in SOCKET_MAPS:
            raise Refusal(EINVAL, complaint)
        _check_update_of_sockets(program_type, helper, complaint)
    if map_type not in TYPES_OF.get(helper, (map_type,)):
        raise Refusal(EINVAL, complaint)


def _check_update_of_sockets(program_type: str, helper: str, complaint: str) -> None:
    """Refuse changes of maps of sockets where sockets may be locked."""
    if helper not in ("map_update_elem", "map_delete_elem"):
        raise Refusal(EINVAL, complaint)
    if program_type in _MAY_UPDATE_SOCKETS:
        return
    if program_type == "sock_ops" and helper == "map_delete_elem":
        return
    text = f"cannot update sockmap in this context\n{complaint}"
    raise Refusal(EINVAL, text)
