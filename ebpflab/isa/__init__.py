"""What an instruction is: tables of operations, the instruction, its bytes, its text.

Start with `operations.py` (one row an operation), then `insn.py` (the fields) and
`codec.py` (bytes). How an operation is written follows from its row: `forms.py` says
what a template is, `spellings.py` makes one for every row; `disassembler.py`,
`assembler.py` and `legal.py` only read them. Source: RFC 9669, and what Linux 6.18
adds to it.
"""
