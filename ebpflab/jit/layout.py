"""What compiled code and Python share: tables of 64-bit words, by name.

`CORE` is one table a run: registers, counts, where things lie in host memory. Each
program of the run has a row of its own (`PROGRAM`, then `MAP` for each of its maps),
and each region of memory one (`REGION`). Host addresses never reach a program:
it sees the words of vm/memory.py alone.
"""

from collections.abc import Sequence


def _places(rows: Sequence[tuple[str, int]]) -> dict[str, int]:
    """Return where each name begins, in words."""
    places, at = {}, 0
    for name, words in rows:
        places[name] = at
        at += words
    return {**places, "words": at}


MAX_POINTERS = 16  # pointer fields of a context
FRAMES = 8

CORE = _places(
    (
        ("regs", 11),
        ("executed", 1),
        ("limit", 1),  # of `executed`: ask Python beyond it
        ("rounds_left", 1),  # of may_goto
        ("exit_pc", 1),
        ("loaded", 1),  # what a slow load gave
        ("python_access", 1),  # the functions of Python
        ("python_step", 1),
        ("python_over", 1),
        ("python_done", 1),
        ("answer", 1),  # what Python answered; 0 until it has
        ("access", 1),  # those that stand before them, see glue_ir.py
        ("step", 1),
        ("over", 1),
        ("done", 1),
        ("frame", 1),
        ("regions", 1),  # host address of the table of regions
        ("region_count", 1),
        ("next_region", 1),  # number of a stack that compiled code may make; 0: none
        ("packet", 1),  # address as programs see it
        ("packet_host", 1),
        ("packet_size", 1),
        ("ctx_host", 1),
        ("frames", FRAMES),  # frame pointers; 0: not there yet
        ("stacks", FRAMES),  # host addresses
        ("pointers", MAX_POINTERS),  # what the context's pointer fields yield
        # what each packet of a batch starts from, see batch_ir.py
        ("program", 1),  # the function of entry 0
        ("at_packet", 1),  # which one runs
        ("at_turn", 1),
        ("asked", 1),  # 1: Python has a machine for this packet
        ("told", 1),  # 1: it had one in an earlier turn
        ("first_limit", 1),
        ("base_regions", 1),
        ("first_packet", 1),
        ("ctx", 1),
        ("ctx_size", 1),
        ("stack_used", 1),  # bytes, from its end, that are to be zeroed
        ("buffer", 1),  # host address of the packet
        ("input", 1),  # packets one after the other
        ("offsets", 1),  # where each begins, and the last one ends
        ("verdicts", 1),
        ("contexts", 1),  # contexts afterwards; 0: not kept
        ("template", 1),  # of the context
        ("repeat", 1),
    )
)
PROGRAM = _places((("id", 1), ("maps", 1)))
MAP = _places(
    (
        ("handle", 1),
        ("values", 1),  # address as programs see it
        ("host", 1),
        ("search", 1),  # the function that searches its keys, see keys.py
        ("table", 1),  # of keys
        ("mask", 1),  # rows of that table, less one
    )
)
REGION = _places((("host", 1), ("reads", 1), ("writes", 1), ("spare", 1)))
