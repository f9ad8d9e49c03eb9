"""Mechanical fixes: one row a kind of rejection, a few instructions each.

    access outside the packet      compare with data_end before it
    a pointer that may be null     compare with 0 before it
    an index without bounds        compare it with the room there is, where it is added
    a register never written       give it a value
    an answer out of range         replace it
    an object still held           release it before the end

A fix leaves the program early where a check fails, with an answer that lets things be.
Whether the fix is what was meant, only its author knows: it is a proposal, verified.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ebpflab.isa.helper_ids import HELPER_IDS
from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import ALU_BY_CODE, SIZE_BY_CODE, InsnClass
from ebpflab.remedy.patch import Edit, ends_with, helper_call
from ebpflab.remedy.situation import CALLEE_SAVED, Situation

MOV, MOV_REG, ADD, ADD_REG, LOAD_WORD = 0xB7, 0xBF, 0x07, 0x0F, 0x61
JEQ, JGT, JGT_REG, JLE = 0x15, 0x25, 0x2D, 0xB5
PASSES = {"xdp": 2, "cgroup_skb": 1, "cgroup_sock": 1, "cgroup_sock_addr": 1}
DATA_END = {"xdp": 4, "sched_cls": 80, "sched_act": 80, "cgroup_skb": 80}
RELEASES = {  # what a held object is given back with: helper, further arguments
    "ringbuf_mem": ("ringbuf_discard", (0,)),
    "sock": ("sk_release", ()),
    "sock_common": ("sk_release", ()),
    "tcp_sock": ("sk_release", ()),
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """Edits that may mend a program; `row` is their sentence in the catalogue."""

    row: str
    edits: tuple[Edit, ...]


def propose(situation: Situation) -> Proposal | None:
    """Return the fix for this kind of rejection, if there is one that fits here."""
    row = ROWS.get(situation.rejection.kind)
    return row(situation) if row else None


def _leave(situation: Situation) -> Edit:
    """Return a new end of the program, where a failed check goes to."""
    answer = PASSES.get(situation.program.type, 0)
    return Edit(len(situation.program.insns), ends_with(answer))


def _checked(situation: Situation, row: str, pc: int, *insns: Insn) -> Proposal:
    """Insert a check before a slot; its last instruction leaves when it fails."""
    out = {len(insns) - 1: len(situation.program.insns)}
    return Proposal(row, (Edit(pc, insns, leads_to=out), _leave(situation)))


def _touched(insn: Insn) -> tuple[int, int]:
    """Return the base register of an access, and how far it reaches from there."""
    is_load = insn.insn_class in (InsnClass.LDX, InsnClass.LD)
    reach = insn.off + SIZE_BY_CODE[insn.size_code].bytes
    return (insn.src if is_load else insn.dst), reach


def _is_access(insn: Insn | None) -> bool:
    kinds = (InsnClass.LDX, InsnClass.ST, InsnClass.STX)
    return insn is not None and insn.insn_class in kinds


def packet_check(situation: Situation) -> Proposal | None:
    """if pointer + reach > data_end: leave."""
    insn, free = situation.insn, list(situation.free)
    if insn is None or not _is_access(insn) or not free:
        return None
    base, reach = _touched(insn)
    moved = free.pop(0)
    end, loading = situation.holding("pkt_end"), []
    if end is None:
        ctx, field = situation.holding("ctx"), DATA_END.get(situation.program.type)
        if ctx is None or field is None or not free:
            return None
        end = free.pop(0)
        loading = [Insn(LOAD_WORD, dst=end, src=ctx, off=field)]
    reached = [Insn(MOV_REG, dst=moved, src=base), Insn(ADD, dst=moved, imm=reach)]
    test = Insn(JGT_REG, dst=moved, src=end)
    return _checked(
        situation, "fix-packet-check", situation.pc, *loading, *reached, test
    )


def null_check(situation: Situation) -> Proposal | None:
    """if pointer == 0: leave."""
    register = situation.number("reg")
    if register is None:
        return None
    test = Insn(JEQ, dst=register, imm=0)
    return _checked(situation, "fix-null-check", situation.pc, test)


def index_check(situation: Situation) -> Proposal | None:
    """if index > room: leave; before the index is added to the pointer."""
    insn = situation.insn
    if insn is None or not _is_access(insn):
        return None
    base, reach = _touched(insn)
    added = _addition(situation, base)
    room = _room(situation, base)
    if added is None or room is None or room - reach < 0:
        return None
    pc, index = added
    test = Insn(JGT, dst=index, imm=room - reach)
    return _checked(situation, "fix-index-check", pc, test)


def _addition(situation: Situation, base: int) -> tuple[int, int] | None:
    """Find where a number in a register was last added to the pointer."""
    insns = situation.program.insns
    for pc in range(situation.pc - 1, -1, -1):
        insn = insns[pc]
        if insn is None or insn.dst != base:
            continue
        if insn.opcode == ADD_REG:
            return pc, insn.src
        if insn.insn_class in (InsnClass.ALU64, InsnClass.ALU):
            op = ALU_BY_CODE.get((insn.code, insn.off))
            if op is None or op.name != "add":
                return None
    return None


def _room(situation: Situation, base: int) -> int | None:
    """Return how many bytes the object has, from its own claim: vs=8, sz=64."""
    claim = situation.claims.get(f"r{base}") or ""
    parts = dict(
        part.split("=", 1) for part in _inside(claim).split(",") if part.count("=") == 1
    )
    size = parts.get("vs") or parts.get("sz")
    if size is None or not size.isdecimal():
        return None
    fixed = parts.get("off", "0")
    return int(size) - (int(fixed) if fixed.lstrip("-").isdecimal() else 0)


def _inside(claim: str) -> str:
    return claim[claim.find("(") + 1 : claim.rfind(")")]


def initialise(situation: Situation) -> Proposal | None:
    """register = 0, before it is read."""
    register = situation.number("reg")
    if register is None or register > 9:
        return None
    return Proposal("fix-initialise", (Edit(situation.pc, (Insn(MOV, dst=register),)),))


def answer_in_range(situation: Situation) -> Proposal | None:
    """An answer above the largest allowed one becomes the smallest."""
    least, most = situation.number("least"), situation.number("most")
    if least != 0 or most is None:
        return None
    test, replaced = Insn(JLE, dst=0, imm=most, off=1), Insn(MOV, dst=0, imm=least)
    return Proposal("fix-answer", (Edit(situation.pc, (test, replaced)),))


def release(situation: Situation) -> Proposal | None:
    """Give back what is still held, keeping the answer in a register meanwhile.

    Jumps to the end pass it by: most come from where nothing was handed out.
    """
    held = [(n, kind) for n, kind in situation.held_objects() if kind in RELEASES]
    kept = next((n for n in situation.free if n in CALLEE_SAVED), None)
    if not held or kept is None:
        return None
    register, kind = held[0]
    helper, further = RELEASES[kind]
    arguments = [Insn(MOV, dst=2 + i, imm=value) for i, value in enumerate(further)]
    insns = (
        Insn(MOV_REG, dst=kept, src=0),
        Insn(MOV_REG, dst=1, src=register),
        *arguments,
        helper_call(HELPER_IDS[helper]),
        Insn(MOV_REG, dst=0, src=kept),
    )
    edit = Edit(situation.pc, insns, only_straight_on=True)
    return Proposal("fix-release", (edit,))


ROWS: dict[str, Callable[[Situation], Proposal | None]] = {
    "packet-range": packet_check,
    "null-pointer": null_check,
    "pointer-null-math": null_check,
    "map-value-range": index_check,
    "memory-range": index_check,
    "memory-below": index_check,
    "memory-above": index_check,
    "memory-unbounded": index_check,
    "index-negative": index_check,
    "math-unbounded": index_check,
    "uninitialized": initialise,
    "return-range": answer_in_range,
    "reference-leak": release,
}
