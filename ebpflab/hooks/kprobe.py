"""kprobe: runs when a kernel function is entered or left, or one of a process.

The context holds the registers at that moment: the first three arguments of the
function are in di, si and dx, its return value is in ax. A run here takes them as
`ctx`. Source: struct pt_regs of x86-64.
"""

from ebpflab.hooks.hook import ContextField, Hook, register

_TEXT = """
r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss
"""
REGISTERS = tuple(_TEXT.split())
WORD = 8  # bytes

register(
    Hook(
        type="kprobe",
        context="pt_regs",
        context_size=WORD * len(REGISTERS),
        fields=tuple(
            ContextField(name, WORD * i, WORD, settable=True)
            for i, name in enumerate(REGISTERS)
        ),
        has_packet=False,
        data_max=0,
        test_run=False,
        needs_perfmon=True,
        may_sleep=True,
        answers=dict.fromkeys(("trace_kprobe_session", "trace_uprobe_session"), (0, 1)),
    )
)
