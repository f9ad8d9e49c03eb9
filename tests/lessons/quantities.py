"""Quantities in the prose of a lesson, and what each of them stands on.

A quantity is a number that claims something: one with a unit, a percentage, a year, a
decimal, or any from 13 on. It may stand on an output or on code near by, on a source
named in its sentence or behind it in its paragraph, on an equation that adds up, on
what the kit holds (its capture, its gallery); once it has stood on something, it may be
said again. Or it is no claim at all: the number of an exercise, a choice in a question.
Not here: whether what stands near by says the same; the hidden cells assert that.
"""

import json
import operator
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, reduce
from pathlib import Path
from typing import Any

import ebpflab as lab

Cell = dict[str, Any]

LESSONS = Path(__file__).parents[2] / "notebooks"

NEAR = 12  # cells before and behind whose code and outputs count
SMALL = 12  # up to here a number without a unit is no quantity
SPACES = "\u00a0\u202f\u2009"
NUMBER = re.compile(
    rf"(?<![\w.,:/#−-])(?:0x[0-9a-fA-F]+|\d{{1,3}}(?:[,{SPACES}]\d{{3}})+|\d+(?:[.,]\d+)*)"
    r"(?![\w/]|[.,]\d)"
)
UNITS = (
    "ns|µs|ms|s|seconds?|secondes?|hours?|heures?|days?|jours?|years?|ans?|années?"
    "|%|×|x|times|fois|bytes?|octets?|bits?|KiB|MiB|GiB|KB|MB|GB|GHz|MHz|Mpps|Gbit/s"
    "|instructions?|helpers?|kfuncs?|frames?|lines?|lignes?|programs?|programmes?"
    "|packets?|paquets?|cycles|Services|CPUs?|tail calls|arguments?|regist(?:er|re)s?"
)
UNIT = re.compile(rf"[ {SPACES}-]?(?:{UNITS})(?![\w-])")

# ---- what is no claim ----------------------------------------------------------

COUNTED = (  # what is told apart by numbers: exercise 2, byte 47, port 443
    "exercises?|exercices?|hint|indice|repair|réparation|number|numéro|parts?|parties?"
    "|lessons?|leçons?|sections?|chapter|chapitre|version|lines?|lignes?|steps?|pas"
    "|étapes?|insns?|instructions?|ids?|runs?|exécutions?|error|erreur|signal|queue|file"
    "|descriptor|descripteur|port|RFC|Linux|kernel|clang|LLVM|Python|process|processus"
    "|bytes?|octets?|offset|décalage|bits?|slots?|rows?|rangées?|index|cases?|operation"
    "|opération|clients?|keys?|clés?|frames?|trames?|rounds?|tours?"
)
CITATION = r"\((?=[^()]*[A-Z])[^()]*\b(?:19|20)\d\d\b[^()]*\)"  # (CoNEXT 2018)
STRUCTURE = re.compile(
    rf"""(?imx)
    ^\#.*$ | ^\*\*(?:Time|Durée)\*\*.*$ | ^\*\*[\d½]+\s(?:minutes?|second[es]*)\.\*\*
    | \(\d+\sminutes\)
    | \b(?:{COUNTED}) \s+ [\d.,–−-]+ (?:\s*(?:,|to|and|or|à|et|ou|–)\s*\d[\d.,]*)*
    | \b(?:8|16|32|64|128) [-\s] bits? \b
    | \b\d{{1,3}}(?:\.\d{{1,3}}){{3}}\b                    # an address
    | (?-i:{CITATION}) | (?<=[”»][ \u00a0\u202f])\([^()]*\b(?:19|20)\d\d\b[^()]*\)
    """
)
QUESTION = re.compile(r"(?:[^.!?\n]|\.(?=\d))*\?")

# ---- what names a source -------------------------------------------------------

SOURCE = re.compile(
    rf"""(?x)
    https?:// | \b\w+\(\d\)                             # a page of the manual
    | \bRFC\s\d+ | \bCVE-\d+-\d+
    | \b(?:measured|mesurée?s?),?\s(?:aussi\s)?(?:on\s|sur\s)?Linux
    | \bLinux\s\d+\.\d+\b[^.?!\n]*\b(?:measured|counted|mesurée?s?|comptée?s?)\b
    | \bLinux\s\d+\.\d+,\s`[\w/.-]+\.[ch]` | \bLinux,\s`[\w/.-]+`
    | `[\w/.-]+\.(?:c|h|rst|toml)`
    | \b(?:docs\.ebpf\.io|docs\.kernel\.org|ebpf\.io|lab\.cost)
    | {CITATION}
    """
)
SENTENCE = re.compile(r"(?:[^.!?\n]|\.(?=\w))*$")
EQUATION = re.compile(
    r"(?P<left>\d+(?: (?P<sign>[+−×]) \d+)(?: (?P=sign) \d+)*) = (?P<right>\d+)"
)
OPERATIONS = {"+": operator.add, "−": operator.sub, "×": operator.mul}


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number of the prose that claims something."""

    place: str  # language, lesson and cell
    text: str  # as it is written, with what stands around it
    value: str  # as any language writes it: 1000000, 0.5


def canonical(text: str) -> str:
    """Write a number as Python does; hexadecimal as decimal, no groups, a dot."""
    if text.startswith("0x"):
        return str(int(text, 16))
    text = re.sub(rf"[_{SPACES}](?=\d{{3}})|(?<!^0),(?=\d{{3}}(?!\d))", "", text)
    text = text.replace(",", ".")
    return text.rstrip("0").rstrip(".") if text.count(".") == 1 else text


CODE = r"```.*?```|`[^`\n]*`|<code>.*?</code>"


def prose(source: str) -> str:
    """Blank out what is no prose, without moving anything: code, tags, addresses."""
    for pattern in (CODE, r"(?<=\])\([^)\n]*\)", r"<[^>]+>"):
        source = re.sub(
            pattern, lambda m: re.sub(r"[^\n]", "\0", m[0]), source, flags=re.DOTALL
        )
    return source


def candidates(source: str) -> Iterator[re.Match[str]]:
    """Yield each number of a text cell that claims something."""
    text = prose(source)
    idle = [m.span() for p in (STRUCTURE, QUESTION) for m in p.finditer(text)]
    for found in NUMBER.finditer(text):
        inside = any(a <= found.start() and found.end() <= b for a, b in idle)
        if not inside and claims(found, text):
            yield found


def claims(found: re.Match[str], text: str) -> bool:
    value = canonical(found[0])
    big = "." in value or not value.isdigit() or int(value) > SMALL
    return big or bool(UNIT.match(text, found.end()))


def unsupported(cells: list[Cell], place: str = "") -> Iterator[Quantity]:
    """Yield each quantity of a lesson that stands on nothing."""
    numbers = [shown(cell) for cell in cells]
    said: set[str] = set()  # up to here, with what it stands on
    for index, cell in enumerate(cells):
        if cell["cell_type"] != "markdown":
            continue
        source = "".join(cell["source"])
        found = [(canonical(one[0]), one) for one in candidates(source)]
        said |= {value for value, one in found if told(one, source)}
        near = set().union(*numbers[max(0, index - NEAR) : index + NEAR + 1])
        said |= near & {value for value, _ in found}
        for value, one in found:
            if value not in said:
                yield Quantity(f"{place}: {cell['id']}", around(one, source), value)


def around(found: re.Match[str], source: str) -> str:
    """Return a number with the words about it."""
    return " ".join(source[max(0, found.start() - 40) : found.end() + 40].split())


def shown(cell: Cell) -> set[str]:
    """Return the numbers in the code of a cell, and in its stored outputs."""
    if cell["cell_type"] != "code":
        return {canonical(m[0]) for m in NUMBER.finditer(code_of(cell))}
    texts = ["".join(cell["source"])]
    for output in cell["outputs"]:
        texts += ["".join(output.get("text", ""))]
        texts += ["".join(data) for data in output.get("data", {}).values() if data]
    spellings = NUMBER, CODE_NUMBER
    return {canonical(m[0]) for p in spellings for t in texts for m in p.finditer(t)}


CODE_NUMBER = re.compile(r"(?<![\w.])(?:0x[0-9a-fA-F]+|\d[\d_]*(?:\.\d+)?)(?!\d)")


def code_of(cell: Cell) -> str:
    """Return what a text cell shows as code."""
    return " ".join(re.findall(CODE, "".join(cell["source"]), re.DOTALL))


def told(found: re.Match[str], source: str) -> bool:
    """Tell whether a source, the kit or an equation says where a number is from."""
    end = source.find("\n\n", found.end())
    begin = SENTENCE.search(source, 0, found.start())
    rest = source[begin.start() : end if end >= 0 else len(source)]
    if SOURCE.search(rest) or any(
        kit.match(source, found.start()) for kit in of_the_kit()
    ):
        return True
    return any(
        equation.start("right") == found.start() and adds_up(equation)
        for equation in EQUATION.finditer(source)
    )


def adds_up(equation: re.Match[str]) -> bool:
    numbers = [int(n) for n in re.findall(r"\d+", equation["left"])]
    return reduce(OPERATIONS[equation["sign"]], numbers) == int(equation["right"])


@cache
def of_the_kit() -> tuple[re.Pattern[str], ...]:
    """Return what the kit's files hold, as it is said: 27 packets, 52 rejections."""
    packets = len(lab.read_capture(LESSONS / "en" / "traffic.pcap"))
    gallery = tomllib.loads((LESSONS / "en" / "rejections.toml").read_text())
    rejections = sum(map(len, gallery.values()))
    return (
        re.compile(rf"{packets}(?= (?:mêmes )?(?:packets|paquets))"),
        re.compile(rf"{rejections}(?= (?:rejections|refus))"),
    )


def of_lesson(path: Path, place: str) -> list[Quantity]:
    return list(unsupported(json.loads(path.read_text())["cells"], place))
