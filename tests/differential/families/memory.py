"""The stack at all offsets, legacy packet loads, alignment, odd instructions."""

from tests.differential.family import Family

_VAR = """r1 = r7
r1 &= {7~8~24~56}
{r1 += -{64~32}~r1 -= 64~~r1 += -516~}
r2 = r10
r2 += r1
"""

FAMILIES = (
    Family(
        "stack",
        (
            "*(u{8~16~32~64} *)(r10 -{8~16~48~~3~5~512~520}) = {r7~r8~-1~r10~r6}",
            "r9 = *(u{8~16~32~64} *)(r10 -{8~16~48~~3~5~72~520}); r9 = 0",
            "*(u64 *)(r10 -{80~256~512~~0~513~-8}) = r7",
            "*(u64 *)(r10 -24) = r10; {~~*(u8 *)(r10 -20) = 1~*(u32 *)(r10 -24) = 0}; r9 = *(u64 *)(r10 -24); *(u64 *)(r9 -8) = 1; r9 = 0",
            "*(u64 *)(r10 -24) = r6; r9 = *(u{64~64~~32~8} *)(r10 -24); r8 = *(u32 *)(r9 +0); r9 = 0",
            "*(u32 *)(r10 -28) = w7; r9 = *(u32 *)(r10 -28); if r9 > 10 goto over#; r8 = r9; over#:; r9 = 0",
            "r7 &= 255; *(u64 *)(r10 -16) = r7; r9 = *(u{32~16~8} *)(r10 -16); if r9 {>~==} 9 goto over#; r8 = r7; over#:; r9 = 0",
            f"{_VAR}*(u{{8~~16~64}} *)(r2 +0) = {{r7~0~5~r10}}",
            f"{_VAR}r8 = *(u{{8~~16~64}} *)(r2 +{{0~~-8}})",
            "r9 = r10; r9 += {-16~-64~~8~-600~0}; {r8 = *(u64 *)(r9 +0)~*(u8 *)(r9 +1) = 7}; r9 = 0",
            "r9 = r10; {r9 -= 8~r9 += -8~~r9 *= 2~r9 ^= r10~r9 = -r9~w9 = w10}; *(u64 *)(r9 +0) = 1; r9 = 0",
            "{~~r10 = 1~r10 += 8}; r9 = r10; r9 -= r10; r8 = r9; r9 = 0",
            "r1 = *(u64 *)(r10 -{96~104}); r8 = r1; r8 &= 15",
        ),
        types=("xdp", "sched_cls", "kprobe", "tracepoint", "socket_filter"),
    ),
    Family(
        "legacy_loads",
        (
            "r0 = *(u{8~16~32} *)skb[{0~6~12~-4~100000}]; r7 = r0",
            "r0 = *(u{8~16~32} *)skb[r{7~8} + {0~14}]; r8 = r0",
            "{~~r6 = r7~r6 += 4~r6 = 0}; r0 = *(u8 *)skb[{3~23}]; {r7 = r0~~r7 = r1}",
            "r9 = r6; r0 = *(u16 *)skb[12]; if r0 != 0x800 goto over#; r7 = *(u32 *)(r9 +0); over#:; r9 = 0",
            "r1 = ringbuf ll; r2 = 8; r3 = 0; call bpf_ringbuf_reserve; if r0 == 0 goto over#; r9 = r0; {~~r0 = *(u8 *)skb[2]}; r1 = r9; r2 = 0; call bpf_ringbuf_discard; over#:; r9 = 0",
        ),
        types=(
            "socket_filter",
            "sched_cls",
            "cgroup_skb",
            "sched_act",
            "socket_filter",
        ),
        general=0.3,
    ),
    Family(
        "alignment",
        (
            "r8 = *(u{8~16~32~64} *)(r10 -{8~16~~6~7~12})",
            "r2 = *(u32 *)(r6 +76); r3 = *(u32 *)(r6 +80); r4 = r2; r4 += {16~18}; if r4 > r3 goto over#; r7 = *(u{8~16~32} *)(r2 +{2~6~10~14~~0~3}); over#:",
            "r2 = *(u32 *)(r6 +76); r3 = *(u32 *)(r6 +80); r7 &= {4~8~~7~6}; r2 += r7; r4 = r2; r4 += {8~18}; if r4 > r3 goto over#; r7 = *(u{8~16~32} *)(r2 +{2~6~~0~3}); over#:",
            "*(u32 *)(r10 -4) = 0; r2 = r10; r2 += -4; r1 = wide ll; call bpf_map_lookup_elem; if r0 == 0 goto over#; r7 &= {8~16~~12~7}; r0 += r7; r8 = *(u{8~32~64} *)(r0 +{0~8~~4~2}); over#:",
        ),
        types=("sched_cls!1", "sched_cls!1", "sched_cls!2", "sched_act!1"),
    ),
)
