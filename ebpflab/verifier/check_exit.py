"""The end of a path: what the program may answer.

Some program types may return only a few values. Source: what Linux 6.18 refuses.
"""

from ebpflab.verifier.bounds import S64_MAX, S64_MIN
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EINVAL, Refusal
from ebpflab.verifier.states import SCALAR

RANGES = {  # program type and attach type: least, most
    ("cgroup_skb", None): (0, 1),
    ("cgroup_skb", "cgroup_inet_ingress"): (0, 1),
    ("cgroup_skb", "cgroup_inet_egress"): (0, 3),
}


def check_return_code(env: Env) -> None:
    """Judge r0 at exit."""
    reg = env.read(0)
    allowed = RANGES.get((env.program.type, env.program.expected_attach_type))
    if allowed is None:
        return
    least, most = allowed
    if reg.type is not SCALAR:
        what = f"is not a known value ({reg.type.text})"
        raise Refusal(EINVAL, f"At program exit the register R0 {what}")
    env.mark_chain_precision(0)
    b = reg.bounds
    if least <= b.smin and b.smax <= most:
        return
    found = f" smin={b.smin}" if b.smin > S64_MIN else ""
    found += f" smax={b.smax}" if b.smax < S64_MAX else ""
    found = found or " unknown scalar value"
    wanted = f"should have been in [{least}, {most}]"
    raise Refusal(EINVAL, f"At program exit the register R0 has{found} {wanted}")
