"""Why a program was refused, as facts: the sentences are made when they are read.

The order is that of the kernel's own newest diagnostics: title, reason, at, causal
path, suggestion, and before all the kernel's own line, which can be searched for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter

from ebpflab.language import catalogue


@dataclass(frozen=True, slots=True)
class Sentence:
    """A row of the catalogue and its values: a sentence on demand.

    A value may be a Sentence itself. What the row wants and nobody knows is "?".
    """

    key: str
    part: str = ""
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        known = {hole: self.values.get(hole, "?") for hole in self._holes()}
        return catalogue().say(self.key, self.part, **known)

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    @property
    def is_known(self) -> bool:
        """Tell whether the row has such a part, and all that it wants is known."""
        row = catalogue().rows.get(self.key, {})
        has_part = self.part in row if self.part else bool(row)
        return has_part and all(hole in self.values for hole in self._holes())

    def _holes(self) -> set[str]:
        row = catalogue().rows[self.key]
        template = (row.get(self.part, {}) if self.part else row).get("en", "")
        return {name for _, name, _, _ in Formatter().parse(template) if name}


@dataclass(frozen=True, slots=True)
class Place:
    """An instruction of the program, with the C line that it comes from."""

    pc: int = -1  # slot; -1 = no single instruction
    text: str = ""  # as the log spells it
    source: str = ""  # the C line
    file: str = ""
    line: int = 0  # from 1; 0 = not known

    def __str__(self) -> str:
        if self.pc < 0:
            return ""
        told = f"{self.pc}: {self.text}" if self.text else f"insn {self.pc}"
        if not self.source:
            return told
        where = f"{self.file}:{self.line}: " if self.file else ""
        return f"{told}\n{where}{self.source}"


@dataclass(frozen=True, slots=True)
class Cause:
    """One step on the way to the value that failed, oldest first in a Rejection."""

    at: Place
    slot: str  # what it made or checked: "r2", "fp-8"
    claim: str  # what is known of that afterwards, in the log's words
    does: Sentence  # what it did, in words

    def __str__(self) -> str:
        return f"{self.at.pc}: {self.at.text}\n→ {self.does}"


@dataclass(frozen=True)
class Rejection:
    """Why a verifier refused a program.

    `kind` names the row of the reasons ("unknown-message" if no row has this one); its
    sentences stand in the catalogue as reject-<kind>. `category` is one of the
    kernel's seven, as a key ("memory-safety"); `message` the kernel's own lines; `how`
    the instructions that made the value which failed. `problem`, `why`, `suggestion`
    and `title` speak the language of the moment.
    """

    category: str
    kind: str
    message: str
    at: Place = field(default_factory=Place)
    how: tuple[Cause, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)  # of the sentences
    known: bool = True  # a row of its own explains it

    @property
    def problem(self) -> str:
        """What is wrong, one clause."""
        return self._say("problem")

    @property
    def why(self) -> str:
        """What had to be proved, and the inequality that failed, with its numbers."""
        proof = Sentence(f"reject-{self.kind}", "proof", self.values)
        return "\n".join([self._say("why"), *([str(proof)] if proof.is_known else [])])

    @property
    def suggestion(self) -> str:
        """What to try."""
        return self._say("try")

    @property
    def title(self) -> str:
        """The category and the problem."""
        category = Sentence(f"category-{self.category}")
        return str(
            Sentence("reject-title", "", {"category": category, "what": self.problem})
        )

    @property
    def docs(self) -> str:
        """The key of the page that tells more about this kind."""
        return f"rejections/{self.kind}"

    def _say(self, part: str) -> str:
        return str(Sentence(f"reject-{self.kind}", part, self.values))

    def __str__(self) -> str:
        how = [f"{number}. {c}" for number, c in enumerate(self.how, 1)]
        rows = [
            ("label-why", self.why),
            ("label-at", str(self.at)),
            *(("label-how" if not i else "", row) for i, row in enumerate(how)),
            ("label-try", self.suggestion),
        ]
        told = (_labelled(label, text) for label, text in rows if text)
        return "\n".join([self.message, "", self.title, *told])


def _labelled(label: str, text: str) -> str:
    """Lay out one row; further lines hang under the first."""
    name = catalogue().say(label) if label else ""
    return f"  {name:<9}" + text.replace("\n", "\n" + " " * 11)
