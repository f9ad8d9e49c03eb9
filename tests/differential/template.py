"""Program text with choices in it, some of them wrong: how the families write pieces.

    r2 = *(u{8~16~32} *)(r10 -{1..64})   one of three sizes, a number from 1 to 64
    r1 = {r6~~r10~0}                     r6; in a wrong program perhaps another one
    r9 = 0; if r0 == 0 goto none#        two lines; `#` is the piece's own number

What stands behind `~~` is taken only by programs that are meant to be wrong, and there
only now and then: most mistakes are to be met alone. Choices may stand in choices.
"""

import random
import re

_CHOICE = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")
RARELY = 0.2  # of the choices of a wrong program that have wrong ways, how many are


class Chooser:
    """Makes the choices of one program."""

    def __init__(self, seed: object, *, may_be_wrong: bool) -> None:
        self.chance = random.Random(f"{seed}")
        self.rate = RARELY if may_be_wrong else 0.0
        self._pieces = 0

    def fill(self, template: str) -> str:
        """Return the text with every choice made, the innermost first."""
        self._pieces += 1
        text = template.replace("#", str(self._pieces)).replace(";", "\n")
        while found := _CHOICE.search(text):
            text = text[: found.start()] + self._pick(found[1]) + text[found.end() :]
        return text

    def happens(self, probability: float) -> bool:
        return self.chance.random() < probability

    def _pick(self, body: str) -> str:
        right, _, wrong = body.partition("~~")
        is_wrong = bool(wrong) and self.happens(self.rate)
        option = self.chance.choice((wrong if is_wrong else right).split("~"))
        if span := _RANGE.fullmatch(option):
            return str(self.chance.randint(int(span[1]), int(span[2])))
        return option
