"""What a map's value holds for the kernel: locks, timers, work, kernel pointers."""

from tests.differential.family import Family, Function

_LOOK = """*(u32 *)(r10 -4) = {0~1~r7}
r2 = r10
r2 += -4
r1 = %s ll
call bpf_map_lookup_elem
{if r0 == 0 goto none#~~}
r9 = r0
"""
_LOCK = "r1 = r9; {~~r1 += 4}; call bpf_spin_lock; "
_UNLOCK = "r1 = r9; {call bpf_spin_unlock~call bpf_spin_unlock~~}"
_ENDED = "; none#:; r9 = 0"
_TIMED = Function("r0 = {0~~1}; exit", "u64 map, u64 key, u64 value", needs_types=True)
_LOCKS = (
    f"{_LOOK % 'locked'}{_LOCK}r5 = *(u64 *)(r9 +8); r5 += 1; *(u64 *)(r9 +8) = r5; {{~~call bpf_get_prandom_u32~exit~r1 = r9; call bpf_spin_lock}}; {_UNLOCK}{_ENDED}",
    f"{_LOOK % 'locked'}*(u32 *)(r9 +{{4~8~12~~0~2}}) = 1{_ENDED}",
    f"{_LOOK % 'locked'}r5 = *(u{{32~64~~8}} *)(r9 +{{8~~0}}){_ENDED}",
    f"{_LOOK % 'locked'}if r7 > 5 goto free#; {_LOCK}*(u32 *)(r9 +4) = 2; {_UNLOCK}; free#:{_ENDED}",
    f"{_LOOK % 'locked'}{_LOCK}if r8 == 0 goto out#; {_UNLOCK}; goto none#; out#:; {_UNLOCK}{_ENDED}",
    f"{_LOOK % '{wide~~array}'}{{~~{_LOCK}{_UNLOCK}}}{_ENDED}",
)
_TIMERS = (
    f"{_LOOK % 'timers'}r1 = r9; {{~~r1 += 8}}; r2 = {{timers~~array}} ll; r3 = {{1~7~~0}}; call bpf_timer_init; r8 = r0{_ENDED}",
    f"{_LOOK % 'timers'}r1 = r9; r2 = timed ll; call bpf_timer_set_callback; r8 = r0{_ENDED}",
    f"{_LOOK % 'timers'}r1 = r9; r2 = {{1000~r7}}; r3 = {{0~1}}; call bpf_timer_start{_ENDED}",
    f"{_LOOK % 'timers'}r1 = {{r9~~r10~r6}}; call bpf_timer_cancel{_ENDED}",
    f"{_LOOK % 'timers'}r7 = *(u64 *)(r9 +{{16~~0~8}}){_ENDED}",
)
_KPTRS = (
    f"{_LOOK % '{kptrs~untrusted}'}r1 = *(u{{64~~32}} *)(r9 +{{0~~4}}); if r1 == 0 goto none#; r8 = *(u32 *)(r1 +{{0~8~16~~7~100000}}){_ENDED}",
    f"{_LOOK % '{kptrs~untrusted}'}{{~~*(u64 *)(r9 +0) = r7}}; *(u64 *)(r9 +{{8~~0}}) = 0{_ENDED}",
    f"{_LOOK % 'kptrs'}r1 = r9; r2 = {{0~~r7}}; call bpf_kptr_xchg; if r0 == 0 goto none#; r1 = r0; {{call kfunc bpf_task_release~~}}{_ENDED}",
    f"{_LOOK % 'kptrs'}r8 = *(u64 *)(r9 +8); {{call kfunc bpf_rcu_read_lock; r1 = *(u64 *)(r9 +0); if r1 == 0 goto free#; r8 = *(u32 *)(r1 +16); free#:; {{call kfunc bpf_rcu_read_unlock~~}}~}}{_ENDED}",
)
_DYNPTR = "r{n} = r10; r{n} += {-32~-32~~-28~-16}; "


def _dynptr(number: int) -> str:
    return _DYNPTR.replace("{n}", str(number))


_RESERVE = f"r1 = ringbuf ll; r2 = {{8~16~r7}}; r3 = {{0~~1}}; {_dynptr(4)}call bpf_ringbuf_reserve_dynptr; "
_FROM_MEM = f"r1 = map[name:globals][0]+{{0~16}} ll; r2 = {{16~48~~64~65}}; r3 = 0; {_dynptr(4)}call bpf_dynptr_from_mem; "
_GIVE = f"{_dynptr(1)}r2 = 0; {{call bpf_ringbuf_submit_dynptr~call bpf_ringbuf_discard_dynptr~~}}"
_READ = f"r1 = r10; r1 += -64; r2 = {{8~16~~40}}; {_dynptr(3)}r4 = {{0~r7}}; r5 = {{0~~r7}}; call bpf_dynptr_read; "
_WRITE = f"{_dynptr(1)}r2 = {{0~4}}; r3 = r10; r3 += -64; r4 = {{8~16}}; r5 = {{0~~1}}; call bpf_dynptr_write; "
_DATA = f"{_dynptr(1)}r2 = {{0~4}}; r3 = {{4~8~~r7}}; call bpf_dynptr_data; {{if r0 == 0 goto none#~~}}; {{r5 = *(u32 *)(r0 +{{0~~8}})~*(u8 *)(r0 +{{0~3~~9}}) = 1}}; none#:; "
_SKB = f"r1 = r6; r2 = {{0~~1}}; {_dynptr(3)}call kfunc bpf_dynptr_from_{{skb}}; "
_SLICE = f"{_dynptr(1)}r2 = {{0~14}}; r3 = r10; r3 += -64; r4 = {{8~14~~40~r7}}; call kfunc bpf_dynptr_slice; {{if r0 == 0 goto none#~~}}; r5 = *(u8 *)(r0 +{{0~7~~14}}); none#:; "
_DYNPTRS = (
    f"{_RESERVE}{_WRITE}{_GIVE}",
    f"{_RESERVE}{_DATA}{_GIVE}",
    f"{_RESERVE}{_GIVE}{{~~; {_GIVE}}}",
    f"{_FROM_MEM}{_READ}{_WRITE}",
    f"{_FROM_MEM}{_DATA}",
    f"{_FROM_MEM}{_READ}{{~~*(u64 *)(r10 -24) = 1; {_READ}}}",
    f"{{~~{_READ}}}",
    f"{_RESERVE}{{~~*(u64 *)(r10 -32) = 0}}; {_GIVE}; *(u64 *)(r10 -32) = 0",
)

FAMILIES = (
    Family("locks", _LOCKS, ("xdp", "sched_cls", "cgroup_skb"), count=3),
    Family(
        "timers",
        _TIMERS,
        ("xdp", "sched_cls", "cgroup_skb"),
        functions={"timed": _TIMED},
        count=3,
    ),
    Family("kptrs", _KPTRS, ("sched_cls", "xdp", "syscall!16", "kprobe"), count=3),
    Family("dynptrs", _DYNPTRS, ("xdp", "sched_cls", "kprobe"), count=3),
    Family(
        "packet_dynptrs",
        (
            f"{_SKB}{_SLICE}",
            f"{_SKB}{_READ}",
            f"{_SKB}{_SLICE}{_WRITE}{{~~r8 = *(u8 *)(r0 +0)}}",
        ),
        ("sched_cls", "socket_filter", "cgroup_skb"),
        count=3,
    ),
)
