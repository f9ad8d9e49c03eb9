"""Atomic operations: on the stack, on map values, and where they are not allowed."""

from tests.differential.family import Family

_PLACE = "{r10 -{8~16~24}~~r10 -{4~12~520}~r6 +0~r7 +0}"
_PLACE32 = "{r10 -{4~8~12~16}~~r10 -{2~6}~r6 +4~r8 +0}"
_VALUE = """*(u32 *)(r10 -4) = {0~1~3}
r2 = r10
r2 += -4
r1 = {wide~globals~hash~array} ll
call bpf_map_lookup_elem
{if r0 == 0 goto none#~~}
"""

FAMILIES = (
    Family(
        "atomics",
        (
            f"lock *(u64 *)({_PLACE}) {{+=~|=~&=~^=}} {{r7~r8~~r2~r10}}",
            f"lock *(u32 *)({_PLACE32}) {{+=~|=~&=~^=}} {{w7~w8}}",
            f"r7 = atomic64_fetch_{{add~or~and~xor}}((u64 *)({_PLACE}), r7)",
            f"w8 = atomic_fetch_{{add~or~and~xor}}((u32 *)({_PLACE32}), w8)",
            f"r8 = atomic64_xchg((u64 *)({_PLACE}), r8)",
            f"w7 = atomic_xchg((u32 *)({_PLACE32}), w7)",
            f"{{r0 = r8~~}}; r0 = atomic64_cmpxchg((u64 *)({_PLACE}), r0, r7); r8 = r0",
            f"r0 = r7; r0 = atomic_cmpxchg((u32 *)({_PLACE32}), r0, r8); r7 = r0",
            f"r7 = load_acquire((u{{8~16~32~64}} *)({_PLACE}))",
            f"store_release((u{{8~16~32~64}} *)({_PLACE}), r8)",
            f"{_VALUE}lock *(u{{32~64}} *)(r0 +{{0~~4~8~60}}) += r7; none#:",
            f"{_VALUE}r8 = atomic64_fetch_add((u64 *)(r0 +{{0~~4~8~60}}), r8); none#:",
            f"{_VALUE}r7 = load_acquire((u64 *)(r0 +{{0~~4~8~60}})); none#:",
            "*(u64 *)(r10 -48) = {r10~r6~r7}; r8 = atomic64_xchg((u64 *)(r10 -48), r8); r8 = {0~1}",
            "r9 = r10; r9 += {-16~-24~~-4~-600}; r8 = atomic64_fetch_{add~or}((u64 *)(r9 +0), r8); r9 = 0",
            "r7 &= 7; r9 = r7; r9 = atomic64_fetch_and((u64 *)(r10 -16), r9); if r9 > 7 goto none#; r8 = r9; none#:; r9 = 0",
        ),
        types=("xdp", "sched_cls", "kprobe", "socket_filter"),
    ),
)
