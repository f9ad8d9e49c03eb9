"""The verifier's log as text: what stands in it, wherever it came from.

A log at its longest, as Linux 6.18 writes it at level 2:

    func#0 @0                                       functions
    Live regs before insn:                          the listing
          0: .......... (b7) r0 = 3
    0: R1=ctx() R10=fp0                             the state at the start
    0: (b7) r0 = 3             ; R0=3               a step, and what it changed
    from 4 to 6: R0=3 ...                           another path begins
    R0 invalid mem access 'scalar'                  the reason
    processed 6 insns (limit 1000000) ...           statistics

`clean.py` takes off what tools put around it, `kinds.py` tells its lines apart,
`states.py` reads the text of a state, `reader.py` puts it all together, `replay.py`
makes a timeline and an exploration of it. Not here: what a reason means (`reasons/`).
"""

from ebpflab.logs.ending import last_message, masked, processed
from ebpflab.logs.log import Log
from ebpflab.logs.reader import read

__all__ = ["Log", "last_message", "masked", "processed", "read"]
