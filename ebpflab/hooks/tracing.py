"""tracing, lsm, struct_ops: the context is the arguments of a kernel function.

    tp_btf/sched_switch    a tracepoint's          fentry, fexit    any function's
    iter/task              what is iterated over   lsm              a security check's
    struct_ops             those of a function that the program stands for

Each argument takes 8 bytes; what it is, the kernel's own types say. So there are no
fields here but the places. Source: UAPI linux/bpf.h; BTF of Linux 6.18.
"""

from ebpflab.hooks.hook import ContextField, Hook, register

WORD = 8  # bytes
ARGUMENTS = 12

ANSWERS = {  # those of lsm depend on the check: `verifier/attachment.py`
    "tracing": {"trace_fentry": (0, 0), "trace_fexit": (0, 0), "trace_iter": (0, 1)},
}

for type in ("tracing", "lsm", "struct_ops"):
    register(
        Hook(
            type=type,
            context="",
            context_size=WORD * ARGUMENTS,
            fields=tuple(
                ContextField(f"args[{i}]", WORD * i, WORD, settable=True)
                for i in range(ARGUMENTS)
            ),
            has_packet=False,
            data_max=0,
            test_run=False,
            may_sleep=True,
            needs_perfmon=True,
            answers=ANSWERS.get(type, {}),
        )
    )
