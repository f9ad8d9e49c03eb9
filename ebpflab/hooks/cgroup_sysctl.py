"""cgroup_sysctl: runs when a process of a cgroup reads or writes a sysctl.

Source: UAPI linux/bpf.h, struct bpf_sysctl; rights as observed on Linux 6.18.
"""

from ebpflab.hooks.access import Access
from ebpflab.hooks.hook import ContextField, Hook, register

register(
    Hook(
        type="cgroup_sysctl",
        context="bpf_sysctl",
        context_size=8,
        fields=(
            ContextField("write", 0, 4, settable=True),
            ContextField("file_pos", 4, 4, settable=True, writes=Access.WHOLE),
        ),
        context_writable=True,
        returns={0: "DENY", 1: "ALLOW"},
        has_packet=False,
        data_max=0,
        attach_types=("cgroup_sysctl",),
        test_run=False,
        answers={"": (0, 1)},
    )
)
