"""What kfuncs do: one decorated function each, over the words of the call.

    @kfunc
    def bpf_rcu_read_lock(env: Env) -> int: ...

Their contracts are the kernel's own prototypes (btf/kfuncs.py); those that are not here
need a simulated kernel. What a program makes by them (objects, masks, iterators) lives
as long as its run.
Kernel differs: what a map value keeps of it outlasts the run there; and an answer that
is a bool has anything in r0's upper bytes there, here zeros.
Source: docs.kernel.org/bpf/kfuncs.html; answers as observed on Linux 6.18.
"""

from collections.abc import Callable, Generator
from inspect import signature

from ebpflab.helpers.proto import Callback, Env

KfuncResult = int | Generator[Callback, int, int]
KFUNC_RUNS: dict[str, Callable[..., KfuncResult]] = {}


def kfunc(run: Callable[..., KfuncResult]) -> Callable[..., KfuncResult]:
    """Register what a kfunc does under its name; refuse a second one."""
    name = run.__name__
    if name in KFUNC_RUNS:
        raise ValueError(f"kfunc {name} is already there")
    KFUNC_RUNS[name] = run
    return run


def call_kfunc(name: str, env: Env, words: list[int]) -> KfuncResult | None:
    """Call a kfunc with the words of r1 to r5; None: it is not here."""
    run = KFUNC_RUNS.get(name)
    if run is None:
        return None
    return run(env, *words[: len(signature(run).parameters) - 1])
