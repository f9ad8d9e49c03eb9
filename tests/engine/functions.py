"""Programs of several functions, with the BTF that names them: for the tests.

    program_of(text, linkages={1: GLOBAL}, prototypes={1: ["int", "ctx"]})

Functions begin where `call F` or `r2 = F ll` lead to; the program itself is `main`.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ebpflab.btf import BtfWriter
from ebpflab.btf.writer import GLOBAL, STATIC
from ebpflab.listing import assemble
from ebpflab.program import MapSpec, Program
from ebpflab.verifier.subprogs import add_subprogs

CONTEXTS = {"xdp": "xdp_md", "kprobe": "pt_regs"}


def program_of(
    text: str,
    *,
    type: str = "xdp",
    maps: Sequence[MapSpec] = (),
    linkages: Mapping[int, int] | None = None,
    prototypes: Mapping[int, Sequence[str]] | None = None,
    flags: int = 0,
) -> Program:
    """Assemble a program; give each of its functions a name and a prototype.

    Args:    linkages: by number of the function; STATIC where nothing is said.
             prototypes: kinds of the arguments; none where nothing is said.
    """
    program = assemble(text, type=type, maps=maps)
    btf, records = BtfWriter(), []
    kinds = _kinds(btf, CONTEXTS.get(type, "__sk_buff"))
    linkages = {0: GLOBAL} | dict(linkages or {})
    prototypes = {0: ["ctx"]} | dict(prototypes or {})
    for number, subprog in enumerate(add_subprogs(program.insns)):
        arguments = [
            (f"a{i}", kinds[k]) for i, k in enumerate(prototypes.get(number, ()))
        ]
        prototype = btf.prototype(kinds["int"], arguments)
        linkage = linkages.get(number, STATIC)
        function = btf.function(f"f{number}" if number else "main", prototype, linkage)
        records.append(struct.pack("<II", subprog.start, function))
    info = b"".join(records)
    return replace(program, btf=btf.raw, func_info=info, flags=flags)


def _kinds(btf: BtfWriter, context: str) -> dict[str, int]:
    """Write the types that arguments may have; return them by name."""
    integer = btf.integer("int", 4, signed=True)
    pair = btf.struct("pair", [("a", integer), ("b", integer)])
    return {
        "int": integer,
        "u64": btf.integer("long", 8),
        "ctx": btf.pointer(btf.struct(context, [])),
        "int*": btf.pointer(integer),
        "pair*": btf.pointer(pair),
        "void*": btf.pointer(0),
        "fwd*": btf.pointer(btf.forward("nowhere")),
        "pair": pair,
    }
