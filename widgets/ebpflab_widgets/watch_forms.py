"""In which form a map type is drawn, and where the prefixes of a trie stand.

A trie is drawn as bars: as deep as a prefix lies inside others, as wide as what lies
inside it. Every prefix and every address of the whole history has its place from the
start, so that nothing moves while stepping.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ebpflab.maps.lpm_trie import PREFIXLEN_SIZE

OUTSIDE = -1  # columns between bars that lie in no common prefix

OWNED = (  # values that belong to something of the kernel, and go with it
    "sk_storage",
    "task_storage",
    "inode_storage",
    "cgrp_storage",
    "cgroup_storage",
    "percpu_cgroup_storage",
)
FORMS = {
    "hash": "table",
    "percpu_hash": "table",
    "stack_trace": "table",
    "devmap_hash": "table",
    "hash_of_maps": "table",
    "lru_hash": "lru",
    "lru_percpu_hash": "lru",
    "lpm_trie": "trie",
    "sockhash": "table",
    **dict.fromkeys(OWNED, "owners"),
    "arena": "pages",
    "ringbuf": "ring",
    "user_ringbuf": "ring",
    "perf_event_array": "buffers",
    "queue": "queue",
    "stack": "stack",
    "bloom_filter": "bits",
}  # every other type: an array


def form_of(type: str) -> str:
    return FORMS.get(type, "array")


@dataclass
class Node:
    """A prefix, or an address that was looked up (then it has no key)."""

    length: int  # bits
    address: int
    key: bytes = b""
    inside: list["Node"] = field(default_factory=list)

    def holds(self, other: "Node", bits: int) -> bool:
        spare = bits - self.length
        wider = self.length <= other.length and self.key != b""
        return wider and self.address >> spare == other.address >> spare


def trie_places(
    prefixes: Iterable[bytes], asked: Iterable[bytes], bits: int
) -> dict[str, Any]:
    """Return where bars and cuts stand, in columns.

    Returns: {"columns": n, "bars": {key hex: [column, columns, depth]},
             "cuts": {address hex: column}}; a cut stands in the middle of its column.
    """
    nodes = [_node(key, bits, is_prefix=True) for key in set(prefixes)]
    nodes += [_node(key, bits, is_prefix=False) for key in set(asked)]
    nodes.sort(key=lambda n: (n.address, n.length if n.key else bits + 1))
    root = Node(0, 0)
    path = [root]
    for node in nodes:
        while len(path) > 1 and not path[-1].holds(node, bits):
            path.pop()
        path[-1].inside.append(node)
        if node.key:
            path.append(node)
    bars: dict[str, list[int]] = {}
    cuts: dict[str, int] = {}
    columns = _lay(root, 0, OUTSIDE, bars, cuts, bits)
    return {"columns": columns, "bars": bars, "cuts": cuts}


def _node(key: bytes, bits: int, *, is_prefix: bool) -> Node:
    told = int.from_bytes(key[:PREFIXLEN_SIZE], "little")
    length = told if is_prefix else bits  # where it stands, its address alone says
    address = int.from_bytes(key[PREFIXLEN_SIZE:], "big")
    return Node(length, address, key if is_prefix else b"")


def _lay(
    node: Node,
    column: int,
    depth: int,
    bars: dict[str, list[int]],
    cuts: dict[str, int],
    bits: int,
) -> int:
    """Give places to all that lies inside; return how many columns it takes."""
    at = column
    for one in node.inside:
        if one.key:
            at += _lay(one, at, depth + 1, bars, cuts, bits)
        else:
            cuts[one.address.to_bytes(bits // 8, "big").hex()] = at
            at += 1
    width = max(1, at - column)
    if node.key:
        bars[node.key.hex()] = [column, width, depth]
    return width
