"""Program types: one file each. See hook.py first."""

from ebpflab.errors import RunError
from ebpflab.hooks import (  # noqa: F401  (they register)
    cgroup_device,
    cgroup_skb,
    cgroup_sock,
    cgroup_sock_addr,
    cgroup_sockopt,
    cgroup_sysctl,
    flow_dissector,
    kprobe,
    lwt,
    netfilter,
    perf_event,
    raw,
    raw_tracepoint,
    sched_cls,
    sk_lookup,
    sk_msg,
    sk_reuseport,
    sk_skb,
    sock_ops,
    socket_filter,
    syscall,
    tracepoint,
    tracing,
    xdp,
)
from ebpflab.hooks.access import Access
from ebpflab.hooks.hook import HOOKS, ContextField, Hook

__all__ = ["HOOKS", "Access", "ContextField", "Hook", "hook_of"]


def hook_of(type: str) -> Hook:
    """Return the hook of a program type. Raises RunError: the kit has none."""
    if type not in HOOKS:
        raise RunError.of("hook-unknown", type=type, known=", ".join(sorted(HOOKS)))
    return HOOKS[type]
