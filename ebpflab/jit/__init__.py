"""Compiling: bytecode becomes Python source, or machine code by way of LLVM.

Read in this order: cfg.py (functions and blocks); text.py, source_insns.py,
source_tree.py and source_text.py (Python source), steps.py (what compiled code leaves
to the interpreter). For machine code: llvm_words.py, places.py, together.py,
frame_ir.py, memory_ir.py, calls_ir.py, accesses_ir.py, blocks_ir.py (a block as LLVM
IR), loops.py, products.py and rounds_ir.py (several rounds of a loop at a time),
function_ir.py, module.py, machine_code.py; tables.py, shared.py and session.py (how it
runs); batch_ir.py, batch.py and answers.py (many packets).

To import this is to have the engines "source", "jit" and the better "auto"; the public
`run` stands here for that reason.
"""

from ebpflab.jit import auto, batch, source  # noqa: F401  (they register)
from ebpflab.jit.listing import listing as listing
from ebpflab.vm.run import run as run
