"""A program as one LLVM module, and the modules that all programs share.

What the text depends on is an `Order`, so that code that was compiled once can be found
again. Not here: LLVM itself (machine_code.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ebpflab.errors import RunError
from ebpflab.hooks import Hook, hook_of
from ebpflab.isa.codec import decode
from ebpflab.isa.operations import Wide
from ebpflab.isa.uses import registers_written
from ebpflab.jit.batch_ir import batch_ir, patches
from ebpflab.jit.cfg import Function, Insns, entries, function_at, is_local
from ebpflab.jit.frame_ir import METADATA
from ebpflab.jit.function_ir import FunctionWriter
from ebpflab.jit.glue_ir import entry_ir, glue_ir
from ebpflab.jit.keys import keys_ir
from ebpflab.jit.places import CTX, PACKET, STACK, Place, Places
from ebpflab.maps.base import Map
from ebpflab.vm.machine import FRAME_POINTER

LARGEST = 20_000  # instructions, in all functions together
INTRINSICS = """declare i64 @llvm.usub.sat.i64(i64, i64)
declare i64 @llvm.umin.i64(i64, i64)
declare i64 @llvm.smax.i64(i64, i64)
declare i16 @llvm.bswap.i16(i16)
declare i32 @llvm.bswap.i32(i32)
declare i64 @llvm.bswap.i64(i64)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
"""


def glue_module() -> str:
    """Return the module of what every run needs."""
    return "\n".join([glue_ir(), entry_ir(), INTRINSICS, METADATA])


def batch_module(hook: Hook, given: frozenset[str] | None, usual: bool) -> str:
    """Return the module of the loop over packets; see batch_ir.py."""
    loop = batch_ir(hook, patches(hook, given), usual)
    return "\n".join([loop, INTRINSICS, METADATA])


def keys_module(key_size: int) -> str:
    """Return the module that searches and fills tables of keys."""
    return "\n".join([keys_ir(key_size), INTRINSICS, METADATA])


@dataclass(frozen=True, slots=True)
class Order:
    """What to compile: everything that the machine code depends on."""

    code: bytes
    type: str
    maps: tuple[Map, ...]
    entry: int = 0
    usual: bool = True  # r1 and r10 of entry 0 are those that a run starts with
    checked: bool = True
    debug: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """Return what tells this order from others, as plain data."""
        maps = tuple(
            (
                m.type,
                m.spec.key_size,
                m.spec.value_size,
                m.spec.max_entries,
                m.spec.flags,
            )
            for m in self.maps
        )
        rest = (self.entry, self.usual, self.checked, self.debug)
        return (self.code, self.type, maps, *rest)

    @property
    def entries(self) -> tuple[int, ...]:
        """The functions that the module has, which Python may call."""
        return tuple(sorted({self.entry, *entries(decode(self.code))}))


@dataclass(frozen=True, slots=True)
class Written:
    """A module as text, and what is known of it."""

    text: str
    stores: frozenset[str]  # the kinds of memory that it stores to by itself
    stack_used: int  # bytes of a stack, from its end, that it reaches by itself
    origins: dict[int, list[tuple[str, int]]] = field(default_factory=dict)


def module_of(order: Order) -> Written:
    """Write a program's module. Raises RunError: it is too large to compile."""
    insns, hook = decode(order.code), hook_of(order.type)
    functions = _functions(insns, order)
    writers = [_writer(insns, f, hook, order) for f in functions]
    bodies = [writer.text() for writer in writers]
    debug = [_debug_metadata(functions)] if order.debug else []
    text = "\n".join([*bodies, INTRINSICS, METADATA, *debug])
    origins = {
        writer.function.entry: list(
            zip(writer.lines.lines, writer.origins_to_the_end(), strict=True)
        )
        for writer in writers
    }
    stores = frozenset(kind for writer in writers for kind in writer.accesses.written)
    used = -min(place for w in writers for place in (0, *w.memory.stack_places))
    return Written(text, stores, used, origins)


def _functions(insns: Insns, order: Order) -> list[Function]:
    functions, total = [], 0
    for entry in order.entries:
        functions.append(function_at(insns, entry))
        total += functions[-1].size
        if total > LARGEST:
            raise RunError.of("jit-too-large", limit=LARGEST)
    return functions


def _writer(
    insns: Insns, function: Function, hook: Hook, order: Order
) -> FunctionWriter:
    start = _start(insns, function.entry, hook, order)
    maps, checked, debug = order.maps, order.checked, order.debug
    return FunctionWriter(insns, function, hook, maps, start, checked, debug)


def _start(insns: Insns, entry: int, hook: Hook, order: Order) -> Places:
    """Return what registers point to where a function begins."""
    writes_frame = any(i and FRAME_POINTER in registers_written(i) for i in insns)
    if not order.usual or writes_frame:
        return Places({}, {})
    registers = {FRAME_POINTER: Place(STACK, 0)}
    if entry == 0 and not _is_called(insns, 0):
        first = Place(CTX, 0) if hook.verified else Place(PACKET)
        registers[1] = first
    return Places(registers, {})


def _is_called(insns: Insns, entry: int) -> bool:
    """Tell whether the program itself may call a function, with anything in r1."""
    named = (
        pc + 1 + insn.imm
        for pc, insn in enumerate(insns)
        if insn and (is_local(insn) or (insn.is_wide and insn.src == Wide.FUNC))
    )
    return entry in named


def _debug_metadata(functions: list[Function]) -> str:
    """Say that line n of each function is slot n - 1 of the program."""
    rows = [
        "!llvm.dbg.cu = !{!900}",
        "!llvm.module.flags = !{!902}",
        "!900 = distinct !DICompileUnit(language: DW_LANG_C, file: !901, "
        "emissionKind: LineTablesOnly)",
        '!901 = !DIFile(filename: "program", directory: "")',
        '!902 = !{i32 2, !"Debug Info Version", i32 3}',
        "!903 = !DISubroutineType(types: !{})",
    ]
    for function in functions:
        rows.append(
            f"!{1000 + function.entry} = distinct !DISubprogram("
            f'name: "f{function.entry}", file: !901, line: 1, type: !903, unit: !900, '
            "spFlags: DISPFlagDefinition)"
        )
    return "\n".join(rows) + "\n"
