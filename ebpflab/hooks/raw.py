"""raw: no hook at all. r1 is the data, r2 its length, r0 the answer, all 64 bits.

For programs that no verifier has judged, as user-space virtual machines run them.
Kernel differs: Linux has no such program type.
"""

from ebpflab.hooks.hook import Hook, register

register(Hook("raw", context="", context_size=0, return_bits=64, verified=False))
