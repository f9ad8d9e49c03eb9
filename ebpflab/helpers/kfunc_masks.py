"""The kfuncs of cpumasks: sets of CPUs.

Kernel differs: the simulated machine has 2 CPUs, and "any" is always the first.
Source: docs.kernel.org/bpf/cpumasks.html; answers as observed on Linux 6.18.
"""

from ebpflab.helpers.kfunc import kfunc
from ebpflab.helpers.proto import Env
from ebpflab.isa.words import WORD32
from ebpflab.maps.rights import CPUS

MASK_BYTES = 16
ALL = (1 << CPUS) - 1


def _answer(env: Env, answer: int) -> int:
    env.tell("effect-answer", answer=answer)
    return answer


def _bits(env: Env, mask: int) -> int:
    return env.heap.masks.get(mask, 0)


def _bit(cpu: int) -> int:
    """Return the bit of a CPU; 0 where there is none."""
    return 1 << (cpu & WORD32) if cpu & WORD32 < CPUS else 0


def _first(bits: int) -> int:
    """Return the first CPU of a set; one behind the last, where it is empty."""
    return (bits & -bits).bit_length() - 1 if bits else CPUS


@kfunc
def bpf_cpumask_create(env: Env) -> int:
    """Make an empty set."""
    made = env.scratch("cpumask", bytes(MASK_BYTES))
    env.heap.masks[made], env.heap.counts[made] = 0, 1
    return _answer(env, made)


@kfunc
def bpf_cpumask_acquire(env: Env, mask: int) -> int:
    """Hold a set once more."""
    env.heap.counts[mask] = env.heap.counts.get(mask, 0) + 1
    return _answer(env, mask)


@kfunc
def bpf_cpumask_release(env: Env, mask: int) -> int:
    """Let go of a set."""
    env.heap.counts[mask] = env.heap.counts.get(mask, 1) - 1
    if not env.heap.counts[mask]:
        env.retire(mask)
    return _answer(env, 0)


@kfunc
def bpf_cpumask_set_cpu(env: Env, cpu: int, mask: int) -> int:
    """Put a CPU in."""
    env.heap.masks[mask] = _bits(env, mask) | _bit(cpu)
    return _answer(env, 0)


@kfunc
def bpf_cpumask_clear_cpu(env: Env, cpu: int, mask: int) -> int:
    """Take a CPU out."""
    env.heap.masks[mask] = _bits(env, mask) & ~_bit(cpu)
    return _answer(env, 0)


@kfunc
def bpf_cpumask_test_cpu(env: Env, cpu: int, mask: int) -> int:
    """Tell whether a CPU is in."""
    return _answer(env, int(bool(_bits(env, mask) & _bit(cpu))))


@kfunc
def bpf_cpumask_test_and_set_cpu(env: Env, cpu: int, mask: int) -> int:
    """Put a CPU in; tell whether it was."""
    was = bool(_bits(env, mask) & _bit(cpu))
    env.heap.masks[mask] = _bits(env, mask) | _bit(cpu)
    return _answer(env, int(was))


@kfunc
def bpf_cpumask_test_and_clear_cpu(env: Env, cpu: int, mask: int) -> int:
    """Take a CPU out; tell whether it was in."""
    was = bool(_bits(env, mask) & _bit(cpu))
    env.heap.masks[mask] = _bits(env, mask) & ~_bit(cpu)
    return _answer(env, int(was))


@kfunc
def bpf_cpumask_setall(env: Env, mask: int) -> int:
    """Put all CPUs in."""
    env.heap.masks[mask] = ALL
    return _answer(env, 0)


@kfunc
def bpf_cpumask_clear(env: Env, mask: int) -> int:
    """Take all CPUs out."""
    env.heap.masks[mask] = 0
    return _answer(env, 0)


@kfunc
def bpf_cpumask_first(env: Env, mask: int) -> int:
    """Return the first CPU in the set."""
    return _answer(env, _first(_bits(env, mask)))


@kfunc
def bpf_cpumask_first_zero(env: Env, mask: int) -> int:
    """Return the first CPU that is not in the set."""
    return _answer(env, _first(ALL & ~_bits(env, mask)))


@kfunc
def bpf_cpumask_first_and(env: Env, one: int, other: int) -> int:
    """Return the first CPU that is in both."""
    return _answer(env, _first(_bits(env, one) & _bits(env, other)))


@kfunc
def bpf_cpumask_any_distribute(env: Env, mask: int) -> int:
    """Return any CPU in the set."""
    return _answer(env, _first(_bits(env, mask)))


@kfunc
def bpf_cpumask_any_and_distribute(env: Env, one: int, other: int) -> int:
    """Return any CPU that is in both."""
    return _answer(env, _first(_bits(env, one) & _bits(env, other)))


@kfunc
def bpf_cpumask_and(env: Env, to: int, one: int, other: int) -> int:
    """Put in what is in both; tell whether there is any."""
    env.heap.masks[to] = _bits(env, one) & _bits(env, other)
    return _answer(env, int(bool(env.heap.masks[to])))


@kfunc
def bpf_cpumask_or(env: Env, to: int, one: int, other: int) -> int:
    """Put in what is in either."""
    env.heap.masks[to] = _bits(env, one) | _bits(env, other)
    return _answer(env, 0)


@kfunc
def bpf_cpumask_xor(env: Env, to: int, one: int, other: int) -> int:
    """Put in what is in one of the two."""
    env.heap.masks[to] = _bits(env, one) ^ _bits(env, other)
    return _answer(env, 0)


@kfunc
def bpf_cpumask_copy(env: Env, to: int, source: int) -> int:
    """Put in what is in another."""
    env.heap.masks[to] = _bits(env, source)
    return _answer(env, 0)


@kfunc
def bpf_cpumask_equal(env: Env, one: int, other: int) -> int:
    """Tell whether both have the same CPUs."""
    return _answer(env, int(_bits(env, one) == _bits(env, other)))


@kfunc
def bpf_cpumask_intersects(env: Env, one: int, other: int) -> int:
    """Tell whether a CPU is in both."""
    return _answer(env, int(bool(_bits(env, one) & _bits(env, other))))


@kfunc
def bpf_cpumask_subset(env: Env, one: int, other: int) -> int:
    """Tell whether the second has all CPUs of the first."""
    return _answer(env, int(not _bits(env, one) & ~_bits(env, other)))


@kfunc
def bpf_cpumask_empty(env: Env, mask: int) -> int:
    """Tell whether no CPU is in."""
    return _answer(env, int(not _bits(env, mask)))


@kfunc
def bpf_cpumask_full(env: Env, mask: int) -> int:
    """Tell whether all CPUs are in."""
    return _answer(env, int(_bits(env, mask) == ALL))


@kfunc
def bpf_cpumask_weight(env: Env, mask: int) -> int:
    """Return how many CPUs are in."""
    return _answer(env, _bits(env, mask).bit_count())
