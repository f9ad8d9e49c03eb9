"""Ask the kernel which helpers each program type may call; write the answer down.

    python tests/record_helper_types.py         (root, on the Linux that is the measure)

For each program type and each helper, a program that only calls it is shown to the
verifier, which says first of all whether the type has this helper. What it says about
the arguments does not matter. The answer is `ebpflab/helpers/program_types.toml`.
"""

from collections.abc import Iterator
from pathlib import Path

import ebpflab as lab
from ebpflab.hooks import HOOKS
from ebpflab.isa.codec import encode
from ebpflab.isa.helper_ids import HELPER_NAMES
from ebpflab.isa.insn import Insn
from ebpflab.linux.load import load, request

TARGET = Path(__file__).parents[1] / "ebpflab" / "helpers" / "program_types.toml"
REFUSED = ("cannot use helper", "unknown func")
SLEEPABLE = 1 << 4  # BPF_F_SLEEPABLE
ELSEWHERE = ("raw",)  # not a type of Linux

HEAD = """\
# Which helpers a program type may call, as Linux 6.18 answers: helper = its types.
# Written by tests/record_helper_types.py; a test asks the kernel again. Where it
# depends on the attach type, the answer is that of a type's first one. Some helpers
# are for sleepable programs only, or for those with a GPL-compatible license.

"""
ALL = "*"  # every program type


def program_types() -> list[str]:
    return [type for type in HOOKS if type not in ELSEWHERE]


def has_helper(type: str, number: int) -> bool:
    """Ask the verifier whether programs of this type may call this helper."""
    code = encode([Insn(0x85, imm=number), Insn(0xB7), Insn(0x95)])
    attach_type = next(iter(HOOKS[type].attach_types), None)
    flags = SLEEPABLE if type == "syscall" else 0
    program = lab.Program(
        code, type=type, expected_attach_type=attach_type, flags=flags
    )
    with request(program, []) as fields:
        answer = load(fields, log_level=1)
    if answer.program:
        answer.program.close()
    return not any(words in answer.log for words in REFUSED)


def asked() -> dict[str, list[str]]:
    """Return the program types of each helper, by the helper's name."""
    return {
        name: [type for type in program_types() if has_helper(type, number)]
        for number, name in HELPER_NAMES.items()
    }


def written(table: dict[str, list[str]]) -> Iterator[str]:
    """Yield the lines of the file."""
    for name, types in table.items():
        whole = len(types) == len(program_types())
        if types:
            yield f'{name} = "{ALL if whole else " ".join(sorted(types))}"\n'


if __name__ == "__main__":
    TARGET.write_text(HEAD + "".join(written(asked())))
