"""What must be given back: ring buffer records, sockets; tail calls meanwhile."""

from tests.differential.family import Family

_RESERVE = "r1 = ringbuf ll; r2 = {8~24~64~~r7}; r3 = {0~~1}; call bpf_ringbuf_reserve; {if r0 == 0 goto none#~if r0 == 0 goto none#~~}; r9 = r0; "
_WRITE = "{*(u64 *)(r9 +{0~~16~64~-8}) = r7~*(u8 *)(r9 +{0~7~~8}) = 1~r5 = *(u32 *)(r9 +{0~4~~8})}; "
_GIVE = "{~~r9 += 8}; r1 = r9; r2 = {0~1~2}; {call bpf_ringbuf_submit~call bpf_ringbuf_discard~~}"
_END = "; none#:; r9 = 0"
_TUPLE = "*(u64 *)(r10 -16) = 0; *(u32 *)(r10 -8) = 0; r1 = r6; r2 = r10; r2 += -16; r3 = {12~~8~13}; r4 = {0~-1}; r5 = {0~~1}; "
_LOOKUP = f"{_TUPLE}call bpf_{{sk_lookup_tcp~sk_lookup_udp~skc_lookup_tcp}}; {{if r0 == 0 goto none#~~}}; r9 = r0; "
_READ = "{r5 = *(u32 *)(r9 +{0~4~8~12~16~72~~1~80~-4})~}; "
_RELEASE = "{~~r9 += 4}; r1 = r9; {call bpf_sk_release~~}"
_RINGBUF = (
    f"{_RESERVE}{_WRITE}{_GIVE}{_END}",
    f"{_RESERVE}{_WRITE}{{~~exit~r9 = 0~call bpf_get_prandom_u32}}; {_GIVE}{_END}",
    f"{_RESERVE}*(u64 *)(r10 -56) = r9; if r7 > {{3~9}} goto other#; {_GIVE}; goto none#; other#:; r9 = *(u64 *)(r10 -56); {_WRITE}{_GIVE}{_END}",
    f"{_RESERVE}{_GIVE}; {{~~r5 = *(u8 *)(r9 +0)~r1 = r9; r2 = 0; call bpf_ringbuf_submit}}{_END}",
    f"{_RESERVE}r8 &= {{7~3~~31}}; r9 += r8; *(u8 *)(r9 +0) = 1; r9 -= r8; {{r1 = r9~~r1 = r9}}; r2 = 0; call bpf_ringbuf_submit{_END}",
    f"{_RESERVE}r1 = r6; r2 = prog_array ll; r3 = 0; {{~~call bpf_tail_call}}; {_GIVE}{_END}",
)
_SOCKETS = (
    f"{_LOOKUP}{_READ}{_RELEASE}{_END}",
    f"{_LOOKUP}{_READ}{_RELEASE}; {{~~r5 = *(u32 *)(r9 +4)~r1 = r9; call bpf_sk_release}}{_END}",
    f"{_LOOKUP}if r8 == 0 goto other#; {_RELEASE}; goto none#; other#:; {_RELEASE}{_END}",
    f"{_LOOKUP}r1 = r9; call bpf_{{sk_fullsock~tcp_sock~~get_listener_sock}}; if r0 == 0 goto bad#; r5 = *(u32 *)(r0 +{{0~4~~300}}); bad#:; {_RELEASE}{_END}",
    f"{_LOOKUP}*(u64 *)(r10 -56) = r9; r9 = 0; r9 = *(u64 *)(r10 -56); {_READ}{_RELEASE}{_END}",
)
_TAIL = (
    "r1 = {r6~~r7~r10}; r2 = {prog_array~~array} ll; r3 = {0~1~r7~9}; call bpf_tail_call; {~~r7 = r0; r8 = r1}",
    "r7 &= 3; r1 = r6; r2 = prog_array ll; r3 = r7; call bpf_tail_call",
    "if r7 > 2 goto over#; r1 = r6; r2 = prog_array ll; r3 = 1; call bpf_tail_call; over#:",
)

FAMILIES = (
    Family("ringbuf", _RINGBUF, ("xdp", "sched_cls", "kprobe", "tracepoint"), count=3),
    Family("socket_lookups", _SOCKETS, ("sched_cls", "xdp", "cgroup_skb"), count=3),
    Family("tail_calls", _TAIL, ("xdp", "sched_cls", "kprobe", "socket_filter")),
)
