"""perf_event: runs at each sample of a profiler, say 99 times a second.

The context holds the registers of what was interrupted (see kprobe.py).
Source: UAPI linux/bpf_perf_event.h, struct bpf_perf_event_data.
"""

from ebpflab.hooks.access import Access
from ebpflab.hooks.hook import ContextField, Hook, register
from ebpflab.hooks.kprobe import REGISTERS, WORD

_AFTER = WORD * len(REGISTERS)

register(
    Hook(
        type="perf_event",
        context="bpf_perf_event_data",
        context_size=_AFTER + 2 * WORD,
        fields=(
            *(
                ContextField(name, WORD * i, WORD, settable=True, reads=Access.WHOLE)
                for i, name in enumerate(REGISTERS)
            ),
            ContextField("sample_period", _AFTER, WORD, settable=True),
            ContextField("addr", _AFTER + WORD, WORD, settable=True),
        ),
        has_packet=False,
        data_max=0,
        test_run=False,
        needs_perfmon=True,
    )
)
