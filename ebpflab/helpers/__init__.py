"""Helpers: one decorated function each, contract and behavior. See proto.py first."""

from ebpflab.helpers import (  # noqa: F401  (they register)
    clock_and_cpu,
    events,
    map_access,
    packet_bytes,
)
from ebpflab.helpers.proto import HELPERS, Arg, Env, Proto, Ret, call

__all__ = ["HELPERS", "Arg", "Env", "Proto", "Ret", "call"]
