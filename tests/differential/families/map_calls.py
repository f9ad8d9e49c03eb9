"""Every map type with every helper that takes a map: which go together."""

from collections.abc import Callable

from ebpflab.helpers.allowed import may_call
from tests.differential.blueprints import blueprints
from tests.differential.family import Family
from tests.differential.template import Chooser

# helper -> (its arguments after the map, the map types that it is right for)
_KEY = "r2 = r10\nr2 += -16"
_MEM3 = "r3 = r10\nr3 += -64"
_PLAIN = "array hash percpu_array percpu_hash lru_hash lru_percpu_hash wide flows"
_ROWS = {
    "map_lookup_elem": (_KEY, f"{_PLAIN} lpm_trie array_of_maps hash_of_maps odd"),
    "map_update_elem": (f"{_KEY}\n{_MEM3}\nr4 = {{0~1~2~~7}}", f"{_PLAIN} lpm_trie"),
    "map_delete_elem": (_KEY, "hash percpu_hash lru_hash lpm_trie sockmap sockhash"),
    "map_push_elem": (f"{_KEY}\nr3 = {{0~2}}", "queue stack bloom_filter"),
    "map_pop_elem": (_KEY, "queue stack"),
    "map_peek_elem": (_KEY, "queue stack bloom_filter"),
    "map_lookup_percpu_elem": (f"{_KEY}\nr3 = {{0~1~r7}}", "percpu_array percpu_hash"),
    "ringbuf_output": (f"{_KEY}\nr3 = {{8~16~~65}}\nr4 = 0", "ringbuf"),
    "ringbuf_query": ("r2 = {0~1~2~3}", "ringbuf"),
    "redirect_map": ("r2 = r7\nr3 = {0~2}", "devmap devmap_hash cpumap xskmap"),
    "get_local_storage": ("r2 = 0", "cgroup_storage percpu_cgroup_storage"),
    "perf_event_read": ("r2 = {0~r7}", "perf_event_array"),
    "current_task_under_cgroup": ("r2 = {0~1}", "cgroup_array"),
}
_FOR_CGROUPS = ("get_local_storage",)


def _right(chooser: Chooser) -> str:
    helper = chooser.chance.choice([name for name in _ROWS if name not in _FOR_CGROUPS])
    return _call(chooser, helper, chooser.chance.choice(_ROWS[helper][1].split()))


def _any(chooser: Chooser) -> str:
    """Return a call of any helper with any map, in programs that may be wrong."""
    if chooser.rate == 0:
        return _right(chooser)
    helper = chooser.chance.choice(list(_ROWS))
    return _call(chooser, helper, chooser.chance.choice(list(blueprints())))


def _call(chooser: Chooser, helper: str, map: str) -> str:
    arguments = chooser.fill(_ROWS[helper][0])
    return f"r1 = {map} ll\n{arguments}\ncall bpf_{helper}"


# helpers that take the context first, and a map second
_SECOND = {
    "perf_event_output": (
        "r3 = {0~0xffff~r7}\nr4 = r10\nr4 += -64\nr5 = {8~64~~65}",
        "perf_event_array",
    ),
    "get_stackid": ("r3 = {0~256~512}", "stack_trace"),
    "skb_under_cgroup": ("r3 = {0~1}", "cgroup_array"),
    "sk_redirect_map": ("r3 = 0\nr4 = 0", "sockmap"),
    "tail_call": ("r3 = {0~r7~9}", "prog_array"),
}


def _with_context(type: str) -> Callable[[Chooser], str]:
    """Return a piece that calls what a program type has of these."""
    has = [name for name in _SECOND if may_call(type, name)]

    def piece(chooser: Chooser) -> str:
        names = list(_SECOND) if chooser.happens(chooser.rate) else has
        helper = chooser.chance.choice(names)
        arguments, map = _SECOND[helper]
        if chooser.happens(3 * chooser.rate):
            map = chooser.chance.choice(list(blueprints()))
        return f"r1 = r6\nr2 = {map} ll\n{chooser.fill(arguments)}\ncall bpf_{helper}"

    return piece


_TYPES = ("sched_cls", "kprobe", "cgroup_skb", "sk_skb", "tracepoint")
FAMILIES = (
    Family("map_calls_xdp", (_right, _right, _right, _any), ("xdp",), count=4),
    *(
        Family(f"map_calls_{type}", (_any, _with_context(type)), (type,), count=3)
        for type in _TYPES
    ),
)
