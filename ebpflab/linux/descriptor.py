"""A file descriptor that is closed: at the end of a `with`, or with its last owner.

An `Fd` is a number known to be a descriptor of the kit: a plain int never stands for
one, lest some other file of the process be taken for a map or a program.
"""

import os
from types import TracebackType
from typing import Self


class Fd(int):
    """The number of a descriptor that the kit opened itself."""


class Descriptor:
    """One open descriptor; `number` is -1 once it is closed."""

    def __init__(self, number: int) -> None:
        self.number = Fd(number)

    def close(self) -> None:
        """Close it; a second time does nothing."""
        number, self.number = self.number, Fd(-1)
        if number >= 0:
            os.close(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()
