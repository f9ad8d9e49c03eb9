"""Loops: counted, endless, by helpers with callbacks, may_goto, open-coded iterators."""

from tests.differential.family import Family, Function

_COUNTED = (
    "r9 = {0~5~-3}; loop#:; r7 {+=~^=~*=} {1~r9}; r9 += {1~2~~0~-1}; if r9 {<~s<~!=~~>=~s>} {10~20~9} goto loop#; r9 = 0",
    "r9 = r7; r9 &= {7~31}; loop#:; if r9 {==~s<=~<} {0~1} goto done#; r9 -= {1~~0}; r8 += 3; goto loop#; done#:; r9 = 0",
    "*(u64 *)(r10 -8) = 0; loop#:; r9 = *(u64 *)(r10 -8); r9 += {1~~0}; *(u64 *)(r10 -8) = r9; if r9 {!=~<} {8~30} goto loop#; r9 = 0",
    "r9 = 0; loop#:; if r7 > {3~9} goto odd#; r8 += 1; odd#:; r7 >>= 1; r9 += 1; if r9 < {5~12~~300} goto loop#; r9 = 0",
    "r9 = 4; loop#:; call bpf_get_prandom_u32; if r0 == 0 goto done#; r9 -= 1; {if r9 != 0 goto loop#~if r9 s> 0 goto loop#~~goto loop#}; done#:; r9 = 0",
    "r2 = r10; r9 = 1; loop#:; r2 += -8; *(u64 *)(r2 +0) = r9; r9 += 1; if r9 <= {4~8~~65~80} goto loop#; r9 = 0",
    "r9 = 0; outer#:; r5 = 0; inner#:; r5 += 1; if r5 < {3~7} goto inner#; r9 += 1; if r9 < {3~6} goto outer#; r9 = 0",
)
_MAY_GOTO = (
    "r9 = 0; loop#:; may_goto done#; r9 += {1~~0}; r7 += r9; if r9 < {5~9~~900} goto loop#; done#:; r9 = 0",
    "loop#:; may_goto done#; if r8 == {0~5} goto done#; r7 = {5~r8}; goto loop#; done#:",
    "r9 = r10; r9 += -64; r5 = 0; loop#:; may_goto done#; if r5 {>~s>} {7~~63~70} goto done#; r4 = r9; r4 += r5; *(u8 *)(r4 +0) = 1; r5 += 1; goto loop#; done#:; r9 = 0",
    "r9 = {0~8}; loop#:; may_goto {done#}; *(u64 *)(r10 -16) = r9; r9 = *(u64 *)(r10 -16); r9 += 1; if r9 < {9~20} goto loop#; done#:; r9 = 0",
)
_BODIES = {
    "each_round": Function(
        "r3 = *(u64 *)(r2 +{0~~8~-8}); r3 += r1; {*(u64 *)(r2 +0) = r3~}; {if r1 > 3 goto last~}; last:; r0 = {0~1~~2~-1}; exit",
        "u32 round, u64 ctx",
        needs_types=True,
    ),
    "each_value": Function(
        "r5 = *(u64 *)(r3 +{0~~8}); r1 = *(u32 *)(r2 +{0~~4}); {*(u64 *)(r3 +0) = r5~}; r0 = {0~1~~r5}; exit",
        "u64 map, u64 key, u64 value, u64 ctx",
        needs_types=True,
    ),
    "each_sample": Function(
        "{r6 = r1~}; r3 = r1; r1 = r10; r1 += -8; r2 = 8; r4 = 0; r5 = 0; call bpf_dynptr_read; r0 = 0; exit",
        "u64 dynptr, u64 ctx",
        needs_types=True,
    ),
}
_CALLBACKS = (
    "r1 = {0~1~10~r7~~-1}; r2 = each_round ll; r3 = r10; r3 += {-64~-16~~0~8}; r4 = {0~~1}; call bpf_loop; r7 = r0",
    "r9 = 0; r1 = {4~r8}; r2 = each_round ll; r3 = r10; r3 += -16; r4 = 0; call bpf_loop; r8 = *(u64 *)(r10 -16); if r8 > {9~100} goto over#; r7 = r8; over#:",
    "r1 = {array~hash~percpu_array~~queue~ringbuf} ll; r2 = each_value ll; r3 = {0~r10}; r4 = {0~~4}; call bpf_for_each_map_elem; r7 = r0",
    "r1 = user_ringbuf ll; r2 = each_sample ll; r3 = 0; r4 = 0; call bpf_user_ringbuf_drain; r8 = r0",
    "r1 = 3; r2 = {each_round~~each_value} ll; r3 = r10; r3 += -64; r4 = 0; call bpf_loop",
)
_NEW = "r1 = r10; r1 += -{24~24~~20}; r2 = {0~2}; r3 = {5~r7~10}; call kfunc bpf_iter_num_new; "
_NEXT = "r1 = r10; r1 += -24; call kfunc bpf_iter_num_next; "
_DESTROY = "r1 = r10; r1 += -24; {call kfunc bpf_iter_num_destroy~~}"
_ITERATORS = (
    f"{_NEW}loop#:; {_NEXT}{{if r0 == 0 goto done#~~}}; r5 = *(u32 *)(r0 +{{0~~4}}); r7 += r5; goto loop#; done#:; {_DESTROY}",
    f"{_NEW}r9 = 0; loop#:; {_NEXT}if r0 == 0 goto done#; r9 += {{1~0}}; if r9 > {{3~~r8}} goto done#; goto loop#; done#:; {_DESTROY}; r9 = 0",
    f"{_NEW}{_NEXT}{_DESTROY}; {{~~*(u64 *)(r10 -24) = 1}}",
    f"{_NEW}{{~~*(u64 *)(r10 -24) = 1}}; {_DESTROY}; *(u64 *)(r10 -24) = 1",
)
_TYPES = ("xdp", "sched_cls", "kprobe", "socket_filter")

FAMILIES = (
    Family("counted_loops", _COUNTED, _TYPES, count=4),
    Family("may_goto", _MAY_GOTO, _TYPES, count=4),
    Family("callbacks", _CALLBACKS, _TYPES, functions=_BODIES, count=3),
    Family("iterators", _ITERATORS, ("xdp", "sched_cls", "syscall!16"), count=3),
)
