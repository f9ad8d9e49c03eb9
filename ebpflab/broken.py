"""How bytes that are not what they claim to be become an error that says where.

Object files come from anywhere. Whatever a reader stumbles over in one of them
(a number that points outside, a name that is no text) is the file's fault, and is said
as an ObjectError with the place. Not here: any reading.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from ebpflab.errors import EbpfLabError, ObjectError

# What Python raises when numbers in a file lead nowhere.
STUMBLES = (
    struct.error,
    LookupError,
    ValueError,  # UnicodeError is one
    ArithmeticError,
    TypeError,
    AttributeError,
    AssertionError,
    OSError,
    EOFError,
    zlib.error,
    RecursionError,
    MemoryError,
)

# Where pyelftools walks through broken bytes, its own errors come on top.
ANYTHING = (Exception,)


@contextmanager
def reading(
    place: str, stumbles: tuple[type[Exception], ...] = STUMBLES
) -> Iterator[None]:
    """Turn what goes wrong inside into an ObjectError at `place`."""
    try:
        yield
    except EbpfLabError:
        raise
    except stumbles as error:
        said = str(error) or type(error).__name__
        raise ObjectError.of("object-broken", at=place, error=said) from error
