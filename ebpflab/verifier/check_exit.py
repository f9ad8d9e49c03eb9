"""The end of a path: what the program may answer.

Some program types may return only a few values: `answers` in the tables of `hooks/`.
Source: what Linux 6.18 refuses.
"""

from ebpflab.verifier.bounds import S64_MAX, S64_MIN
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EACCES, EINVAL, Refusal
from ebpflab.verifier.states import SCALAR

AT_EXIT = "At program exit"


def check_return_code(env: Env, number: int = 0) -> None:
    """Judge r0 at the end of the program; r1 where an exception ends it."""
    found = env.attachment
    if found and found.is_void:
        return
    check_returned(env, number)
    allowed = env.hook.answer(env.program.expected_attach_type)
    if found and found.answer:
        allowed = found.answer
    if allowed is not None:
        enforce_range(env, *allowed, number=number)


def check_returned(env: Env, number: int = 0) -> None:
    """Refuse r0 where it was never written, or is a pointer that must not leak."""
    env.read(number)
    if env.is_pointer_value(number):
        raise Refusal(EACCES, f"R{number} leaks addr as return value")


def enforce_range(
    env: Env, least: int, most: int, when: str = AT_EXIT, number: int = 0
) -> None:
    """Refuse r0 where it may lie outside what the kernel takes as an answer."""
    reg = env.regs[number]
    if reg.type is not SCALAR:
        what = f"is not a known value ({reg.type.text})"
        raise Refusal(EINVAL, f"{when} the register R{number} {what}")
    env.mark_chain_precision(number)
    b = reg.bounds
    if least <= b.smin and b.smax <= most:
        return
    found = f" smin={b.smin}" if b.smin > S64_MIN else ""
    found += f" smax={b.smax}" if b.smax < S64_MAX else ""
    found = found or " unknown scalar value"
    wanted = f"should have been in [{least}, {most}]"
    raise Refusal(EINVAL, f"{when} the register R{number} has{found} {wanted}")


def enforce_callback_range(env: Env) -> None:
    """Refuse what a callback answers, where its helper does not take that."""
    frame = env.cur.frame
    assert frame.returns
    if frame.in_async_callback:
        check_returned(env)
        return enforce_range(env, *frame.returns, when="At async callback return")
    if frame.regs[0].type is not SCALAR:
        raise Refusal(EACCES, "R0 not a scalar value")
    return enforce_range(env, *frame.returns, when="At callback return")


def check_subprogram_exit(env: Env) -> None:
    """Judge r0 at the end of a global function: it must be a number."""
    check_returned(env)
    if env.regs[0].type is not SCALAR:
        text = "At subprogram exit the register R0 is not a scalar value"
        raise Refusal(EINVAL, f"{text} ({env.regs[0].type.text})")
