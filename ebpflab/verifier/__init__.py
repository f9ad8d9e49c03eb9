"""Proving: what may a program's values be, and is every access then allowed?

The files are split as the kernel's own: `tnum.py` (known bits), `bounds.py` (known
ranges, kept in step with the bits), `alu.py` and `branches.py` (how instructions move
them).
"""
