"""Why the verifier refused: one row a kind of rejection.

`table.py` tells what kind a message is, `explain.py` makes a Rejection of a log,
`path.py` follows the value that failed back to where it came from, `words.py` says in
plain words what is known of a value, `story.py` gives all this to a verdict.
"""

from ebpflab.reasons.story import explain, told

__all__ = ["explain", "told"]
