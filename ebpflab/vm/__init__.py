"""Running programs: memory regions, the interpreter, and the recording of a run.

Read in this order: memory.py (addresses), actions.py (what each instruction does),
machine.py (the loop), environment.py (what helpers reach), recorder.py (the
timeline), run.py (the public `run`).
"""
