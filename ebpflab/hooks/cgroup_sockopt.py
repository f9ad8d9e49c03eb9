"""cgroup_sockopt: runs when a process of a cgroup sets or asks for a socket option.

The data here is the option's value. Source: UAPI linux/bpf.h, struct bpf_sockopt;
rights as observed on Linux 6.18.
"""

from ebpflab.hooks.access import Access
from ebpflab.hooks.hook import ContextField, Hook, register

_WHOLE = Access.WHOLE
_GET, _SET = ("cgroup_getsockopt",), ("cgroup_setsockopt",)

register(
    Hook(
        type="cgroup_sockopt",
        context="bpf_sockopt",
        context_size=40,
        fields=(
            ContextField("sk", 0, 8, pointer="sk", kind="sock", reads=_WHOLE),
            ContextField("optval", 8, 8, pointer="data", reads=_WHOLE),
            ContextField("optval_end", 16, 8, pointer="data_end", reads=_WHOLE),
            ContextField(
                "level",
                24,
                4,
                settable=True,
                reads=_WHOLE,
                writes=_WHOLE,
                writable_in=_SET,
            ),
            ContextField(
                "optname",
                28,
                4,
                settable=True,
                reads=_WHOLE,
                writes=_WHOLE,
                writable_in=_SET,
            ),
            ContextField("optlen", 32, 4, reads=_WHOLE, writes=_WHOLE, is_length=True),
            ContextField(
                "retval",
                36,
                4,
                settable=True,
                reads=_WHOLE,
                writes=_WHOLE,
                readable_in=_GET,
                writable_in=_GET,
            ),
        ),
        context_writable=True,
        returns={0: "DENY", 1: "ALLOW"},
        attach_types=(*_GET, *_SET),
        test_run=False,
        packet="write",
        expected=(*_GET, *_SET),
        answers={"": (0, 1)},
    )
)
