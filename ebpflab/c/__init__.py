"""C: source text in, an Object out. Start with compiler.py.

The compiler is somebody else's (clang); what is ours is how it is called, what is made
of its messages, and the headers in include/ that programs begin with.
"""

from ebpflab.c.compiler import compile

__all__ = ["compile"]
