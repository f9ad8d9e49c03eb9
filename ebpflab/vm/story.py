"""A recorded run as a Timeline: the steps, with all that a view needs beside them.

The listing with its C lines, the regions with their first bytes, the names of header
fields and of variables. No sentence is made here.
"""

from collections.abc import Iterator
from dataclasses import replace

from ebpflab.errors import VmFault
from ebpflab.hooks import hook_of
from ebpflab.isa.disassembler import disassemble_insn
from ebpflab.isa.insn import Insn, is_memory_class
from ebpflab.isa.operations import JUMP_BY_CODE, Control, InsnClass
from ebpflab.listing import names_in, source_line
from ebpflab.maps.journals import restarted
from ebpflab.packets import dissect
from ebpflab.program import Program, Variable
from ebpflab.timeline import Change, Field, Line, Outcome, Region, Timeline
from ebpflab.vm.machine import FRAME_POINTER, STACK_BYTES, Machine
from ebpflab.vm.recorder import Recorder


def tell(program: Program, machine: Machine) -> Timeline:
    """Run the machine under a recorder's eyes; return the whole as a timeline."""
    restarted()
    known = _known_at_start(program)
    recorder = Recorder(machine, known)
    start = tuple(Change(f"r{n}", None, hex(machine.regs[n])) for n in known)
    first = _regions(machine)
    outcome = _run_watched(program, machine, recorder)
    regions = (*first, *_later_regions(machine, recorder, len(first)))
    fields = (*_packet_fields(program, regions), *_variable_fields(program))
    return Timeline(
        title=program.name,
        type=program.type,
        listing=tuple(_listings(machine)),
        steps=tuple(recorder.steps),
        regions=regions,
        fields=(*fields, *_record_fields(program, recorder)),
        source=program.source,
        source_name=program.source_name,
        start=start,
        start_pointers=("r1", f"r{FRAME_POINTER}"),
        outcome=outcome,
    )


def _known_at_start(program: Program) -> tuple[int, ...]:
    arguments = (1,) if hook_of(program.type).verified else (1, 2)
    return (*arguments, FRAME_POINTER)


def _run_watched(program: Program, machine: Machine, recorder: Recorder) -> Outcome:
    hook = hook_of(program.type)
    try:
        retval = machine.run(watch=recorder.after)
    except VmFault as fault:
        place = machine.loaded.base + fault.pc
        return Outcome(fault=fault.problem, fault_pc=place)
    retval &= (1 << hook.return_bits) - 1
    return Outcome(retval=hex(retval), name=hook.returns.get(retval, ""))


def _listings(machine: Machine) -> Iterator[Line]:
    """List the program, and after it those that it may come to by tail calls."""
    for loaded in machine.loaded.library.programs:
        yield from _listing(loaded.program, loaded.base)


def _listing(program: Program, base: int) -> Iterator[Line]:
    names = names_in(program)
    for pc, insn in enumerate(program.insns):
        if insn is not None:
            line = source_line(program, pc)
            yield Line(
                pc=base + pc,
                text=disassemble_insn(insn, names),
                source_line=line.line if line else 0,
                target=_target(base + pc, insn),
                kind=_kind(insn),
            )


def _kind(insn: Insn) -> str:
    """Return the sign under which the tape shows an instruction."""
    if insn.is_wide:
        return "alu"
    if is_memory_class(insn):
        return "memory"
    if insn.insn_class not in (InsnClass.JMP, InsnClass.JMP32):
        return "alu"
    return {Control.CALL: "call", Control.EXIT: "exit"}.get(insn.code, "branch")  # type: ignore[call-overload, no-any-return]


def _target(pc: int, insn: Insn) -> int | None:
    if insn.insn_class not in (InsnClass.JMP, InsnClass.JMP32):
        return None
    if insn.code in JUMP_BY_CODE or insn.code == Control.JCOND:
        return pc + 1 + insn.off
    if insn.code == Control.JA:
        far = insn.insn_class is InsnClass.JMP32
        return pc + 1 + (insn.imm if far else insn.off)
    return None


def _regions(machine: Machine) -> tuple[Region, ...]:
    regions = machine.memory.regions.values()
    named = ((region.name, machine.env.map_at(region.base)) for region in regions)
    types = {name: map.type for name, map in named if map is not None}
    return tuple(
        Region(
            number=region.number,
            name=region.name,
            kind=region.kind,
            size=len(region.buffer),
            contents="" if region.kind == "stack" else region.buffer.hex(),
            detail=types.get(region.name, ""),
        )
        for region in regions
    )


def _later_regions(
    machine: Machine, recorder: Recorder, known: int
) -> tuple[Region, ...]:
    """Return the regions made during the run, with the bytes that they had then."""
    return tuple(
        replace(region, contents=recorder.born[region.name] if region.contents else "")
        for region in _regions(machine)[known:]
    )


def _packet_fields(program: Program, regions: tuple[Region, ...]) -> Iterator[Field]:
    """Name the header fields of what a program type calls a packet."""
    hook = hook_of(program.type)
    if hook.verified:
        for packet in (r for r in regions if r.kind == "packet"):
            contents = bytes.fromhex(packet.contents)
            first = _network_header(contents) if hook.pulled else "Ethernet"
            for part in dissect(contents, first):
                yield replace(part, region=packet.name)


def _network_header(packet: bytes) -> str:
    """Return what a packet without its Ethernet header begins with, "" = not known."""
    return {4: "IPv4", 6: "IPv6"}.get(packet[0] >> 4, "") if packet else ""


def _variable_fields(program: Program) -> Iterator[Field]:
    """Name the stack bytes of the C variables whose place is known."""
    for variable in program.variables:
        yield Field(
            region="stack",
            group=variable.name,
            name=variable.member,
            offset=STACK_BYTES + variable.offset,
            size=variable.size,
        )


def _record_fields(program: Program, recorder: Recorder) -> Iterator[Field]:
    """Name the parts of a record whose bytes were one C variable on the stack."""
    named: set[str] = set()
    for step in recorder.steps:
        slots = [c.slot for c in step.changes if "/" in c.slot]
        for slot in slots:
            for whole in _variables_read(program, step.reads):
                if slot not in named:
                    named.add(slot)
                    yield from _members(program, whole, slot)


def _variables_read(program: Program, reads: tuple[str, ...]) -> Iterator[Variable]:
    for variable in program.variables:
        start = STACK_BYTES + variable.offset
        if not variable.member and f"stack+{start}:{variable.size}" in reads:
            yield variable


def _members(program: Program, whole: Variable, slot: str) -> Iterator[Field]:
    for part in program.variables:
        if part.name == whole.name and part.member:
            offset = part.offset - whole.offset
            yield Field(slot, whole.name, part.member, offset, part.size)
