"""A difference as a text file: what differs, then the program, one slot a line.

A case that stands in tests/engine/cases is compared in every test run. Its maps go by
their names, those of `blueprints.py`.
"""

from pathlib import Path

import ebpflab as lab
from ebpflab.isa.codec import SLOT_BYTES
from tests.differential.blueprints import blueprints
from tests.differential.compare import Difference

ROOT = Path(__file__).parents[2]
FOUND = ROOT / "build" / "differences"
CASES = ROOT / "tests" / "engine" / "cases"
_FIELDS = ("type", "maps", "attach", "target", "flags")


def store(found: Difference, name: str, folder: Path = FOUND) -> Path:
    """Write a difference; return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    program = found.program
    head = {
        "type": program.type,
        "maps": " ".join(spec.name for spec in program.maps),
        "attach": program.expected_attach_type or "",
        "target": program.attach_to or "",
        "flags": str(program.flags or ""),
    }
    slots = [
        program.code[i : i + SLOT_BYTES].hex()
        for i in range(0, len(program.code), SLOT_BYTES)
    ]
    told = [f"# {line}" for line in f"{found.kind}\n{found.told}".splitlines()]
    rows = [f"{field} {value}" for field, value in head.items() if value]
    file = folder / f"{name}.txt"
    file.write_text("\n".join([*told, *rows, *slots]) + "\n")
    return file


def read_case(file: Path) -> lab.Program:
    """Read what `store` wrote."""
    rows = [r for r in file.read_text().splitlines() if r and not r.startswith("#")]
    head = dict(row.split(" ", 1) for row in rows if row.split(" ")[0] in _FIELDS)
    code = bytes.fromhex("".join(row for row in rows if " " not in row))
    known = blueprints()
    return lab.Program(
        code,
        type=head["type"],
        maps=[known[name] for name in head.get("maps", "").split()],
        expected_attach_type=head.get("attach"),
        attach_to=head.get("target"),
        flags=int(head.get("flags", 0)),
    )
