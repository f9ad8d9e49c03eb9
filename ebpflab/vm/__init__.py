"""Running programs: memory regions, the interpreter, and the recording of a run.

Read in this order: memory.py (addresses), actions.py (what each instruction does),
machine.py (the loop, calls, callbacks, tail calls), loaded.py (several programs at
once), environment.py and packet.py (what helpers reach), recorder.py (the timeline),
run.py (the public `run`).
"""
