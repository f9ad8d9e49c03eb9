"""Which bytes of a context field a program may read or write, and how many at once.

The rule that most fields follow: any width, aligned, within the field. The kinds and
where each applies are what Linux 6.18 accepts (the tests ask it for every offset).
"""

from enum import Enum


class Access(Enum):
    """How a field may be accessed; the value is {offset in the field: widths}."""

    NONE = "none"
    WHOLE = "whole"  # all of it at once
    ANY = "any"  # each aligned width up to its size
    WIDE = "wide"  # ANY, and 8 bytes: it and the next field
    PAIR = "pair"  # WHOLE, and 8 bytes: it and the next field
    START = "start"  # any width, but from its first byte only
    BEHIND = "behind"  # WHOLE; and ANY, but from its first byte
    HALVES = "halves"  # aligned, 2 bytes or all
    PORT = "port"  # ANY of 2 bytes, and 4: it was longer once

    def allows(self, field_size: int, inside: int, size: int) -> bool:
        """Tell whether `size` bytes from offset `inside` of a field may be touched."""
        whole = inside == 0 and size == field_size
        aligned = inside % size == 0 and inside + size <= field_size
        pair = inside == 0 and size == 2 * field_size
        match self:
            case Access.NONE:
                return False
            case Access.WHOLE:
                return whole
            case Access.ANY:
                return aligned
            case Access.WIDE:
                return aligned or pair
            case Access.PAIR:
                return whole or pair
            case Access.START:
                return inside == 0 and size <= field_size
            case Access.BEHIND:
                return whole or (aligned and inside > 0)
            case Access.HALVES:
                return aligned and size > 1
            case Access.PORT:
                return aligned or pair
