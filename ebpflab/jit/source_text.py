"""A function of a program as Python source: the tier for where no LLVM is.

Registers are local variables, arithmetic is written out by the rows (text.py), and a
memory access that stays inside the region last seen through the same register is one
`unpack_from`. Everything else is `step`: the interpreter does it (steps.py).

Blocks stand in a tree of ifs over their number, `at`; a block with one predecessor
stands inside it, and one that is reached from its own end is a loop of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ebpflab.isa.insn import Insn, is_atomic
from ebpflab.isa.operations import (
    SIZE_BY_CODE,
    Control,
    InsnClass,
    Mode,
    Wide,
)
from ebpflab.isa.uses import is_exit, registers_written
from ebpflab.isa.words import WORD64
from ebpflab.jit import source_insns
from ebpflab.jit.cfg import Block, Function, Insns, is_call, is_local, target_of
from ebpflab.jit.source_tree import Goto, Lines, finished, tree
from ebpflab.jit.together import is_plain
from ebpflab.vm.machine import FRAME_POINTER, MAX_FRAMES, STACK_BYTES

REGISTERS = ", ".join(f"r{n}" for n in range(11))
PASSED = ", ".join(f"r{n}" for n in range(10))
GIVEN_BACK = ", ".join(f"r{n}" for n in range(6))  # r6 to r10 are the caller's
DEEPEST = 12  # blocks inside each other; deeper ones go through the tree
_FORGET = "forget_all"  # stands for the statement that is known at the end


def name_of(entry: int) -> str:
    """Return the Python name of the function that begins in slot `entry`."""
    return f"f{entry}"


def function_text(insns: Insns, function: Function) -> str:
    """Return the source of one function."""
    return _Writer(insns, function).text()


@dataclass
class _Writer:
    """Writes one function: a leaf for each head, which holds what only it leads to."""

    insns: Insns
    function: Function
    lines: Lines = field(default_factory=list)
    sites: set[str] = field(default_factory=set)  # how memory is reached

    def __post_init__(self) -> None:
        self.has_frame = not any(
            FRAME_POINTER in registers_written(insn) for insn in self._all_insns()
        )
        blocks = self.function.blocks
        coming = [following for block in blocks.values() for following in block.next]
        self.heads = [
            start
            for start in blocks
            if start == self.function.entry or coming.count(start) != 1
        ]

    def _all_insns(self) -> Iterator[Insn]:
        for block in self.function.blocks.values():
            yield from (self._insn(pc) for pc in block.pcs)

    def _insn(self, pc: int) -> Insn:
        insn = self.insns[pc]
        assert insn
        return insn

    def text(self) -> str:
        leaves = []
        for head in self.heads:  # grows, where blocks stand too deep
            self.lines = []
            self._block(self.function.blocks[head], 0, 0)
            leaves.append(finished(self.lines, head, self.heads.index))
        text = "\n".join(tree(leaves, 0, len(leaves), 2))
        text = text.replace(_FORGET, self._forgetting())
        stack = "  stack = run.stack(depth)\n" if self.has_frame else ""
        return (
            f"def {name_of(self.function.entry)}(run, depth, {REGISTERS}):\n"
            "  m, step, find, limit = run.machine, run.step, run.find, run.budget\n"
            f"  n, at = m.executed, {self.heads.index(self.function.entry)}\n{stack}"
            f"  {self._forgetting()}\n"
            f"  while True:\n{text}\n"
        )

    def _forgetting(self) -> str:
        """Return the statement that forgets where each site last reached memory."""
        return "".join(f"l{site} = h{site} = " for site in sorted(self.sites)) + "-1"

    # -- blocks --

    def _add(self, indent: int, *lines: str | Goto) -> None:
        self.lines += [(indent, line) for line in lines]

    def _block(self, block: Block, indent: int, counted: int) -> None:
        """Write a block and what stands inside it; `counted` instructions are due."""
        due = counted + len(block.pcs)
        self._plain_ones(block.pcs[:-1], indent)
        if not block.pcs:
            self._add(indent, self._step(block.start))
            return
        pc = block.pcs[-1]
        insn = self._insn(pc)
        if insn.insn_class in (InsnClass.JMP, InsnClass.JMP32):
            self._jump(block, insn, pc, indent, due)
            return
        self._plain_ones(block.pcs[-1:], indent)
        if insn.insn_class is InsnClass.LD and not insn.is_wide:
            self._add(indent, f"if left: return {GIVEN_BACK}")
        self._go(block.next[0], indent, due)

    def _go(self, target: int, indent: int, due: int) -> None:
        """Go on in another block: it is written here if nothing else leads there."""
        if target not in self.heads and indent >= DEEPEST:
            self.heads.append(target)
        if target in self.heads:
            self._add(indent, Goto(target, due))
        else:
            self._block(self.function.blocks[target], indent, due)

    def _jump(self, block: Block, insn: Insn, pc: int, indent: int, due: int) -> None:
        if is_exit(insn):
            self._add(indent, f"m.executed = n + {due}", f"run.steps.exit_pc = {pc}")
            self._add(indent, f"return {GIVEN_BACK}")
        elif is_call(insn):
            self._call(insn, pc, indent, due)
            self._go(block.next[0], indent, 0)
        elif insn.code == Control.JA:
            self._taken(insn, pc, indent, due)
        else:
            may = insn.code == Control.JCOND
            test = "not m.may_go_on()" if may else source_insns.test(insn)
            self._add(indent, f"if {test}:")
            self._taken(insn, pc, indent + 1, due)
            self._add(indent, "else:")
            self._go(block.next[0], indent + 1, due)

    def _taken(self, insn: Insn, pc: int, indent: int, due: int) -> None:
        """Write a jump that is taken; backward, it asks for the budget."""
        target = target_of(insn, pc)
        if target <= pc:
            if target not in self.heads:
                self.heads.append(target)
            self._add(indent, Goto(target, due, pc))
        else:
            self._go(target, indent, due)

    def _call(self, insn: Insn, pc: int, indent: int, due: int) -> None:
        self._add(indent, f"n += {due}")
        if is_local(insn):
            callee = name_of(pc + 1 + insn.imm)
            self._add(indent, f"if n <= limit and depth < {MAX_FRAMES - 1}:")
            self._add(indent + 1, "m.executed = n", "frame = run.frame(depth + 1)")
            passed = f"run, depth + 1, {PASSED}, frame"
            self._add(indent + 1, f"{GIVEN_BACK} = {callee}({passed})")
            self._add(indent + 1, "n = m.executed")
            self._add(indent, "else:")
            self._add(indent + 1, self._step(pc))
        else:
            self._add(indent, self._step(pc), f"if left: return {GIVEN_BACK}")
        self._add(indent, _FORGET)

    def _step(self, pc: int) -> str:
        return f"left, n, {REGISTERS} = step({pc}, depth, n, {REGISTERS})"

    # -- instructions that do not jump --

    def _plain_ones(self, pcs: tuple[int, ...], indent: int) -> None:
        """Write instructions one after the other, arithmetic as far as it belongs."""
        addresses = set[int]()  # registers through which memory was just reached
        while pcs:
            insns, count = [self._insn(pc) for pc in pcs], 1
            if insns[0].insn_class in (InsnClass.ALU, InsnClass.ALU64):
                count = source_insns.together(insns)
                lines = source_insns.arithmetic(insns[:count])
                moved = count == 1 and source_insns.moves(insns[0], addresses)
                self._add(indent, *(lines[:1] if moved else lines))
            else:
                self._plain(pcs[0], indent)
                if is_plain(insns[0]):
                    loads = insns[0].insn_class is InsnClass.LDX
                    addresses.add(insns[0].src if loads else insns[0].dst)
            for insn in insns[:count]:
                addresses.difference_update(registers_written(insn))
            pcs = pcs[count:]

    def _plain(self, pc: int, indent: int) -> None:
        insn = self._insn(pc)
        if insn.is_wide:
            named = insn.src != Wide.VALUE
            line = self._step(pc) if named else f"r{insn.dst} = {insn.imm64}"
            self._add(indent, line)
        elif insn.mode not in (Mode.MEM, Mode.MEMSX) or is_atomic(insn):
            self._add(indent, self._step(pc))
        else:
            self._memory(insn, pc, indent)

    def _memory(self, insn: Insn, pc: int, indent: int) -> None:
        loads = insn.insn_class is InsnClass.LDX
        base = insn.src if loads else insn.dst
        size = SIZE_BY_CODE[insn.size_code].bytes
        act = source_insns.load if loads else source_insns.store
        if base == FRAME_POINTER and self.has_frame:
            place = STACK_BYTES + insn.off
            inside = 0 <= place <= STACK_BYTES - size
            line = act(insn, size, "stack", str(place)) if inside else self._step(pc)
            self._add(indent, line)
            return
        site = f"{base}_{size}{'r' if loads else 'w'}"
        self.sites.add(site)
        address = f"r{base}" + (f" {insn.off:+d}" if insn.off else "")
        self._add(
            indent,
            f"o = {address} - h{site}",
            f"if 0 <= o <= l{site}: {act(insn, size, f'd{site}', 'o')}",
            "else:",
            f"  h{site}, d{site}, l{site} = find({address}, {size}, {loads})",
            f"  if l{site} < 0: {self._step(pc)}",
            "  else:",
            f"    o = ({address} & {WORD64}) - h{site}",
            f"    {act(insn, size, f'd{site}', 'o')}",
        )
