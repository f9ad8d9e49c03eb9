"""Helpers: one decorated function each, contract and behavior. See proto.py first."""

from ebpflab.helpers import (  # noqa: F401  (they register)
    calls,
    cgroups,
    checksums,
    clock_and_cpu,
    dynptrs,
    events,
    locks,
    map_access,
    messages,
    packet_bytes,
    packet_facts,
    packet_size,
    probes,
    redirects,
    ring_buffer,
    sequences,
    task,
    text,
    xdp_packet,
)
from ebpflab.helpers.allowed import may_call
from ebpflab.helpers.proto import (
    ADDRESSES,
    HELPERS,
    Arg,
    Callback,
    Env,
    Frame,
    Proto,
    Ret,
    TailCall,
    Task,
    call,
)

__all__ = [
    "ADDRESSES",
    "HELPERS",
    "Arg",
    "Callback",
    "Env",
    "Frame",
    "Proto",
    "Ret",
    "TailCall",
    "Task",
    "call",
    "may_call",
]
