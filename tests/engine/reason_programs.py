"""The programs of `reasons/*.toml`: what Linux refuses, by kind of rejection.

A row has `code` (assembler text), `hex` (what no assembler would write) or `c` (where
BTF is needed), and whatever a program needs besides. Maps go by the names below.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import ebpflab as lab

FOLDER = Path(__file__).parent / "reasons"
READ_ONLY, WRITE_ONLY = 1 << 7, 1 << 8  # BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG
MAPS = {
    spec.name: spec
    for spec in (
        lab.MapSpec("hash", 4, 8, 4, name="h"),
        lab.MapSpec("array", 4, 8, 1, name="a"),
        lab.MapSpec("array", 4, 8, 1, name="ro", flags=READ_ONLY),
        lab.MapSpec("array", 4, 8, 1, name="wo", flags=WRITE_ONLY),
        lab.MapSpec("ringbuf", 0, 0, 4096, name="ring"),
        lab.MapSpec("prog_array", 4, 4, 4, name="jumps"),
        lab.MapSpec("perf_event_array", 4, 4, 4, name="perf"),
        lab.MapSpec("stack_trace", 4, 8 * 127, 4, name="stacks"),
        *(
            lab.MapSpec(
                "array",
                4,
                8,
                1,
                name=name,
                flags=READ_ONLY,
                init={bytes(4): text},
                frozen=True,
            )
            for name, text in (("text", b"abcdefgh"), ("percent", b"%z\0\0\0\0\0\0"))
        ),
    )
}
HEAD = """
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4);
         __type(key, int); __type(value, long); } h SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 4);
         __type(key, int); __type(value, int); } jumps SEC(".maps");
char _license[] SEC("license") = "GPL";
"""


def rows() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield category, kind and row of every program."""
    for file in sorted(FOLDER.glob("*.toml")):
        for kind, programs in tomllib.loads(file.read_text()).items():
            for row in programs:
                yield file.stem, kind, row


def program_of(row: dict[str, Any]) -> lab.Program:
    if "c" in row:
        return _cut(lab.compile(HEAD + row["c"]).programs["prog"], row)
    named = {
        "type": row.get("type", "xdp"),
        "license": row.get("license", "GPL"),
        "maps": list(MAPS.values()),
    }
    if "hex" in row:
        code = bytes.fromhex(row["hex"])
    else:
        code = lab.assemble(_text(row), type=named["type"], maps=named["maps"]).code
    return lab.Program(
        code,
        expected_attach_type=row.get("attach"),
        attach_to=row.get("target"),
        flags=row.get("flags", 0),
        **named,
    )


def _text(row: dict[str, Any]) -> str:
    """Return the assembler text; `repeat` puts `body` so many times into it."""
    bodies = (row["body"].format(i=i) for i in range(row.get("repeat", 0)))
    return row["code"].replace("REPEAT", "\n".join(bodies))


def _cut(program: lab.Program, row: dict[str, Any]) -> lab.Program:
    """Return the program with the first record alone of what `cut` names."""
    part = row.get("cut")
    if part == "func_info":
        return replace(program, func_info=program.func_info[:8])
    if part == "line_info":
        return replace(program, line_info=b"\xff" * 16)
    return program
