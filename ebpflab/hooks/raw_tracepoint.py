"""raw_tracepoint: runs at a marked place of the kernel, with the raw arguments there.

Of the writable kind, the first argument points to something that may be written.
Source: UAPI linux/bpf.h, struct bpf_raw_tracepoint_args.
"""

from dataclasses import replace

from ebpflab.hooks.access import Access
from ebpflab.hooks.hook import ContextField, Hook, register

WORD = 8  # bytes
ARGUMENTS = 12


def _fields(first: ContextField) -> tuple[ContextField, ...]:
    rest = (
        ContextField(f"args[{i}]", WORD * i, WORD, settable=True)
        for i in range(1, ARGUMENTS)
    )
    return (first, *rest)


_NUMBER = ContextField("args[0]", 0, WORD, settable=True)
_BUFFER = replace(_NUMBER, kind="tp_buffer", reads=Access.BEHIND)

for type, first in (("raw_tracepoint", _NUMBER), ("raw_tracepoint_writable", _BUFFER)):
    register(
        Hook(
            type=type,
            context="bpf_raw_tracepoint_args",
            context_size=WORD * ARGUMENTS,
            fields=_fields(first),
            has_packet=False,
            data_max=0,
            needs_perfmon=True,
        )
    )
