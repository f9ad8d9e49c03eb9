"""Helpers: one decorated function each, contract and behavior. See proto.py first."""

from ebpflab.helpers import (  # noqa: F401  (they register)
    calls,
    clock_and_cpu,
    events,
    map_access,
    packet_bytes,
)
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
]
