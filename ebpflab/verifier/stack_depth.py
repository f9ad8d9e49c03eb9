"""How much stack all calls take together: at most 512 bytes on any chain of calls.

Each function takes what the walk saw it use, rounded up to 16 bytes as the machine
code does. A probe's functions may get a stack of their own ("private") where they use
64 bytes or more; they then count for themselves. Callbacks that run later run on an
empty stack.

Source: `combined stack size of N calls is M. Too large` from Linux 6.18 (x86-64). Names
are the kernel's.
"""

from dataclasses import dataclass, field

from ebpflab.isa.insn import Insn
from ebpflab.verifier.control import is_kfunc_call, is_local_call
from ebpflab.verifier.env import Env
from ebpflab.verifier.exceptions import THROW
from ebpflab.verifier.refusal import E2BIG, EACCES, EINVAL, Refusal
from ebpflab.verifier.states import MAX_STACK
from ebpflab.verifier.subprogs import is_func_address

ROUNDED_TO = 16  # bytes
LEAST_PRIVATE = 64  # bytes
MOST_BEFORE_TAIL_CALL = 256  # bytes
MOST_FRAMES = 8
PRIVATE_STACKS = ("kprobe", "tracepoint", "perf_event", "raw_tracepoint")


def check_max_stack_depth(env: Env) -> None:
    """Refuse a program whose calls may need too much stack."""
    may_be_private = env.program.type in PRIVATE_STACKS and not any(
        subprog.has_tail_call for subprog in env.subprogs
    )
    normal: set[int] = set()  # functions that must use the machine's own stack
    for number in range(len(env.subprogs) - 1, -1, -1):
        if number == 0 or env.subprogs[number].is_async_callback:
            _Descent(env, may_be_private and number == 0, normal).walk(number)


@dataclass(slots=True)
class _Descent:
    """One walk down all chains of calls from a function."""

    env: Env
    may_be_private: bool
    normal: set[int]
    depth: int = 0
    callers: list[tuple[int, int]] = field(default_factory=list)  # slot, function
    done: set[tuple[int, int, int]] = field(default_factory=set)  # entries seen

    def walk(self, number: int) -> None:
        self._enter(number)
        idx = self.env.subprogs[number].start
        while True:
            idx = self._next_call(idx, number)
            if idx >= 0:
                entry = (self._callee(idx), self.depth, len(self.callers))
                if entry in self.done:
                    idx += 1
                    continue
                self.done.add(entry)
                self.callers.append((idx + 1, number))
                number = entry[0]
                self._check_frames()
                self._enter(number)
                idx = self.env.subprogs[number].start
                continue
            if not self.callers:
                return
            self.depth -= self._counted(number)
            idx, number = self.callers.pop()

    def _enter(self, number: int) -> None:
        subprog = self.env.subprogs[number]
        if number and subprog.has_tail_call and self.depth >= MOST_BEFORE_TAIL_CALL:
            text = "tail_calls are not allowed when call stack of previous frames is"
            raise Refusal(EACCES, f"{text} {self.depth} bytes. Too large")
        if not self.may_be_private:
            self.normal.add(number)
        size = _rounded(subprog.stack_depth)
        if self._is_private(number):
            if size > MAX_STACK:
                text = f"stack size of subprog {number} is {size}. Too large"
                raise Refusal(EACCES, text)
            return
        self.depth += size
        if self.depth > MAX_STACK:
            calls = len(self.callers) + 1
            text = f"combined stack size of {calls} calls is {self.depth}. Too large"
            raise Refusal(EACCES, text)

    def _is_private(self, number: int) -> bool:
        if not self.may_be_private or number in self.normal:
            return False
        return _rounded(self.env.subprogs[number].stack_depth) >= LEAST_PRIVATE

    def _counted(self, number: int) -> int:
        if self._is_private(number):
            return 0
        return _rounded(self.env.subprogs[number].stack_depth)

    def _next_call(self, idx: int, number: int) -> int:
        """Return the next call in a function, from a slot on; -1: there is none."""
        for place in range(idx, self.env.subprogs[number].end):
            insn = self.env.insns[place]
            if insn is None:
                continue
            if is_local_call(insn):
                callee = self.env.subprogs[self._callee(place)]
                if callee.is_async_callback and callee.is_exception_callback:
                    text = f"insn {place} cannot call exception cb directly"
                    raise Refusal(EINVAL, text, is_ended=False)
                return place
            if is_kfunc_call(insn):
                self._check_throw(insn, place, number)
            if is_func_address(insn):
                if not self.env.subprogs[self._callee(place)].is_async_callback:
                    return place
        return -1

    def _check_throw(self, insn: Insn, place: int, number: int) -> None:
        """Refuse an exception inside a callback, or inside what one calls."""
        proto = self.env.kfuncs.get(insn.imm)
        if proto is None or proto.name != THROW:
            return
        chain = (number, *(caller for _, caller in self.callers))
        if any(self.env.subprogs[inside].is_callback for inside in chain):
            text = f"bpf_throw kfunc (insn {place}) cannot be called from callback"
            raise Refusal(EINVAL, f"{text} subprog {number}")

    def _callee(self, idx: int) -> int:
        insn = self.env.insns[idx]
        assert insn
        return self.env.subprogs.number_of(idx + 1 + insn.imm)

    def _check_frames(self) -> None:
        frames = len(self.callers)
        if frames >= MOST_FRAMES:
            text = f"the call stack of {frames} frames is too deep !"
            raise Refusal(E2BIG, text)


def _rounded(size: int) -> int:
    return -(-size // ROUNDED_TO) * ROUNDED_TO
