"""Proving: what may a program's values be, and is every access then allowed?

The files are split as the kernel's own. Read them in this order:

    tnum.py, bounds.py        what is known of a number
    alu.py, branches.py       how instructions and jumps move it
    states.py                 registers, stack slots, paths
    subprogs.py, cfg.py       the program's functions, and each as a graph
    liveness.py               which registers may still be read; stack_liveness.py,
                              stack_marks.py
    equal.py, explored.py     when a path may stop at a state that was seen: visited.py
                              (equal_regs.py, equal_stack.py)
    backtrack.py              which numbers mattered: back_steps.py, back_moves.py,
                              propagate.py
    loops.py, backedges.py    loops; those that must end in time: convergence.py
    frames.py, callbacks.py   calls of functions, by the program and by helpers
    functions.py              what BTF tells of them; prototypes.py
    global_functions.py       functions that are judged by themselves: validate.py
    linked_regs.py, null_checks.py, packet_ranges.py   what a comparison teaches
    sanitize.py, speculation.py                        loaders without CAP_PERFMON
    check_*.py                one kind of instruction each
    attachment.py             what a program is attached to by type
    check_btf_access.py       structures of the kernel; kptrs.py, objects.py
    check_kfunc.py            calls by BTF: kfunc_*.py, iterators.py, irq_flags.py
    prepare.py, walk.py       before the walk; the walk; dead_code.py, behind it
    check.py                  all of it: `verify`
    log.py, state_text.py     the text, as Linux writes it: number_text.py,
                              source_lines.py

Nothing is guessed: what is not modelled raises NotModelled (`refusal.py`).
"""
