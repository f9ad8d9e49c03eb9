"""Legacy loads from a packet: r0 = *(u16 *)skb[12], in network byte order.

They take the context from r6, whatever they name, and end the program where the packet
is too short; so nothing may be held that would have to be given back. They work as a
call does: r1 to r5 are lost.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import Mode
from ebpflab.verifier.check_ctx import check_ptr_off_reg
from ebpflab.verifier.env import Env
from ebpflab.verifier.references import check_resource_leak
from ebpflab.verifier.refusal import EINVAL, Refusal
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.states import NOT_INIT, UNKNOWN_SCALAR

CTX_REG = 6
CALLER_SAVED = range(6)
WITH_SKB = ("socket_filter", "sched_cls", "sched_act")


def check_ld_abs(env: Env, insn: Insn) -> None:
    """Judge a legacy load; r0 is any number afterwards."""
    if env.program.type not in WITH_SKB:
        text = "BPF_LD_[ABS|IND] instructions not allowed for this program type"
        raise Refusal(EINVAL, text)
    if insn.dst or insn.off or (insn.mode == Mode.ABS and insn.src):
        raise Refusal(EINVAL, "BPF_LD_[ABS|IND] uses reserved fields")
    ctx = env.read(CTX_REG)
    check_resource_leak(env, "BPF_LD_[ABS|IND]")
    if ctx.type is not RegType.PTR_TO_CTX:
        text = "at the time of BPF_LD_ABS|IND R6 != pointer to skb"
        raise Refusal(EINVAL, text)
    if insn.mode == Mode.IND:
        env.read(insn.src)
    check_ptr_off_reg(ctx, CTX_REG)
    for number in CALLER_SAVED:
        env.regs[number] = NOT_INIT
    env.log.regs |= 1
    env.regs[0] = UNKNOWN_SCALAR
