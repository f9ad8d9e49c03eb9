"""The kfuncs that go through numbers and bits, and those that open and close sections.

An open-coded iterator stands on the stack: | next number, 4 | end, 4 |. What it is on
Linux no program can see. Source: docs.kernel.org/bpf; as observed on Linux 6.18.
"""

import errno

from ebpflab.helpers.kfunc import kfunc
from ebpflab.helpers.proto import Env
from ebpflab.isa.words import WORD32, signed

LONGEST = 1 << 23  # BPF_MAX_LOOPS
WORD_BITS, MOST_WORDS = 64, 511


def _number(word: int) -> bytes:
    return (word & WORD32).to_bytes(4, "little")


@kfunc
def bpf_iter_num_new(env: Env, it: int, start: int, end: int) -> int:
    """Begin to count from `start` up to `end`, that not included."""
    first, last = signed(start & WORD32, 32), signed(end & WORD32, 32)
    problem = errno.EINVAL if first > last else 0
    problem = problem or (errno.E2BIG if last - first > LONGEST else 0)
    env.write(it, bytes(8) if problem else _number(first) + _number(last))
    env.tell("effect-answer", answer=-problem)
    return -problem


@kfunc
def bpf_iter_num_next(env: Env, it: int) -> int:
    """Return where the next number stands, or null."""
    data = env.read(it, 8)
    at, end = (int.from_bytes(data[n : n + 4], "little", signed=True) for n in (0, 4))
    if at >= end:
        env.write(it, bytes(8))
        env.tell("effect-answer", answer=0)
        return 0
    env.write(it, _number(at + 1) + data[4:])
    env.tell("effect-number", number=at)
    return env.scratch("number", _number(at))


@kfunc
def bpf_iter_num_destroy(env: Env, it: int) -> int:
    """Stop counting."""
    env.write(it, bytes(8))
    env.tell("effect-answer", answer=0)
    return 0


@kfunc
def bpf_iter_bits_new(env: Env, it: int, data: int, words: int) -> int:
    """Begin to go through the bits that are 1."""
    words &= WORD32
    env.write(it, bytes(16))
    if not data or not words or words > MOST_WORDS:
        odd = errno.E2BIG if data and words > MOST_WORDS else errno.EINVAL
        env.tell("effect-refused")
        return -odd
    copied = env.scratch("bits", env.read(data, 8 * words))
    env.write(it, copied.to_bytes(8, "little") + _number(0) + _number(words))
    env.tell("effect-copied", size=8 * words)
    return 0


@kfunc
def bpf_iter_bits_next(env: Env, it: int) -> int:
    """Return where the number of the next bit stands, or null."""
    state = env.read(it, 16)
    place, at, words = (
        int.from_bytes(state[a:b], "little") for a, b in ((0, 8), (8, 12), (12, 16))
    )
    bits = int.from_bytes(env.read(place, 8 * words), "little") if words else 0
    left = bits >> at << at
    if not left:
        env.write(it, bytes(16))
        env.tell("effect-answer", answer=0)
        return 0
    found = (left & -left).bit_length() - 1
    env.write(it, state[:8] + _number(found + 1) + state[12:])
    env.tell("effect-number", number=found)
    return env.scratch("number", _number(found))


@kfunc
def bpf_iter_bits_destroy(env: Env, it: int) -> int:
    """Stop going through bits."""
    env.write(it, bytes(16))
    env.tell("effect-answer", answer=0)
    return 0


def _nothing(env: Env) -> int:
    """Open or close a section: here nothing else runs meanwhile."""
    env.tell("effect-answer", answer=0)
    return 0


@kfunc
def bpf_rcu_read_lock(env: Env) -> int:
    """Keep what RCU protects."""
    return _nothing(env)


@kfunc
def bpf_rcu_read_unlock(env: Env) -> int:
    """Let go of what RCU protects."""
    return _nothing(env)


@kfunc
def bpf_preempt_disable(env: Env) -> int:
    """Stay on this CPU."""
    return _nothing(env)


@kfunc
def bpf_preempt_enable(env: Env) -> int:
    """Let others run."""
    return _nothing(env)


@kfunc
def bpf_local_irq_save(env: Env, flags: int) -> int:
    """Hold interrupts off; remember whether they were."""
    env.write(flags, (1).to_bytes(8, "little"))
    return _nothing(env)


@kfunc
def bpf_local_irq_restore(env: Env, flags: int) -> int:
    """Let interrupts come again, if they were."""
    return _nothing(env)
