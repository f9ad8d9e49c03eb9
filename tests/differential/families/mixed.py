"""Long programs: pieces of many subjects in one, as far as a program type has them.

What each piece leaves behind (numbers, references, states of the stack) meets what the
others do with it.
"""

from tests.differential.families import (
    atomics,
    calls,
    functions,
    loops,
    map_access,
    memory,
    packets,
    records,
    references,
    sockets,
)
from tests.differential.family import Family

_ANYWHERE = (
    *(atomics.FAMILIES, functions.FAMILIES[:1], loops.FAMILIES, map_access.FAMILIES),
    *(memory.FAMILIES[:1], records.FAMILIES[:2], references.FAMILIES),
)
_XDP = ("packets_xdp", "packets_moved_xdp", "calls_xdp")
_SKB = ("packets_skb", "packets_moved_skb", "calls_sched_cls", "sockets_skb")
_BY_NAME = {
    family.name: family
    for module in (packets, calls, sockets)
    for family in module.FAMILIES
}


def _mixed(type: str, names: tuple[str, ...]) -> Family:
    families = [family for several in _ANYWHERE for family in several]
    families += [_BY_NAME[name] for name in names]
    return Family(
        f"mixed_{type}",
        tuple(piece for family in families for piece in family.pieces),
        (type,),
        functions={k: f for family in families for k, f in family.functions.items()},
        count=10,
    )


FAMILIES = (_mixed("xdp", _XDP), _mixed("sched_cls", _SKB))
