"""Functions of a program: static and global ones, frames, pointers to callers' stacks."""

from tests.differential.family import GLOBAL, Family, Function

_STATIC = {
    "add": Function("r0 = r1; r0 {+=~^=~&=} r2; exit", "u64 a, u64 b"),
    "clamp": Function(
        "r0 = {0~5}; if r1 {>~s>} {7~63} goto small; r0 = r1; small:; exit", "u64 a"
    ),
    "store": Function(
        "*(u64 *)({r1~~r2} +0) = {r2~7~~r10}; r0 = *(u64 *)(r1 +0); exit",
        "u64 p, u64 v",
    ),
    "deep": Function(
        "*(u64 *)(r10 -{8~64~256~~512}) = r1; call deeper; r0 += 1; exit", "u64 a"
    ),
    "deeper": Function(
        "*(u64 *)(r10 -{8~128~~400}) = 0; {r0 = 3~~call deep}; exit", "u64 a"
    ),
    "reads_ctx": Function("r0 = *(u32 *)(r1 +{0~~-4~2000}); exit", "ctx *c"),
    "saves": Function(
        "{r6 = r1~~}; *(u64 *)(r10 -8) = r6; call bpf_get_prandom_u32; r0 = r6; {~~r0 = r9;}exit",
        "u64 a",
    ),
    "finds": Function(
        "*(u32 *)(r10 -4) = w1; r2 = r10; r2 += -4; r1 = {wide~hash} ll; call bpf_map_lookup_elem; exit",
        "u64 key",
    ),
    "gives_stack": Function("{r0 = r1~~r0 = r10}; exit", "u64 a"),
}
_CALLS = (
    "r1 = r7; r2 = r8; call add; r7 = r0",
    "r1 = r{7~8}; call clamp; r9 = r10; {r0 = -r0; r9 += r0~r0 = -r0; r9 += r0~~r9 -= r0}; r8 = *(u8 *)(r9 -{0~1~8~~600}); r9 = 0",
    "r1 = r10; r1 += {-8~-64~~0~8~-516}; r2 = r7; call store; r8 = r0",
    "r1 = r7; call deep; r8 = r0",
    "r1 = {r6~~r7}; call reads_ctx; r8 = r0",
    "r1 = r7; call saves; r7 = {r0~~r3}",
    "r1 = {0~1~r7}; call finds; {if r0 == 0 goto none#~~}; r8 = *(u64 *)(r0 +{0~~64}); none#:",
    "r1 = {r7~r6~r10}; call gives_stack; r8 = 0",
)
_GLOBAL = {
    "g_add": Function(
        "r0 = r1; r0 += r2; exit", "u64 a, u32 b", "int", GLOBAL, needs_types=True
    ),
    "g_ctx": Function(
        "r0 = *(u32 *)(r1 +{0~~4000}); exit", "ctx *c", "int", GLOBAL, needs_types=True
    ),
    "g_mem": Function(
        "{if r1 == 0 goto nothing~~}; r2 = *(u64 *)(r1 +{0~8~~16}); *(u64 *)(r1 +0) = r2; nothing:; r0 = {0~1~~r10}; exit",
        "record *p",
        linkage=GLOBAL,
        needs_types=True,
    ),
    "g_nonnull": Function(
        "r0 = *(u32 *)(r1 +{0~12~~16}); exit",
        "record *p arg:nonnull",
        linkage=GLOBAL,
        needs_types=True,
    ),
    "g_void": Function(
        "r0 = 0; exit", "u64 a", "void", linkage=GLOBAL, needs_types=True
    ),
    "g_calls": Function(
        "call g_add; r0 += 1; exit", "u64 a, u32 b", linkage=GLOBAL, needs_types=True
    ),
}
_GLOBAL_CALLS = (
    "r1 = r7; {r2 = 1~w2 = w8~~r2 = r8~r2 = r10}; call g_add; r7 = r0",
    "r1 = {r6~~r7~r10}; call g_ctx; r8 = r0",
    "r1 = {r10~~r6~r7}; {r1 += -16~~}; call g_mem; r8 = r0",
    "r1 = 0; call g_mem; r7 = r0",
    "r1 = r10; r1 += {-16~-32~~-8~0}; call g_nonnull; r8 = r0",
    "r1 = r10; r1 += -24; {~~r1 = 0}; call g_nonnull; r8 = r0",
    "r1 = 1; call g_void; {~~r7 = r0}",
    "r1 = r8; r2 = 4; call g_calls; r8 = r0",
)
_TYPES = ("xdp", "sched_cls", "socket_filter", "cgroup_skb", "kprobe", "tracepoint")

FAMILIES = (
    Family("functions", _CALLS, _TYPES, functions=_STATIC, general=0.3),
    Family(
        "global_functions",
        (*_GLOBAL_CALLS, *_CALLS[:3]),
        ("xdp", "sched_cls", "socket_filter", "cgroup_skb"),
        functions=_STATIC | _GLOBAL,
        general=0.25,
        count=4,
    ),
)
