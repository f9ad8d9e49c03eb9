"""Every map type and every program type of Linux 6.18: taken, or the kernel's reason.

Maps that hold a kernel's thing come with BTF, from a blueprint and from C. The kernel
under test has no trampolines, hence EPERM for what would need one.
"""

import errno
from dataclasses import replace

import pytest

import ebpflab as lab
from ebpflab.btf import BtfWriter
from ebpflab.errors import LinuxError
from ebpflab.isa.map_types import MAP_TYPES
from ebpflab.linux.livemap import LiveMap
from ebpflab.linux.types import PROGRAM_TYPES
from ebpflab.program import MapSpec
from tests.differential.blueprints import blueprints

F_LINK, F_MMAPABLE = 1 << 13, 1 << 10


def congestion_control() -> MapSpec:
    """Return the map of a structure that the kernel lets programs fill."""
    types = BtfWriter()
    word = types.integer("u32", 4)
    structure = types.struct("tcp_congestion_ops", [("flags", word)])
    return MapSpec(
        "struct_ops",
        4,
        4,
        1,
        name="control",
        flags=F_LINK,  # it is registered by a link: never here
        btf=types.raw,
        value_type=structure,
    )


MADE = {
    **{spec.type: spec for spec in blueprints().values()},
    "struct_ops": congestion_control(),
    "arena": MapSpec("arena", 0, 0, 4, name="arena", flags=F_MMAPABLE),
}


def test_every_map_type_is_made(linux: None) -> None:
    assert MADE.keys() == MAP_TYPES.keys() - {"unspec"}
    for type, spec in MADE.items():
        with LiveMap(spec) as live:
            assert live.fd > 0, type


@pytest.mark.parametrize("name", ["locked", "timers", "workqueues", "kptrs"])
def test_values_that_hold_a_kernels_thing(linux: None, name: str) -> None:
    spec = blueprints()[name]
    with LiveMap(spec) as live:
        assert live.fd > 0
    plain = replace(spec, btf=None, key_type=0, value_type=0)
    with LiveMap(plain) as live:  # Linux takes the map, but no such use of it
        assert live.fd > 0


STORAGES = """
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#define STORAGE(kind, label) struct { \\
	__uint(type, BPF_MAP_TYPE_##kind); __uint(map_flags, BPF_F_NO_PREALLOC); \\
	__type(key, int); __type(value, long); } label SEC(".maps")
STORAGE(SK_STORAGE, sk);
STORAGE(TASK_STORAGE, task);
STORAGE(INODE_STORAGE, inode);
STORAGE(CGRP_STORAGE, cgrp);
struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, struct bpf_cgroup_storage_key); __type(value, long);
} old SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_ARENA); __uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 10); __ulong(map_extra, 0x1ull << 44);
} pages SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF); __uint(max_entries, 4096);
} in SEC(".maps");
struct locked { struct bpf_spin_lock lock; int n; };
struct {
	__uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4);
	__type(key, int); __type(value, struct locked);
} locks SEC(".maps");
struct timed { struct bpf_timer timer; };
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1);
	__type(key, int); __type(value, struct timed);
} timers SEC(".maps");
SEC("tp_btf/sys_enter") int f(void *ctx)
{
	long *value = bpf_task_storage_get(&task, bpf_get_current_task_btf(), 0, 1);
	if (value) *value += 1;
	return 0;
}
char _license[] SEC("license") = "GPL";
"""


def test_maps_with_btf_from_c(linux: None) -> None:
    made = lab.compile(STORAGES)
    for live in lab.linux.maps(made).values():
        with live:
            assert live.fd > 0
    assert {spec.type for spec in made.maps.values()} >= {"sk_storage", "arena", "hash"}
    assert lab.linux.verify(made.programs["f"]).accepted


def test_a_structure_that_no_program_may_fill(linux: None) -> None:
    spec = congestion_control()
    types = BtfWriter()
    other = types.struct("sock", [("n", types.integer("u32", 4))])
    with pytest.raises(LinuxError, match="no program fill"):
        LiveMap(replace(spec, btf=types.raw, value_type=other))


# ---- programs --------------------------------------------------------------------

TWO = "r0 = 0\nexit"
# type -> (attach type, target, flags) of a program that does nothing
NEEDS: dict[str, tuple[str | None, str | None, int]] = {
    "cgroup_sock": ("cgroup_inet_sock_create", None, 0),
    "cgroup_sock_addr": ("cgroup_inet4_connect", None, 0),
    "cgroup_sockopt": ("cgroup_getsockopt", None, 0),
    "cgroup_sysctl": ("cgroup_sysctl", None, 0),
    "cgroup_device": ("cgroup_device", None, 0),
    "sk_reuseport": ("sk_reuseport_select", None, 0),
    "tracing": ("trace_raw_tp", "sched_switch", 0),
    "lsm": ("lsm_mac", "file_open", 0),
    "struct_ops": (None, "tcp_congestion_ops.ssthresh", 0),
    "sk_lookup": ("sk_lookup", None, 0),
    "syscall": (None, None, 1 << 4),
    "netfilter": ("netfilter", None, 0),
}
REASONS = {  # type -> the kernel's errno, where it takes none
    "lsm": errno.EPERM,  # there are no trampolines
    "ext": 0,  # asked for nothing: it needs another program
    "lirc_mode2": errno.EINVAL,  # CONFIG_BPF_LIRC_MODE2 is not set
}


def program(type: str) -> lab.Program:
    attach, target, flags = NEEDS.get(type, (None, None, 0))
    return replace(
        lab.assemble(TWO, type=type),
        expected_attach_type=attach,
        attach_to=target,
        flags=flags,
    )


@pytest.mark.parametrize("type", [t for t in PROGRAM_TYPES if t != "unspec"])
def test_every_program_type_is_taken_or_refused(linux: None, type: str) -> None:
    if type not in REASONS:
        verdict = lab.linux.verify(program(type))
        assert verdict.accepted, verdict.message
        return
    with pytest.raises(LinuxError) as caught:
        lab.linux.verify(program(type))
    assert caught.value.errno == REASONS[type]


def test_all_33_are_asked() -> None:
    assert [PROGRAM_TYPES[t] for t in PROGRAM_TYPES] == list(range(33))


SLEEPABLE = {  # what may sleep, with a helper that does
    "uprobe": ("kprobe", None, None),
    "iter": ("tracing", "trace_iter", "task"),
    "syscall": ("syscall", None, None),
}


@pytest.mark.parametrize("name", SLEEPABLE)
def test_sleepable_programs(linux: None, name: str) -> None:
    type, attach, target = SLEEPABLE[name]
    text = "r1 = r10\nr1 += -8\nr2 = 8\nr3 = 0\ncall bpf_copy_from_user\n" + TWO
    made = replace(
        lab.assemble(text, type=type),
        expected_attach_type=attach,
        attach_to=target,
    )
    asleep = lab.linux.verify(replace(made, flags=1 << 4))
    assert asleep.accepted, asleep.message
    if type != "syscall":
        awake = lab.linux.verify(made)
        assert "sleep" in awake.message


STRUCT_OPS = [
    "tcp_congestion_ops.ssthresh",
    "tcp_congestion_ops.cong_avoid",
    "tcp_congestion_ops.init",
    "bpf_dummy_ops.test_1",
]


@pytest.mark.parametrize("target", STRUCT_OPS)
def test_programs_of_structures(linux: None, target: str) -> None:
    made = replace(lab.assemble(TWO, type="struct_ops"), attach_to=target)
    verdict = lab.linux.verify(made)
    assert verdict.accepted, verdict.message


def test_members_that_are_not_there(linux: None) -> None:
    for target in ("tcp_congestion_ops.nothing", "no_such_ops.x"):
        made = replace(lab.assemble(TWO, type="struct_ops"), attach_to=target)
        with pytest.raises(LinuxError, match="nothing called"):
            lab.linux.verify(made)


def test_a_replacement_needs_what_it_replaces(linux: None) -> None:
    with pytest.raises(LinuxError, match="cannot be loaded alone"):
        lab.linux.verify(lab.assemble(TWO, type="ext"))


def test_a_program_knows_which_member_it_fills() -> None:
    text = """
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
SEC("struct_ops") u32 BPF_PROG(threshold, struct sock *sk) { return 2; }
SEC("struct_ops/init") void BPF_PROG(start, struct sock *sk) {}
SEC(".struct_ops.link") struct tcp_congestion_ops slow = {
	.ssthresh = (void *)threshold, .init = (void *)start, .name = "slow",
};
"""
    made = lab.compile(text).programs
    assert made["threshold"].attach_to == "tcp_congestion_ops.ssthresh"
    assert made["start"].attach_to == "tcp_congestion_ops.init"
