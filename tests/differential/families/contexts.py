"""Every program type with its context, and what it may answer at its end."""

from ebpflab.hooks import HOOKS
from tests.differential.family import Family

# no type of Linux; and those whose context is told by types: tracing.py
_NO_TYPE = {"raw", "tracing", "lsm", "struct_ops", "ext"}
TYPES = tuple(
    f"{hook.type}/{attach}" if attach else hook.type
    for hook in HOOKS.values()
    if hook.type not in _NO_TYPE
    for attach in (hook.attach_types or ("",))
)


def _access(hook_type: str) -> tuple[str, ...]:
    """Return pieces: reads and writes of a context's fields, rightly sized or not."""
    hook = HOOKS[hook_type]
    pieces = []
    for row in hook.fields or ():
        size = f"{8 * row.size}" + ("~~8~16~32~64" if row.size > 1 else "~~16~64")
        place = f"*(u{{{size}}} *)({{r6~r6~~r9}} +{{{row.offset}~~{row.offset + 1}~{row.offset + 2}}})"
        pieces.append(f"r9 = r6; r8 = {place}; r7 = 0; {{~~r8 += 1~r7 = r8}}")
        if hook.context_writable:
            pieces.append(f"{{~~{place} = r7~*(u32 *)(r6 +{row.offset}) = 5}}")
        if row.pointer:
            pieces.append(
                f"r9 = *(u{8 * row.size} *)(r6 +{row.offset}); {{~~r8 = *(u8 *)(r9 +0)}}"
            )
    pieces += [
        f"r8 = *(u{{8~32~64}} *)(r6 +{{0~8~16~~{hook.context_size}~8192}})",
        "r9 = r6; {r9 += {4~8~~-8~1}~~r9 += r7~r9 -= 8}; {r8 = *(u32 *)(r9 +{0~~4})~}",
        "{~~lock *(u32 *)(r6 +0) += w7~r6 *= 2; r6 = 0}",
    ]
    return tuple(pieces)


def _of_type(type: str) -> Family:
    attaches = [f"{type}/{a}" for a in HOOKS[type].attach_types] or [type]
    if type == "syscall":
        attaches = ["syscall!16"]
    return Family(f"context_{type}", _access(type), attaches, general=0.25, count=4)


def _exits() -> Family:
    """Return programs that end in several ways."""
    ends = "{0~1~2~~3~-1~4096}"
    pieces = (
        f"if r8 {{==~>~s<}} {{0~9}} goto over#; r0 = {ends}; exit; over#:",
        "if r8 == {1~2} goto over#; r0 = r7; r0 &= {1~~3~7}; exit; over#:",
        "if r7 > {1~~2~9} goto over#; r0 = r7; exit; over#:",
        "if w7 != {1~~0~2} goto over#; w0 = w7; exit; over#:",
        "if r8 < 3 goto over#; {r0 = 1~~r0 = r10~r0 = r6~r0 = r8}; exit; over#:",
    )
    types = [*TYPES, *_ATTACHED]
    return Family("exits", pieces, types, end="r0 = {1~1~0~~2~5}; exit", count=3)


_ATTACHED = (
    "cgroup_skb/cgroup_inet_ingress",
    "cgroup_skb/cgroup_inet_egress",
    "sk_skb/sk_skb_stream_parser",
    "sk_skb/sk_skb_stream_verdict",
    "sched_cls/tcx_ingress",
    "sched_cls/netkit_primary",
    "kprobe/trace_kprobe_multi",
    "kprobe/trace_kprobe_session",
    "kprobe/trace_uprobe_multi!16",
    "tracing/trace_raw_tp@sched_switch",
    "tracing/trace_iter@task",
)
# Attach types and flags that do not go together: what Linux says before it verifies.
_ODD = (
    "xdp/sk_lookup",
    "cgroup_sock_addr",
    "cgroup_sockopt",
    "sk_lookup",
    "xdp!16",
    "xdp!32",
    "kprobe!16",
    "socket_filter!64",
    "sched_cls!8",
    "tracing/trace_fentry",
    "ext",
    "syscall",
    "syscall!16",
    "lirc_mode2",
)

FAMILIES = (
    *(_of_type(type) for type in sorted(HOOKS) if type not in _NO_TYPE),
    _exits(),
    Family("loading", ("r7 = *(u32 *)(r6 +0)",), _ODD, licenses=("GPL", "MIT", "")),
)
