"""Ask the kernel which helpers each program type may call; write the answer down.

    python tests/record_helper_types.py         (root, on the Linux that is the measure)

For each program type, attach type and helper, a program that only calls it is shown to
the verifier, which says first of all whether there is this helper. What it says about
the arguments does not matter. The answer is `ebpflab/helpers/program_types.toml`.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from functools import cache
from pathlib import Path

import ebpflab as lab
from ebpflab.helpers.allowed import ALL, ATTACHED
from ebpflab.hooks import HOOKS
from ebpflab.isa.codec import encode
from ebpflab.isa.helper_ids import HELPER_NAMES
from ebpflab.isa.insn import Insn
from ebpflab.linux.load import load, request
from ebpflab.linux.privilege import without_perfmon

TARGET = Path(__file__).parents[1] / "ebpflab" / "helpers" / "program_types.toml"
REFUSED = ("cannot use helper", "unknown func")
KTIME_GET_NS = 5
SLEEPABLE = 1 << 4  # BPF_F_SLEEPABLE
ELSEWHERE = ("raw", "lsm")  # none of Linux, or of a kernel with trampolines
TARGETS: dict[str, dict[str | None, str]] = {  # what is attached by type: to what
    "tracing": {"trace_raw_tp": "sched_switch", "trace_iter": "task"},
    "struct_ops": {None: "tcp_congestion_ops"},
}

HEAD = """\
# Which helpers a program type may call, as Linux 6.18 answers: helper = its types.
# Written by tests/record_helper_types.py; a test asks the kernel again. A row
# `type/attach type` = with that attach type only. Some helpers are for sleepable
# programs only, or for those with a GPL-compatible license.

[types]
"""
PERFMON_HEAD = """
# Those of them that are only there for a loader with CAP_PERFMON.
[perfmon]
"""
Places = dict[str, list[str]]  # by helper


def program_types() -> list[str]:
    return [type for type in HOOKS if type not in ELSEWHERE]


def attach_types(type: str) -> list[str | None]:
    return list(TARGETS.get(type, HOOKS[type].attach_types)) or [None]


@cache
def has_helper(
    type: str, number: int, attach_type: str | None, perfmon: bool = True
) -> bool | None:
    """Ask the verifier whether there is this helper; None: no verifier looked."""
    code = encode([Insn(0x85, imm=number), Insn(0xB7), Insn(0x95)])
    flags = SLEEPABLE if type == "syscall" else 0
    program = lab.Program(
        code,
        type=type,
        expected_attach_type=attach_type,
        attach_to=TARGETS.get(type, {}).get(attach_type),
        flags=flags,
    )
    rights = nullcontext() if perfmon else without_perfmon()
    with request(program, []) as fields, rights:
        answer = load(fields, log_level=1)
    if answer.program:
        answer.program.close()
    elif not answer.log:
        return None
    return not any(words in answer.log for words in REFUSED)


def asked() -> Places:
    """Return where each helper is there, by the helper's name."""
    return {
        name: [place for type in program_types() for place in places(type, number)]
        for number, name in HELPER_NAMES.items()
    }


def places(type: str, number: int) -> Iterator[str]:
    """Yield the type, or the attach types of it that have the helper."""
    attached = attach_types(type)
    found = [attach for attach in attached if has_helper(type, number, attach)]
    if found and len(found) == len(attached):
        yield type
    else:
        yield from (f"{type}{ATTACHED}{attach}" for attach in found)


def lost() -> Places:
    """Return the types in which each helper is not there without CAP_PERFMON."""
    return {
        name: [type for type in program_types() if needs_perfmon(type, number)]
        for number, name in HELPER_NAMES.items()
    }


def needs_perfmon(type: str, number: int) -> bool:
    return any(
        has_helper(type, number, attach)
        and has_helper(type, number, attach, perfmon=False) is False
        for attach in attach_types(type)
    )


def without_judging() -> list[str]:
    """Return the types that nobody without CAP_PERFMON loads at all."""
    return [
        type
        for type in program_types()
        if has_helper(type, KTIME_GET_NS, attach_types(type)[0], False) is None
    ]


def written(table: Places, everywhere: int) -> Iterator[str]:
    """Yield the lines of a part of the file; `everywhere` is a number of types."""
    for name, types in table.items():
        if types:
            whole = len(types) == everywhere
            yield f'{name} = "{ALL if whole else " ".join(sorted(types))}"\n'


if __name__ == "__main__":
    count = len(program_types())
    rows = [HEAD, *written(asked(), count), PERFMON_HEAD]
    rows += written(lost(), count - len(without_judging()))
    TARGET.write_text("".join(rows))
