"""Section names: each row of the table, and what is not a row."""

import pytest

from ebpflab.elf.sections import BY_PREFIX, SECTIONS, meaning_of
from ebpflab.linux.types import ATTACH_TYPES, PROGRAM_TYPES

EXAMPLES = {
    "xdp": ("xdp", "xdp", None, True),
    "xdp.frags": ("xdp", "xdp", None, True),
    "xdp/devmap": ("xdp", "xdp_devmap", None, True),
    "tc": ("sched_cls", None, None, True),
    "classifier": ("sched_cls", None, None, True),
    "tcx/ingress": ("sched_cls", "tcx_ingress", None, True),
    "action": ("sched_act", None, None, True),
    "socket": ("socket_filter", None, None, True),
    "cgroup_skb/ingress": ("cgroup_skb", "cgroup_inet_ingress", None, True),
    "cgroup/connect4": ("cgroup_sock_addr", "cgroup_inet4_connect", None, True),
    "cgroup/sendmsg6": ("cgroup_sock_addr", "cgroup_udp6_sendmsg", None, True),
    "cgroup/recvmsg_unix": ("cgroup_sock_addr", "cgroup_unix_recvmsg", None, True),
    "cgroup/sysctl": ("cgroup_sysctl", "cgroup_sysctl", None, True),
    "cgroup/getsockopt": ("cgroup_sockopt", "cgroup_getsockopt", None, True),
    "tracepoint/sched/sched_switch": ("tracepoint", None, "sched/sched_switch", True),
    "tp/syscalls/sys_enter_open": ("tracepoint", None, "syscalls/sys_enter_open", True),
    "raw_tp/sched_switch": ("raw_tracepoint", None, "sched_switch", True),
    "tp_btf/sched_switch": ("tracing", "trace_raw_tp", "sched_switch", True),
    "kprobe/do_unlinkat+4": ("kprobe", None, "do_unlinkat+4", True),
    "kretprobe": ("kprobe", None, None, True),
    "fentry/tcp_close": ("tracing", "trace_fentry", "tcp_close", True),
    "fexit.s/tcp_close": ("tracing", "trace_fexit", "tcp_close", True),
    "lsm/file_open": ("lsm", "lsm_mac", "file_open", True),
    "lsm_cgroup/socket_bind": ("lsm", "lsm_cgroup", "socket_bind", True),
    "iter/task": ("tracing", "trace_iter", "task", True),
    "struct_ops/init": ("struct_ops", None, "init", True),
    "?xdp": ("xdp", "xdp", None, True),
    "xdp_sample": ("xdp", "xdp", None, False),
    "xdp/mine": ("xdp", "xdp", None, False),
    "tc_count": ("sched_cls", None, None, False),
    "cgroup_skb/ingress_v2": ("cgroup_skb", "cgroup_inet_ingress", None, False),
}


@pytest.mark.parametrize(("name", "expected"), EXAMPLES.items(), ids=EXAMPLES)
def test_a_name_is_understood(name: str, expected: tuple[object, ...]) -> None:
    meaning = meaning_of(name)
    kind = meaning.kind
    found = (kind.type, kind.attach_type, meaning.attach_to, meaning.exact)
    assert found == expected


@pytest.mark.parametrize("name", ["", "?", "/", "xdpsample", "tcp", "mystery", "ébpf"])
def test_a_name_that_is_none(name: str) -> None:
    assert meaning_of(name) is None


@pytest.mark.parametrize("row", SECTIONS, ids=lambda row: row.prefix)
def test_every_row_names_types_that_linux_has(row) -> None:
    assert row.type in PROGRAM_TYPES
    assert row.attach_type is None or row.attach_type in ATTACH_TYPES
    assert meaning_of(row.prefix).kind is row
    assert meaning_of(row.prefix).exact


def test_no_prefix_stands_twice() -> None:
    assert len(BY_PREFIX) == len(SECTIONS)


def test_every_program_type_has_a_section() -> None:
    reachable = {row.type for row in SECTIONS}
    assert set(PROGRAM_TYPES) - reachable == {"unspec"}
