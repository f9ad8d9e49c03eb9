"""Packets: comparisons of every shape, ranges, variable offsets, pkt_meta, writing."""

from tests.differential.family import Family


def _family(name: str, types: tuple[str, ...], data: int, end: int) -> Family:
    both = f"r2 = *(u32 *)(r6 +{data}); r3 = *(u32 *)(r6 +{end}); "
    size = "{1~8~14~34~~0~65536}"
    access = "{r4 = *(u{8~16~32~64} *)(r2 +{0~~1~4~7~14~33~-1})~*(u{8~16~32} *)(r2 +{0~~6~13}) = r7}"
    tests = (
        "if r4 > r3 goto out#",
        "if r3 < r4 goto out#",
        "if r4 >= r3 goto out#",
        "if r3 <= r4 goto out#",
    )
    inverse = ("if r4 <= r3 goto in#", "if r3 >= r4 goto in#", "if r3 > r4 goto in#")
    walk = "r5 = r7; r5 &= {15~63~255~~0xffff}; {r5 <<= 2~}; r2 += r5; "
    pieces = (
        *(f"{both}r4 = r2; r4 += {size}; {test}; {access}; out#:" for test in tests),
        *(
            f"{both}r4 = r2; r4 += {size}; {test}; goto out#; in#:; {access}; out#:"
            for test in inverse
        ),
        f"{both}{walk}r4 = r2; r4 += {size}; {{{tests[0]}~{tests[1]}~~}}; {access}; out#:",
        f"{both}r4 = r2; r4 += 14; if r4 > r3 goto out#; r5 = *(u8 *)(r2 +{{0~13}}); r5 &= 15; r5 <<= 2; r4 += r5; r9 = r4; r9 += 20; if r9 > r3 goto out#; r8 = *(u{{8~32}} *)(r4 +{{0~16~~18~20}}); out#:; r9 = 0",
        f"{both}r4 = r2; r4 += 8; r5 = r2; if r4 > r3 goto out#; *(u64 *)(r10 -56) = r5; r5 = *(u64 *)(r10 -56); r8 = *(u{{8~64}} *)(r5 +0); out#:",
        f"{both}r4 = r3; r4 -= r2; {{if r4 < 20 goto out#~~}}; r8 = r4; {{~~r7 = *(u8 *)(r2 +0)}}; out#:",
        f"{both}if r2 == r3 goto out#; {{r8 = 1~~r8 = *(u8 *)(r2 +0)}}; out#:",
        f"{both}r4 = r2; r4 += 20; if r4 > r3 goto out#; r1 = r10; r1 += -16; r9 = r2; {{~~r7 = *(u8 *)(r3 +0)~r3 += 1~*(u64 *)(r2 +0) = r10}}; r8 = *(u16 *)(r9 +{{12~18~~19}}); out#:; r9 = 0",
    )
    return Family(name, pieces, types)


_META = "r2 = *(u32 *)(r6 +{meta}); r3 = *(u32 *)(r6 +{data}); "
_MOVE = {
    "xdp": "r1 = r6; r2 = {0~-8~4~r7}; call bpf_xdp_adjust_{head~tail~meta}; ",
    "skb": "r1 = r6; r2 = {0~64~r7}; call bpf_skb_pull_data; ",
}


def _moving(kind: str, data: int, end: int, meta: int) -> tuple[str, ...]:
    both = f"r2 = *(u32 *)(r6 +{data}); r3 = *(u32 *)(r6 +{end}); "
    look = "r4 = r2; r4 += {8~14}; if r4 > r3 goto out#; "
    metas = f"r2 = *(u32 *)(r6 +{meta}); r3 = *(u32 *)(r6 +{data}); "
    return (
        f"{both}{look}r9 = r2; {{~~{_MOVE[kind]}}}; r7 = *(u8 *)(r9 +0); out#:; r9 = 0",
        f"{_MOVE[kind]}{both}{look}r7 = *(u8 *)(r2 +{{0~7~~14}}); out#:",
        f"{metas}{look}r7 = *(u{{8~32}} *)(r2 +{{0~4~~8~14}}); out#:",
        f"{metas}r4 = *(u32 *)(r6 +{end}); {{r5 = r2~~r5 = r3}}; r5 += 4; if r5 > {{r3~~r4}} goto out#; *(u32 *)(r2 +0) = r7; out#:",
    )


FAMILIES = (
    _family("packets_xdp", ("xdp", "xdp/xdp_devmap", "xdp/xdp_cpumap"), 0, 4),
    _family(
        "packets_skb",
        ("sched_cls", "sched_act", "cgroup_skb", "lwt_xmit", "lwt_in", "sk_skb"),
        76,
        80,
    ),
    Family("packets_moved_xdp", _moving("xdp", 0, 4, 8), ("xdp",)),
    Family(
        "packets_moved_skb", _moving("skb", 76, 80, 140), ("sched_cls", "sched_act")
    ),
)
