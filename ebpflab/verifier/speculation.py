"""What is known of instructions that a processor may run by mistake.

A processor that guesses wrong runs instructions no path leads to, and what they touched
can be told from the time it takes. So for a loader without CAP_PERFMON those paths are
walked too ("speculative"): where one of them would be wrong, a barrier is put in front
of the instruction, and the path ends there. A load may also run before the store in
front of it is done, so some stores have a barrier behind them. Pointers that move by an
unknown number are moved by a masked one (`sanitize.py`).

Source: Linux 6.18; its documentation, admin-guide/hw-vuln/spectre. Names are the
kernel's (struct bpf_insn_aux_data).
"""

from dataclasses import dataclass, field

from ebpflab.verifier.states import MISC, SCALAR, ZERO_BYTE, RegState


@dataclass(slots=True)
class Speculation:
    """By instruction: barriers and masks."""

    nospec: set[int] = field(default_factory=set)  # a barrier before it
    nospec_result: set[int] = field(default_factory=set)  # a barrier after it
    alu: dict[int, tuple[str, int]] = field(default_factory=dict)  # state and limit
    explore_alu_limits: bool = False  # numbers are compared whole: a mask may differ

    def stop_before(self, idx: int) -> None:
        """Put a barrier before an instruction: no mask is needed any more."""
        self.nospec.add(idx)
        self.alu.pop(idx, None)

    def write_stack(self, idx: int, marks: str, reg: RegState | None) -> None:
        """Put a barrier behind a store to the stack of or over what must not be seen.

        A load that overtakes it would see a pointer as a number, or what was never
        written.

        Args:    marks: of the bytes that are overwritten.
        """
        is_pointer = reg is not None and reg.type is not SCALAR
        if is_pointer or marks.strip(MISC + ZERO_BYTE):
            self.nospec_result.add(idx)
