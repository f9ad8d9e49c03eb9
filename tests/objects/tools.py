"""Debian's own eBPF tools: which there are, and what their user space changes.

Two packages, libbpf-tools (bcc's tools, rebuilt with libbpf) and xdp-tools: other
people's programs, built by another compiler for older kernels. A tool changes its
object before it loads it: sizes that it learns at run time stand in SIZES. What Linux
6.18 refuses of them stands in REFUSED with Linux's reason.
"""

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import ebpflab as lab
from ebpflab.program import MapSpec, Object, Program

FOLDER = Path("/usr/sbin")
_LIBBPF_TOOLS = """
    bashreadline bindsnoop biolatency biopattern biosnoop biostacks biotop
    bitesize btrfsdist btrfsslower cachestat capable cpudist cpufreq drsnoop
    execsnoop exitsnoop ext4dist ext4slower filelife filetop fsdist fsslower
    funclatency gethostlatency hardirqs javagc killsnoop klockstat ksnoop
    llcstat mdflush mountsnoop nfsdist nfsslower numamove offcputime oomkill
    opensnoop readahead runqlat runqlen runqslower sigsnoop slabratetop softirqs
    solisten statsnoop syscount tcpconnect tcpconnlat tcplife tcprtt tcpstates
    tcpsynbl tcptop tcptracer vfsstat wakeuptime xfsdist xfsslower
"""
XDP_TOOLS = {  # how many objects each carries
    "xdp-bench": 9,
    "xdp-filter": 4,
    "xdp-loader": 4,
    "xdp-monitor": 5,
    "xdp-trafficgen": 5,
    "xdpdump": 4,
}
TOOLS = {**dict.fromkeys(_LIBBPF_TOOLS.split(), 1), **XDP_TOOLS}

CPUS = os.cpu_count() or 1
FRAMES = 127  # kernel.perf_event_max_stack
ONE_A_CPU = """
    redir_err_cnt cpumap_enqueue_cnt cpumap_kthread_cnt exception_cnt devmap_xmit_cnt
    rx_cnt rxq_cnt cpus_available cpu_map
"""
SIZES = {  # map -> what the tool's user space writes into its blueprint
    "stackmap": {"value_size": 8 * FRAMES, "max_entries": 1024},
    "start": {"max_entries": 32768},  # cpudist: as many as there may be threads
    "hists": {"max_entries": 32768},
    **{name: {"max_entries": CPUS} for name in ONE_A_CPU.split()},
}

NO_MEMBER = "invalid func unknown#195896080"  # CO-RE found no such member in Linux 6.18
REFUSED = {  # tool:program -> Linux's reason
    "bindsnoop:ipv4_bind_exit": NO_MEMBER,  # inet_sock.freebind became a bit of flags
    "bindsnoop:ipv6_bind_exit": NO_MEMBER,
    "runqlen:do_sample": NO_MEMBER,  # cfs_rq.nr_running became nr_queued
}


def installed() -> str:
    """Return "" if the packages are here, else what is missing."""
    missing = [name for name in TOOLS if not (FOLDER / name).exists()]
    if not missing:
        return ""
    return f"Debian's libbpf-tools and xdp-tools are not installed ({missing[0]}, ...)"


@cache
def opened(name: str) -> Object:
    return lab.load(FOLDER / name)


def as_the_tool_loads(program: Program) -> Program:
    """Return the program with the sizes that its tool gives to its maps."""
    return replace(program, maps=[_sized(spec) for spec in program.maps])


def _sized(spec: MapSpec) -> MapSpec:
    sizes = SIZES.get(spec.name.rpartition(":")[2], {})
    return replace(
        spec, **{part: n for part, n in sizes.items() if not getattr(spec, part)}
    )
