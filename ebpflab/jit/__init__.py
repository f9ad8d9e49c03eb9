"""Compiling: bytecode becomes Python source, or machine code by way of LLVM.

Read in this order: cfg.py (functions and blocks), text.py and source_text.py (Python
source), steps.py (what compiled code leaves to the interpreter); then for machine code
llvm_words.py, places.py, frame_ir.py, memory_ir.py, calls_ir.py, accesses_ir.py and
function_ir.py (a function as LLVM IR), module.py, machine_code.py, tables.py and
session.py (how it runs), batch_ir.py and batch.py (many packets).

To import this is to have the engines "source", "jit" and the better "auto"; the public
`run` stands here for that reason.
"""

from ebpflab.jit import auto, batch, source  # noqa: F401  (they register)
from ebpflab.jit.listing import listing as listing
from ebpflab.vm.run import run as run
