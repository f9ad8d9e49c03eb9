"""The timer in a map value: the argument of the timers' helpers.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.btf.records import record_of
from ebpflab.btf.special import Special
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EINVAL, Refusal


def process_timer(env: Env, number: int, kind: Special = Special.TIMER) -> None:
    """Refuse what is not the place of a timer (or of another such part)."""
    reg, name = env.regs[number], kind.value
    if not reg.bounds.is_const:
        what = f"{name} has to be at the constant offset"
        _refuse(f"R{number} doesn't have constant offset. {what}")
    spec = env.program.maps[reg.map]
    if spec.btf is None:
        _refuse(f"map '{spec.name}' has to have BTF in order to use {name}")
    field = record_of(spec).of(kind)
    if field is None:
        _refuse(f"map '{spec.name}' has no valid {name}")
    at = reg.off + reg.bounds.smin
    if field and field.offset != at:
        what = f"'struct {name}' that is at {field.offset}"
        _refuse(f"off {at} doesn't point to {what}")


def _refuse(text: str) -> None:
    raise Refusal(EINVAL, text)
