"""The answers, the same types from every engine and from Linux.

`verdict.py` what a verifier said, `rejection.py` why it refused, `exploration.py` how
it walked the program; `run.py` what a run gave.
"""

from ebpflab.results.exploration import Exploration, Node
from ebpflab.results.rejection import Cause, Place, Rejection, Sentence
from ebpflab.results.run import Event, Run
from ebpflab.results.verdict import Story, Verdict

__all__ = [
    "Cause",
    "Event",
    "Exploration",
    "Node",
    "Place",
    "Rejection",
    "Run",
    "Sentence",
    "Story",
    "Verdict",
]
