"""Section names: what type of program `SEC("...")` announces. One row a prefix.

A name is a prefix, or a prefix and `/` and what the program attaches to
(`kprobe/do_unlinkat`, `tp/sched/sched_switch`). Not here: what a program type may do
(hooks/). Source: libbpf's documented list, docs.kernel.org/bpf/libbpf/program_types.
"""

from dataclasses import dataclass

BPF_F_SLEEPABLE = 1 << 4
BPF_F_XDP_HAS_FRAGS = 1 << 5


@dataclass(frozen=True, slots=True)
class SectionKind:
    """What one section name says about the program inside."""

    prefix: str
    type: str
    attach_type: str | None = None
    takes_target: bool = False  # "/..." names what to attach to
    flags: int = 0  # of BPF_PROG_LOAD


@dataclass(frozen=True, slots=True)
class SectionMeaning:
    """A section name, understood."""

    kind: SectionKind
    attach_to: str | None = None
    exact: bool = True  # False: libbpf would refuse this spelling


def _family(
    prefixes: str, type: str, attach_type: str | None = None, flags: int = 0
) -> list[SectionKind]:
    """Rows of names that take a target."""
    return [SectionKind(p, type, attach_type, True, flags) for p in prefixes.split()]


_PROBES = [
    *_family("kprobe kretprobe uprobe uretprobe usdt ksyscall kretsyscall", "kprobe"),
    *_family("uprobe.s uretprobe.s usdt.s", "kprobe", None, BPF_F_SLEEPABLE),
    *_family("kprobe.multi kretprobe.multi", "kprobe", "trace_kprobe_multi"),
    *_family("kprobe.session", "kprobe", "trace_kprobe_session"),
    *_family("uprobe.multi uretprobe.multi", "kprobe", "trace_uprobe_multi"),
    *_family(
        "uprobe.multi.s uretprobe.multi.s",
        "kprobe",
        "trace_uprobe_multi",
        BPF_F_SLEEPABLE,
    ),
    *_family("uprobe.session", "kprobe", "trace_uprobe_session"),
    *_family("uprobe.session.s", "kprobe", "trace_uprobe_session", BPF_F_SLEEPABLE),
]
_TRACING = [
    *_family("tracepoint tp", "tracepoint"),
    *_family("raw_tracepoint raw_tp", "raw_tracepoint"),
    *_family("raw_tracepoint.w raw_tp.w", "raw_tracepoint_writable"),
    *_family("tp_btf", "tracing", "trace_raw_tp"),
    *_family("fentry", "tracing", "trace_fentry"),
    *_family("fexit", "tracing", "trace_fexit"),
    *_family("fmod_ret", "tracing", "modify_return"),
    *_family("iter", "tracing", "trace_iter"),
    *_family("fentry.s", "tracing", "trace_fentry", BPF_F_SLEEPABLE),
    *_family("fexit.s", "tracing", "trace_fexit", BPF_F_SLEEPABLE),
    *_family("fmod_ret.s", "tracing", "modify_return", BPF_F_SLEEPABLE),
    *_family("iter.s", "tracing", "trace_iter", BPF_F_SLEEPABLE),
    *_family("lsm", "lsm", "lsm_mac"),
    *_family("lsm.s", "lsm", "lsm_mac", BPF_F_SLEEPABLE),
    *_family("lsm_cgroup", "lsm", "lsm_cgroup"),
    *_family("freplace", "ext"),
    *_family("struct_ops", "struct_ops"),
    *_family("struct_ops.s", "struct_ops", None, BPF_F_SLEEPABLE),
    SectionKind("syscall", "syscall", flags=BPF_F_SLEEPABLE),
    SectionKind("perf_event", "perf_event"),
]
_NETWORK = [
    SectionKind("socket", "socket_filter"),
    SectionKind("xdp", "xdp", "xdp"),
    SectionKind("xdp/devmap", "xdp", "xdp_devmap"),
    SectionKind("xdp/cpumap", "xdp", "xdp_cpumap"),
    SectionKind("xdp.frags", "xdp", "xdp", flags=BPF_F_XDP_HAS_FRAGS),
    SectionKind("xdp.frags/devmap", "xdp", "xdp_devmap", flags=BPF_F_XDP_HAS_FRAGS),
    SectionKind("xdp.frags/cpumap", "xdp", "xdp_cpumap", flags=BPF_F_XDP_HAS_FRAGS),
    SectionKind("tc", "sched_cls"),
    SectionKind("tc/ingress", "sched_cls", "tcx_ingress"),
    SectionKind("tc/egress", "sched_cls", "tcx_egress"),
    SectionKind("tcx/ingress", "sched_cls", "tcx_ingress"),
    SectionKind("tcx/egress", "sched_cls", "tcx_egress"),
    SectionKind("netkit/primary", "sched_cls", "netkit_primary"),
    SectionKind("netkit/peer", "sched_cls", "netkit_peer"),
    SectionKind("classifier", "sched_cls"),
    SectionKind("action", "sched_act"),
    SectionKind("lwt_in", "lwt_in"),
    SectionKind("lwt_out", "lwt_out"),
    SectionKind("lwt_xmit", "lwt_xmit"),
    SectionKind("lwt_seg6local", "lwt_seg6local"),
    SectionKind("sk_msg", "sk_msg", "sk_msg_verdict"),
    SectionKind("sk_skb", "sk_skb"),
    SectionKind("sk_skb/stream_parser", "sk_skb", "sk_skb_stream_parser"),
    SectionKind("sk_skb/stream_verdict", "sk_skb", "sk_skb_stream_verdict"),
    SectionKind("sk_skb/verdict", "sk_skb", "sk_skb_verdict"),
    SectionKind("sk_lookup", "sk_lookup", "sk_lookup"),
    SectionKind("sk_reuseport", "sk_reuseport", "sk_reuseport_select"),
    SectionKind(
        "sk_reuseport/migrate", "sk_reuseport", "sk_reuseport_select_or_migrate"
    ),
    SectionKind("sockops", "sock_ops", "cgroup_sock_ops"),
    SectionKind("flow_dissector", "flow_dissector", "flow_dissector"),
    SectionKind("netfilter", "netfilter", "netfilter"),
    SectionKind("lirc_mode2", "lirc_mode2", "lirc_mode2"),
]
_ADDRESSES = """bind4 bind6 connect4 connect6 connect_unix sendmsg4 sendmsg6
    sendmsg_unix recvmsg4 recvmsg6 recvmsg_unix getpeername4 getpeername6
    getpeername_unix getsockname4 getsockname6 getsockname_unix"""


def _address_attach_type(hook: str) -> str:
    """Return libbpf's name: connect4 is cgroup_inet4_connect, also for unix."""
    call, family = hook.removesuffix("_unix"), "unix"
    if call == hook:
        call, family = hook[:-1], f"inet{hook[-1]}"
    if call in ("sendmsg", "recvmsg") and family != "unix":
        family = f"udp{hook[-1]}"
    return f"cgroup_{family}_{call}"


_CGROUP = [
    SectionKind("cgroup/skb", "cgroup_skb"),
    SectionKind("cgroup_skb/ingress", "cgroup_skb", "cgroup_inet_ingress"),
    SectionKind("cgroup_skb/egress", "cgroup_skb", "cgroup_inet_egress"),
    SectionKind("cgroup/sock", "cgroup_sock", "cgroup_inet_sock_create"),
    SectionKind("cgroup/sock_create", "cgroup_sock", "cgroup_inet_sock_create"),
    SectionKind("cgroup/sock_release", "cgroup_sock", "cgroup_inet_sock_release"),
    SectionKind("cgroup/post_bind4", "cgroup_sock", "cgroup_inet4_post_bind"),
    SectionKind("cgroup/post_bind6", "cgroup_sock", "cgroup_inet6_post_bind"),
    SectionKind("cgroup/sysctl", "cgroup_sysctl", "cgroup_sysctl"),
    SectionKind("cgroup/getsockopt", "cgroup_sockopt", "cgroup_getsockopt"),
    SectionKind("cgroup/setsockopt", "cgroup_sockopt", "cgroup_setsockopt"),
    SectionKind("cgroup/dev", "cgroup_device", "cgroup_device"),
    *(
        SectionKind(f"cgroup/{hook}", "cgroup_sock_addr", _address_attach_type(hook))
        for hook in _ADDRESSES.split()
    ),
]
SECTIONS = (*_PROBES, *_TRACING, *_NETWORK, *_CGROUP)
BY_PREFIX = {row.prefix: row for row in SECTIONS}


def meaning_of(section: str) -> SectionMeaning | None:
    """Understand a section name; None when no row fits.

    `xdp_sample` and `xdp/anything` begin plainly with a type: libbpf 1.0 and later
    refuse them, older versions took them; here they are understood with exact=False.
    A leading "?" (libbpf: do not load by itself) changes nothing.
    """
    name = section.removeprefix("?")
    if row := BY_PREFIX.get(name):
        return SectionMeaning(row)
    prefix, _, target = name.partition("/")
    if (row := BY_PREFIX.get(prefix)) and row.takes_target:
        return SectionMeaning(row, target)
    candidates = [p for p in BY_PREFIX if _begins(name, p)]
    if not candidates:
        return None
    return SectionMeaning(BY_PREFIX[max(candidates, key=len)], exact=False)


def _begins(name: str, prefix: str) -> bool:
    return name.startswith(prefix) and not name[len(prefix)].isalnum()
