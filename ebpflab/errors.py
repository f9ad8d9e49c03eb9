"""What went wrong, said so that a student can go on: what, where, why, what to try.

One family, `EbpfLabError`; a program that catches it has caught everything that the
kit raises on purpose. The sentences stand in the catalogue (`catalogue/*.toml`): a row
has `problem`, `why` and `try`, each in every language.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from types import NoneType
from typing import Any, ClassVar, Self

from ebpflab.language import Catalogue, catalogue


@dataclass(eq=False)
class EbpfLabError(Exception):
    """Something that a user can pass in was wrong; says where, why, what to try."""

    problem: str  # what is wrong, one clause
    at: str = ""  # where: file and line, instruction, field
    why: str = ""  # the rule that was broken, with its values
    hint: str = ""  # one concrete thing to try
    key: str = ""  # the catalogue row, so that a program can tell errors apart

    sentences: ClassVar[Callable[[], Catalogue]] = staticmethod(catalogue)

    @classmethod
    def of(cls, key: str, /, at: str = "", **values: Any) -> Self:
        """Make the error whose sentences are the catalogue row `key`.

        `values` fill the sentences; those that a child class declares as fields
        (`errno`, `pc`, ...) are kept there too.
        """
        parts = (cls.sentences().say(key, part, **values) for part in _PARTS)
        problem, why, hint = parts
        own = {f.name for f in fields(cls)} - {f.name for f in fields(EbpfLabError)}
        kept = {name: values[name] for name in own & values.keys()}
        return cls(problem, at=at, why=why, hint=hint, key=key, **kept)

    def _render_traceback_(self) -> list[str]:
        """Show in a notebook the error alone, not its way through us."""
        return [f"{type(self).__name__}: {self}"]

    def __str__(self) -> str:
        rows = [
            (catalogue().say(f"label-{label}"), text)
            for label, text in (("at", self.at), ("why", self.why), ("try", self.hint))
            if text
        ]
        return "\n".join(
            [self.problem, *(_labelled(name, text) for name, text in rows)]
        )


_PARTS = ("problem", "why", "try")


def _labelled(name: str, text: str) -> str:
    """Lay out one row of an error; further lines hang under the first."""
    return f"  {name:<9}" + text.replace("\n", "\n" + " " * 11)


class AssemblyError(EbpfLabError):
    """Assembler text that is not an instruction."""


class EncodingError(EbpfLabError):
    """Bytes that are not eBPF instructions, or an instruction without bytes."""


class ProgramError(EbpfLabError):
    """A program, map or argument that does not fit together."""


class ObjectError(EbpfLabError):
    """An object file that cannot be read as eBPF."""


class CompileError(EbpfLabError):
    """C that the compiler refuses, or no compiler."""


class RunError(EbpfLabError):
    """A run that cannot start: input that Linux would refuse."""


class CostError(EbpfLabError):
    """A cost without its source, or one that cannot be measured here."""


@dataclass(eq=False)
class MapError(EbpfLabError):
    """A map operation that Linux would refuse; `errno` says how."""

    errno: int = 0


@dataclass(eq=False)
class LinuxError(EbpfLabError):
    """The real kernel is not there, or said no; `errno` says how."""

    errno: int = 0


@dataclass(eq=False)
class VerifierError(EbpfLabError):
    """A program that a verifier refused; `log` is its whole log."""

    errno: int = 0
    log: str = ""


@dataclass(eq=False)
class VmFault(EbpfLabError):
    """An instruction that would have gone wrong on a machine.

    `pc` is the slot of the instruction, `address` the 64-bit word it touched (0 when
    the fault is not about memory), `region` the name of the region hit or "",
    `allowed` what would have been allowed, in words.
    """

    pc: int = -1
    address: int = 0
    region: str = ""
    allowed: str = ""
    replay: Callable[[], Any] | None = field(default=None, repr=False)

    @property
    def timeline(self) -> Any:
        """The run up to the fault, step by step; None where none can be made."""
        return self.replay() if self.replay else None


def expect(value: object, kinds: type | tuple[type, ...], what: str) -> None:
    """Return if `value` is of one of `kinds`; a text must be one that has bytes.

    Raises:  ProgramError: it is something else.
    """
    if not isinstance(value, kinds):
        wanted = kinds if isinstance(kinds, tuple) else (kinds,)
        names = ", ".join("None" if k is NoneType else k.__name__ for k in wanted)
        found = type(value).__name__
        raise ProgramError.of("wrong-kind", what=what, wanted=names, found=found)
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ProgramError.of("not-text", what=what, error=error) from error
