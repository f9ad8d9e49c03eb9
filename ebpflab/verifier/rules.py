"""Rules that can be switched off, by name: what Linux refuses is then let through.

    without={"bounds"}        an access may leave its object

A refusal is caught at its instruction; if its rule is off, the instruction is taken as
done and nothing is known of its result. A verdict that was relaxed says so, and never
counts as a proof.

Kernel differs: Linux has no such switches.
"""

from collections.abc import Callable, Collection, Iterable, Sequence

from ebpflab.errors import ProgramError, expect
from ebpflab.isa.insn import Insn
from ebpflab.isa.uses import registers_written
from ebpflab.reasons.table import Match, kinds, match
from ebpflab.verifier.control import is_call, is_exit, is_goto, target
from ebpflab.verifier.env import Env
from ebpflab.verifier.frames import DONE
from ebpflab.verifier.null_checks import mark_ptr_or_null_regs
from ebpflab.verifier.refusal import Refusal
from ebpflab.verifier.states import FP, NOT_INIT, UNKNOWN_SCALAR

CALLER_SAVED = range(6)
MOST_RETRIES = 2 * FP  # each gives one register what it lacked
RULES: dict[str, tuple[str, ...]] = {  # name: kinds of rejection, or their categories
    "bounds": (
        *("packet-range", "map-value-range", "map-key-range", "memory-range"),
        *("memory-below", "memory-above", "memory-unbounded", "index-negative"),
        *("stack-write", "stack-read-outside", "stack-unbounded", "stack-variable"),
        *("buffer-access", "buffer-variable", "math-unbounded", "math-too-large"),
        *("argument-size-negative", "argument-size-unbounded", "packet-write"),
    ),
    "null": ("null-pointer", "pointer-null-math"),
    "init": ("uninitialized", "stack-read"),
    "types": ("register-type-safety", "argument-type", "argument-pointer-kind"),
    "alignment": (
        *("stack-misaligned", "packet-misaligned", "value-misaligned"),
        "access-misaligned",
    ),
    "context": (
        *("context-access", "context-modified", "context-negative"),
        "context-variable",
    ),
    "references": ("resource-lifetime",),
    "locks": ("execution-context-safety",),
    "loops": ("infinite-loop",),
    "returns": ("return-range", "return-pointer", "return-leak"),
    "rights": ("map-write-forbidden", "map-read-forbidden", "read-only-write"),
    "policy": ("policy",),
}
_FIRST_WINS = {  # a kind that several rows name belongs to the first
    kind: rule for rule, rows in reversed(RULES.items()) for kind in rows
}

Steps = Sequence[tuple[Callable[[Env, Insn], int], Insn, bool]]
Do = Callable[[Env, Steps], int]


def checked_rules(names: Collection[str]) -> frozenset[str]:
    """Return the names as a set.

    Raises:  ProgramError: there is no such rule, or these are no names.
    """
    if isinstance(names, str):
        names = (names,)
    expect(names, Iterable, "verify(without)")
    names = tuple(names)
    for name in names:
        if not isinstance(name, str) or name not in RULES:
            known = ", ".join(RULES)
            raise ProgramError.of("rule-unknown", rule=repr(name), known=known)
    return frozenset(names)


def rule_of(lines: str) -> tuple[str, Match | None]:
    """Return the rule that a refusal belongs to, "" for none, and what it says."""
    for line in reversed(lines.splitlines()):
        if found := match(line):
            kind = kinds()[found.kind.key]
            rule = _FIRST_WINS.get(kind.key) or _FIRST_WINS.get(kind.category, "")
            return rule, found
    return "", None


def relaxed(do: Do, off: frozenset[str]) -> Do:
    """Return a step of the walk that lets through what these rules would stop."""

    def step(env: Env, steps: Steps) -> int:
        for _ in range(MOST_RETRIES):
            try:
                return do(env, steps)
            except Refusal as said:
                rule, found = rule_of(said.lines)
                if rule not in off:
                    raise
                if env.log.is_on:
                    env.log.tell(f"{said.lines}\n")
                if not (found and _given(env, found)):
                    break
        return _passed_over(env, steps[env.insn_idx][1])

    return step


def _given(env: Env, found: Match) -> bool:
    """Give a register what it lacked, so that the instruction can be done again."""
    number = found.values.get("reg")
    if not isinstance(number, int) or not 0 <= number < FP:
        return False
    reg = env.regs[number]
    if found.kind.key == "uninitialized":
        env.regs[number] = UNKNOWN_SCALAR
        return reg is not UNKNOWN_SCALAR
    if reg.type.may_be_null:
        mark_ptr_or_null_regs(env, env.cur, reg.id, is_null=False)
        return not env.regs[number].type.may_be_null
    return False


def _passed_over(env: Env, insn: Insn) -> int:
    """Take an instruction as done; nothing is known of what it left."""
    if is_exit(insn):
        return DONE
    if is_call(insn):
        for number in CALLER_SAVED:
            env.regs[number] = NOT_INIT
        env.regs[0] = UNKNOWN_SCALAR
    elif is_goto(insn):
        return target(insn, env.insn_idx)
    else:
        for number in _written(insn):
            env.regs[number] = UNKNOWN_SCALAR
    return env.insn_idx + insn.slots


def _written(insn: Insn) -> tuple[int, ...]:
    return tuple(n for n in registers_written(insn) if n < FP)
