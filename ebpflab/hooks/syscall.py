"""syscall: runs when userspace asks for it, with a context of userspace's own making.

Linux loads it as sleepable only (flag BPF_F_SLEEPABLE).
Source: docs.kernel.org/bpf/libbpf/program_types.html; as observed on Linux 6.18.
"""

from ebpflab.hooks.hook import FIRST_ATTACH_TYPE, Hook, register

LARGEST = 65_535  # bytes

register(
    Hook(
        type="syscall",
        context="",
        context_size=0,
        context_writable=True,
        has_packet=False,
        data_max=0,
        open_size=True,
        open_bytes=range(LARGEST),
        open_writes=True,
        expected=(FIRST_ATTACH_TYPE,),
        may_sleep=True,
        must_sleep=True,
    )
)
