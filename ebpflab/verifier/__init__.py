"""Proving: what may a program's values be, and is every access then allowed?

The files are split as the kernel's own. Read them in this order:

    tnum.py, bounds.py        what is known of a number
    alu.py, branches.py       how instructions and jumps move it
    states.py                 registers, stack slots, paths
    cfg.py, liveness.py       the program as a graph; what may still be read
    equal.py, explored.py     when a path may stop at a state that was seen
    backtrack.py              which numbers mattered
    check_*.py                one kind of instruction each
    check.py                  the walk: `verify`
    log.py, state_text.py     the text, as Linux writes it

Nothing is guessed: what is not modelled raises NotModelled (`refusal.py`).
"""
