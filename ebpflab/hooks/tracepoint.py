"""tracepoint: runs at a marked place of the kernel, with that place's own values.

What stands where is told by the kernel's file events/<group>/<name>/format; the rows
here are those of syscalls/sys_enter_*. The first 8 bytes are out of reach.
Source: docs.kernel.org/trace/events.html; as observed on Linux 6.18.
"""

from ebpflab.hooks.access import Access
from ebpflab.hooks.hook import ContextField, Hook, register

LARGEST = 8192  # bytes: PERF_MAX_TRACE_SIZE
WORD = 8
_ARGUMENTS = 6

register(
    Hook(
        type="tracepoint",
        context="trace_event_raw_sys_enter",
        context_size=WORD * (2 + _ARGUMENTS),
        fields=(
            ContextField("common", 0, WORD, reads=Access.NONE),
            ContextField("id", WORD, WORD, settable=True),
            *(
                ContextField(f"args[{i}]", WORD * (2 + i), WORD, settable=True)
                for i in range(_ARGUMENTS)
            ),
        ),
        has_packet=False,
        data_max=0,
        open_size=True,
        open_bytes=range(WORD, LARGEST),
        test_run=False,
        needs_perfmon=True,
    )
)
