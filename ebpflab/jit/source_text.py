"""A function of a program as Python source: the tier for where no LLVM is.

Registers are local variables, arithmetic is written out by the rows (text.py), and a
memory access that stays inside the region last seen through the same register is one
`unpack_from`. Everything else is `step`: the interpreter does it (steps.py).

Blocks stand in a tree of ifs over their number, `at`; a block with one predecessor
stands inside it, and one that is reached from its own end is a loop of its own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ebpflab.isa.insn import Insn, is_atomic
from ebpflab.isa.operations import (
    ALU_BY_CODE,
    JUMP_BY_CODE,
    SIZE_BY_CODE,
    SWAP_BY_KIND,
    SWAP_CODE,
    Control,
    InsnClass,
    Mode,
    Source,
    Wide,
)
from ebpflab.isa.uses import is_exit, registers_written
from ebpflab.isa.words import WORD32, WORD64
from ebpflab.jit.cfg import Block, Function, Insns, is_call, is_local, target_of
from ebpflab.jit.text import Text, put
from ebpflab.vm.machine import FRAME_POINTER, MAX_FRAMES, STACK_BYTES

REGISTERS = ", ".join(f"r{n}" for n in range(11))
PASSED = ", ".join(f"r{n}" for n in range(10))
GIVEN_BACK = ", ".join(f"r{n}" for n in range(6))  # r6 to r10 are the caller's
DEEPEST = 12  # blocks inside each other; deeper ones go through the tree
INDENT = "  "


def name_of(entry: int) -> str:
    """Return the Python name of the function that begins in slot `entry`."""
    return f"f{entry}"


def function_text(insns: Insns, function: Function) -> str:
    """Return the source of one function."""
    return _Writer(insns, function).text()


@dataclass(frozen=True, slots=True)
class _Goto:
    """Stands in a leaf's lines for the way to another block."""

    target: int
    due: int  # instructions still to be counted
    budget_at: int = -1  # slot of the backward jump that asks for the budget


_Lines = list[tuple[int, str | _Goto]]  # indent, what


@dataclass
class _Writer:
    """Writes one function: a leaf for each head, which holds what only it leads to."""

    insns: Insns
    function: Function
    lines: _Lines = field(default_factory=list)
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
            leaves.append(_finished(self.lines, head, self.heads.index))
        tree = "\n".join(_tree(leaves, 0, len(leaves), 2))
        tree = tree.replace(_FORGET, self._forgetting())
        stack = "  stack = run.stack(depth)\n" if self.has_frame else ""
        return (
            f"def {name_of(self.function.entry)}(run, depth, {REGISTERS}):\n"
            "  m, step, find, limit = run.machine, run.step, run.find, run.budget\n"
            f"  n, at = m.executed, {self.heads.index(self.function.entry)}\n{stack}"
            f"  {self._forgetting()}\n"
            f"  while True:\n{tree}\n"
        )

    def _forgetting(self) -> str:
        """Return the statement that forgets where each site last reached memory."""
        return "".join(f"l{site} = h{site} = " for site in sorted(self.sites)) + "-1"

    # -- blocks --

    def _add(self, indent: int, *lines: str | _Goto) -> None:
        self.lines += [(indent, line) for line in lines]

    def _block(self, block: Block, indent: int, counted: int) -> None:
        """Write a block and what stands inside it; `counted` instructions are due."""
        due = counted + len(block.pcs)
        for pc in block.pcs[:-1]:
            self._plain(pc, indent)
        if not block.pcs:
            self._add(indent, self._step(block.start))
            return
        pc = block.pcs[-1]
        insn = self._insn(pc)
        if insn.insn_class in (InsnClass.JMP, InsnClass.JMP32):
            self._jump(block, insn, pc, indent, due)
            return
        self._plain(pc, indent)
        if insn.insn_class is InsnClass.LD and not insn.is_wide:
            self._add(indent, f"if left: return {GIVEN_BACK}")
        self._go(block.next[0], indent, due)

    def _go(self, target: int, indent: int, due: int) -> None:
        """Go on in another block: it is written here if nothing else leads there."""
        if target not in self.heads and indent >= DEEPEST:
            self.heads.append(target)
        if target in self.heads:
            self._add(indent, _Goto(target, due))
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
            test = "not m.may_go_on()" if may else _test(insn)
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
            self._add(indent, _Goto(target, due, pc))
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

    def _plain(self, pc: int, indent: int) -> None:
        insn = self._insn(pc)
        if insn.is_wide:
            named = insn.src != Wide.VALUE
            line = self._step(pc) if named else f"r{insn.dst} = {insn.imm64}"
            self._add(indent, line)
        elif insn.insn_class in (InsnClass.ALU, InsnClass.ALU64):
            self._add(indent, *_arithmetic(insn))
        elif insn.mode not in (Mode.MEM, Mode.MEMSX) or is_atomic(insn):
            self._add(indent, self._step(pc))
        else:
            self._memory(insn, pc, indent)

    def _memory(self, insn: Insn, pc: int, indent: int) -> None:
        loads = insn.insn_class is InsnClass.LDX
        base = insn.src if loads else insn.dst
        size = SIZE_BY_CODE[insn.size_code].bytes
        act = _load if loads else _store
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


_FORGET = "forget_all"  # stands for the statement that is known at the end


def _load(insn: Insn, size: int, buffer: str, place: str) -> str:
    kind = "s" if insn.mode == Mode.MEMSX else "u"
    if size == 1 and kind == "u":
        return f"r{insn.dst} = {buffer}[{place}]"
    if size == 2 and kind == "u":  # faster than unpack_from
        return f"r{insn.dst} = {buffer}[{place}] | {buffer}[{place} + 1] << 8"
    cut_ = f" & {WORD64}" if kind == "s" else ""
    return f"r{insn.dst} = {kind}{size}({buffer}, {place})[0]{cut_}"


def _store(insn: Insn, size: int, buffer: str, place: str) -> str:
    mask = (1 << 8 * size) - 1
    if insn.insn_class is InsnClass.ST:
        value = str(insn.imm & mask)
    else:
        value = f"r{insn.src}" + (f" & {mask}" if size < 8 else "")
    if size == 1:
        return f"{buffer}[{place}] = {value}"
    return f"p{size}({buffer}, {place}, {value})"


def _operands(insn: Insn) -> tuple[Text, Text]:
    """Return both operands, cut to the operation's width."""
    mask = (1 << insn.bits) - 1
    registers = (
        Text(f"r{n}") if insn.bits == 64 else Text(f"(r{n} & {WORD32})")
        for n in (insn.dst, insn.src)
    )
    dst, src = registers
    return dst, src if insn.source is Source.X else Text(str(insn.imm & mask))


def _arithmetic(insn: Insn) -> tuple[str, ...]:
    register = f"r{insn.dst}"
    if insn.code == SWAP_CODE:
        swap = SWAP_BY_KIND[insn.insn_class, insn.source].meaning
        return put(register, swap(Text(register), insn.imm), 64)
    dst, src = _operands(insn)
    op = ALU_BY_CODE[insn.code, insn.off]
    return put(register, op.meaning(dst, src, insn.bits), insn.bits)


def _test(insn: Insn) -> str:
    dst, src = _operands(insn)
    taken: Text = JUMP_BY_CODE[insn.code].taken(dst, src, insn.bits)
    return taken.text


def _finished(
    lines: _Lines, head: int, number: Callable[[int], int]
) -> list[tuple[int, str]]:
    """Return a leaf's lines; one that leads back to its head becomes a loop."""
    back = {
        line for _, line in lines if isinstance(line, _Goto) and line.target == head
    }
    done: list[tuple[int, str]] = []
    counted = len(back) == 1 and not any(_counts(line) for _, line in lines)
    if back:
        round = next(iter(back)).due
        by_range = f"for n in range(n, max(n, limit) + 1, {round}):"
        done.append((0, by_range if counted else "while True:"))
    for indent, line in lines:
        indent += bool(back)
        if not isinstance(line, _Goto):
            done.append((indent, line))
        elif counted and line.target == head:
            done.append((indent, "continue"))
        else:
            done += [(indent, text) for text in _way(line, head, number, bool(back))]
    if counted:
        (jump,) = back
        done.append((0, f"else: run.over({jump.budget_at}, n + {jump.due})"))
    return done


def _counts(line: str | _Goto) -> bool:
    return isinstance(line, str) and line.startswith("n +=")


def _way(
    goto: _Goto, head: int, number: Callable[[int], int], in_loop: bool
) -> Iterator[str]:
    """Yield the lines that go to another block, or once more to this one."""
    if goto.due:
        yield f"n += {goto.due}"
    if goto.budget_at >= 0:
        yield f"if n > limit: run.over({goto.budget_at}, n)"
    if goto.target == head:
        yield "continue"
    else:
        yield f"at = {number(goto.target)}"
        if in_loop:
            yield "break"


def _tree(
    leaves: list[list[tuple[int, str]]], low: int, high: int, indent: int
) -> Iterator[str]:
    """Yield the lines that find leaf number `at`."""
    if high - low == 1:
        yield from (INDENT * (indent + deeper) + line for deeper, line in leaves[low])
        return
    middle = (low + high) // 2
    yield f"{INDENT * indent}if at < {middle}:"
    yield from _tree(leaves, low, middle, indent + 1)
    yield f"{INDENT * indent}else:"
    yield from _tree(leaves, middle, high, indent + 1)
