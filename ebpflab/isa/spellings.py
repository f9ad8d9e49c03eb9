"""The forms of all instructions, made from the rows of `operations.py`.

Each function spells one family of operations as the verifier log of Linux 6.18 does,
for every width and source that its rows have. Only the 64-bit immediate load is spelled
otherwise, with a trailing `ll` as in LLVM, so that it reads back without doubt.

Source: what Linux 6.18 prints (the tests ask it); LLVM for the other spellings.
"""

from collections import defaultdict
from collections.abc import Iterator

from ebpflab.isa.forms import Form
from ebpflab.isa.insn import WIDE_OPCODE, Insn
from ebpflab.isa.operations import (
    ALU_OPS,
    ATOMIC_OPS,
    JUMP_OPS,
    LOAD_ACQUIRE,
    SIZES,
    STORE_RELEASE,
    SWAP_CODE,
    SWAP_OPS,
    SWAP_WIDTHS,
    AluOp,
    AtomicOp,
    CallKind,
    Control,
    InsnClass,
    Mode,
    Size,
    Source,
    Wide,
)

ATOMIC_SIZES = tuple(size for size in SIZES if size.bytes >= 4)
SKB_SIZES = tuple(size for size in SIZES if size.bytes <= 4)
SIGNED_SIZES = SKB_SIZES


def _opcode(code: int, source: Source, insn_class: InsnClass) -> int:
    return code << 4 | source | insn_class


def _alu() -> Iterator[Form]:
    for op in ALU_OPS:
        for insn_class in op.classes:
            for source in op.sources:
                yield Form(
                    _opcode(op.code, source, insn_class),
                    _alu_text(op, insn_class, source),
                    {"off": op.off},
                )


def _alu_text(op: AluOp, insn_class: InsnClass, source: Source) -> str:
    """Spell `r1 += r2`, or `r1 = (s8)r2` when the symbol assigns nothing itself."""
    register, number = ("r", "imm") if insn_class == InsnClass.ALU64 else ("w", "imm32")
    dst = f"{{dst:{register}}}"
    src = f"{{src:{register}}}"
    if not op.symbol.endswith("="):
        return f"{dst} = {op.symbol}{src if source == Source.X else dst}"
    return f"{dst} {op.symbol} {src if source == Source.X else f'{{imm:{number}}}'}"


def _swaps() -> Iterator[Form]:
    for op in SWAP_OPS:
        for width in SWAP_WIDTHS:
            yield Form(
                _opcode(SWAP_CODE, op.source, op.insn_class),
                f"{{dst:r}} = {op.name}{width} {{dst:r}}",
                {"imm": width},
                log=f"{{dst:r}} = {op.name}{{imm:imm}} {{dst:r}}",
            )


def _branches() -> Iterator[Form]:
    for op in JUMP_OPS:
        for insn_class, register in ((InsnClass.JMP, "r"), (InsnClass.JMP32, "w")):
            for source, right in ((Source.K, "imm:hex"), (Source.X, f"src:{register}")):
                yield Form(
                    _opcode(op.code, source, insn_class),
                    f"if {{dst:{register}}} {op.symbol} {{{right}}} goto {{off:near}}",
                )


def _control() -> Iterator[Form]:
    jump, call = InsnClass.JMP, _opcode(Control.CALL, Source.K, InsnClass.JMP)
    yield Form(_opcode(Control.JA, Source.K, jump), "goto {off:near}")
    yield Form(_opcode(Control.JA, Source.K, InsnClass.JMP32), "gotol {imm:far}")
    yield Form(_opcode(Control.JCOND, Source.K, jump), "may_goto {off:near}")
    yield Form(_opcode(Control.EXIT, Source.K, jump), "exit", unchecked=("off",))
    kfunc, fixed = "call {imm:kfunc}", {"src": CallKind.KFUNC}
    yield Form(call, kfunc, {**fixed, "off": 0})
    yield Form(call, kfunc + " fd[{off:fd}]", fixed, log=kfunc)
    yield Form(call, "call {imm:local}", {"src": CallKind.LOCAL})
    yield Form(call, "call {imm:helper}", {"src": CallKind.HELPER})


def _loads_and_stores() -> Iterator[Form]:
    for size in SIZES:
        dst, src = _at("dst", size), _at("src", size)
        number = "imm" if size.bytes == 8 else "imm32"
        yield _memory(InsnClass.LDX, Mode.MEM, size, f"{{dst:r}} = {src}", "dst")
        yield _memory(InsnClass.STX, Mode.MEM, size, f"{dst} = {{src:r}}", "src")
        yield _memory(InsnClass.ST, Mode.MEM, size, f"{dst} = {{imm:{number}}}")
    for size in SIGNED_SIZES:
        text = f"{{dst:r}} = {_at('src', size).replace('*(u', '*(s')}"
        yield _memory(InsnClass.LDX, Mode.MEMSX, size, text)


def _at(end: str, size: Size) -> str:
    """Spell a place in memory: what the register `end` plus the offset points to."""
    return f"*({size.name} *)({{{end}:r}} {{off:off}})"


def _memory(
    insn_class: InsnClass, mode: Mode, size: Size, text: str, data: str = ""
) -> Form:
    """Make the form of a load or store; LLVM may write its `data` register as a w."""
    halves = _halves(text, data, size) if data else ()
    return Form(mode | size.code | insn_class, text, others=halves)


def _halves(text: str, data: str, size: Size) -> tuple[str, ...]:
    """Write the data register by its lower half's name, if it is not moved whole."""
    half = text.replace(f"{{{data}:r}}", f"{{{data}:w}}").replace("r0", "w0")
    return (half,) if size.bytes < 8 else ()


def _packet_loads() -> Iterator[Form]:
    for size in SKB_SIZES:
        skb = f"r0 = *({size.name} *)skb"
        absolute, indirect = skb + "[{imm:imm}]", skb + "[{src:r} {imm:sum}]"
        yield _memory(InsnClass.LD, Mode.ABS, size, absolute)
        yield Form(
            Mode.IND | size.code | InsnClass.LD, indirect, others=(skb + "[{src:r}]",)
        )


def _atomics() -> Iterator[Form]:
    for size in ATOMIC_SIZES:
        for op in ATOMIC_OPS:
            text, others = _atomic_texts(op, size)
            yield _atomic(size, op.imm, text, others)
    for size in SIZES:
        load = f"{{dst:r}} = load_acquire(({size.name} *)({{src:r}} {{off:off}}))"
        store = f"store_release(({size.name} *)({{dst:r}} {{off:off}}), {{src:r}})"
        yield _atomic(size, LOAD_ACQUIRE, load, _halves(load, "dst", size))
        yield _atomic(size, STORE_RELEASE, store, _halves(store, "src", size))


def _atomic(size: Size, imm: int, text: str, others: tuple[str, ...]) -> Form:
    opcode = Mode.ATOMIC | size.code | InsnClass.STX
    return Form(opcode, text, {"imm": imm}, others=others)


def _atomic_texts(op: AtomicOp, size: Size) -> tuple[str, tuple[str, ...]]:
    """Spell an atomic operation as Linux does, and in LLVM's ways."""
    place = _at("dst", size)
    if not op.fetch:
        text = f"lock {place} {op.symbol} {{src:r}}"
        return text, _halves(text, "src", size)
    result, compared = ("r0", "r0, ") if op.compares else ("{src:r}", "")
    name = f"atomic{'64' if size.bytes == 8 else ''}_{op.name}"
    text = f"{result} = {name}({place[1:]}, {compared}{{src:r}})"
    others = [text.replace("atomic64", "atomic")]
    if not op.symbol:
        name = f"{op.name}_64" if size.bytes == 8 else f"{op.name}32_32"
        place = "{dst:r} {off:off}"
        others.append(f"{result} = {name}({place}, {compared}{{src:r}})")
    halves = (half for other in others for half in _halves(other, "src", size))
    return text, tuple(others) if size.bytes == 8 else tuple(halves)


WIDE_TEXTS = {  # what the source field says: our spelling, others that are read
    Wide.VALUE: ("{imm64:wide} ll", "{imm64:wide}"),
    Wide.MAP_FD: ("{imm:map} ll", "{imm:map}"),
    Wide.MAP_VALUE: ("{imm:map}[0]{next_imm:plus} ll", "{imm:map}[0]{next_imm:plus}"),
    Wide.BTF_ID: ("btf[{imm:imm}] fd[{next_imm:imm}] ll",),
    Wide.FUNC: ("subprog[{imm:step}] ll", "subprog[{imm:step}]", "{imm:local} ll"),
    Wide.MAP_IDX: ("map[idx:{imm:imm}] ll", "map[idx:{imm:imm}]"),
    Wide.MAP_IDX_VALUE: (
        "map[idx:{imm:imm}][0]{next_imm:plus} ll",
        "map[idx:{imm:imm}][0]{next_imm:plus}",
    ),
}


def _wide_loads() -> Iterator[Form]:
    log = "{dst:r} = {imm64:wide}"
    for src, texts in WIDE_TEXTS.items():
        text, *others = (f"{{dst:r}} = {text}" for text in texts)
        yield Form(WIDE_OPCODE, text, {"src": src}, log, tuple(others))


FORMS = (
    *_alu(),
    *_swaps(),
    *_branches(),
    *_control(),
    *_loads_and_stores(),
    *_packet_loads(),
    *_atomics(),
    *_wide_loads(),
)
FORMS_BY_OPCODE: dict[int, list[Form]] = defaultdict(list)
for _form in FORMS:
    FORMS_BY_OPCODE[_form.opcode].append(_form)


def form_of(insn: Insn) -> Form | None:
    """Return the form that writes this instruction; None: it is not a legal one."""
    for form in FORMS_BY_OPCODE.get(insn.opcode, ()):
        if not form.wrong(insn):
            return form
    return None


def jump_target(insn: Insn, pc: int) -> int | None:
    """Return the slot that an instruction jumps to, calls or names, if any."""
    form = form_of(insn)
    return form.target(insn, pc) if form else None
