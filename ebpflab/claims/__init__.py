"""What the verifier claimed of each moment of a run, and whether it was so.

A run takes one of the paths that a verifier walked. Following it there gives, for each
step, what was claimed of registers and stack slots; a live value outside of its claim
is a bug of that verifier, or of the engine that ran.
"""

from ebpflab.claims.check import Beside as Beside
from ebpflab.claims.check import Violation as Violation
from ebpflab.claims.check import check_claims as check_claims
from ebpflab.claims.check import claims as claims
from ebpflab.claims.check import follow as follow
