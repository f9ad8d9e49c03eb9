"""Program types: one file each. See hook.py first."""

from ebpflab.errors import RunError
from ebpflab.hooks import (  # noqa: F401  (they register)
    cgroup_skb,
    raw,
    sched_cls,
    socket_filter,
    xdp,
)
from ebpflab.hooks.hook import HOOKS, ContextField, Hook

__all__ = ["HOOKS", "ContextField", "Hook", "hook_of"]


def hook_of(type: str) -> Hook:
    """Return the hook of a program type. Raises RunError: the kit has none."""
    if type not in HOOKS:
        raise RunError.of("hook-unknown", type=type, known=", ".join(sorted(HOOKS)))
    return HOOKS[type]
