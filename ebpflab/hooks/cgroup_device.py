"""cgroup_device: runs when a process of a cgroup opens or makes a device file.

`access_type` is (access << 16) | type: access 1 mknod, 2 read, 4 write; type 1 block,
2 character. Source: UAPI linux/bpf.h, struct bpf_cgroup_dev_ctx.
"""

from ebpflab.hooks.access import Access
from ebpflab.hooks.hook import ContextField, Hook, register

register(
    Hook(
        type="cgroup_device",
        context="bpf_cgroup_dev_ctx",
        context_size=12,
        fields=(
            ContextField("access_type", 0, 4, settable=True),
            ContextField("major", 4, 4, settable=True, reads=Access.WHOLE),
            ContextField("minor", 8, 4, settable=True, reads=Access.WHOLE),
        ),
        returns={0: "DENY", 1: "ALLOW"},
        has_packet=False,
        data_max=0,
        attach_types=("cgroup_device",),
        test_run=False,
        answers={"": (0, 1)},
    )
)
