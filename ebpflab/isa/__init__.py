"""What an instruction is: tables of operations, the instruction, its bytes, its text.

Start with `operations.py` (one row an operation), then `insn.py` (the fields),
`codec.py` (bytes), `disassembler.py` and `assembler.py` (text). Source: RFC 9669, and
what Linux 6.18 adds to it.
"""
