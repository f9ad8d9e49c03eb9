"""The helpers of the lock that a map value may hold.

Kernel differs: programs run one after another here, so nobody ever waits; but a lock
that is taken twice, or freed untaken, is told. Source: bpf-helpers(7).
"""

from ebpflab.errors import VmFault
from ebpflab.helpers.contract import Arg, Ret
from ebpflab.helpers.proto import Env, helper

LOCK_BYTES = 4
FREE, TAKEN = bytes(4), (1).to_bytes(4, "little")


@helper(Arg.PTR_TO_SPIN_LOCK, ret=Ret.VOID)
def spin_lock(env: Env, lock: int) -> int:
    """Take a lock."""
    if env.read(lock, LOCK_BYTES) != FREE:
        raise VmFault.of("lock-taken", address=lock)
    env.write(lock, TAKEN)
    env.tell("effect-locked")
    return 0


@helper(Arg.PTR_TO_SPIN_LOCK, ret=Ret.VOID)
def spin_unlock(env: Env, lock: int) -> int:
    """Free a lock."""
    if env.read(lock, LOCK_BYTES) == FREE:
        raise VmFault.of("lock-free", address=lock)
    env.write(lock, FREE)
    env.tell("effect-unlocked")
    return 0
