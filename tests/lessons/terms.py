"""The terms of the lessons: each is explained, in bold, before it is used.

One row a term, as a pattern in English and one in French: a lesson may use a term only
after the cell in which the same pattern stands in bold, there or in a lesson that it
asks for ("You need"), or links to. Not here: that this can fail (`test_teaching.py`).
"""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.lessons.test_shape import LANGUAGES, NOT_PROSE, Cell, cells, lessons

BOLD = re.compile(r"\*\*(.+?)\*\*")
NEEDS = re.compile(r"\*\*(?:You need|Il faut)\*\*.*", re.DOTALL)
LINK = re.compile(r"\]\(([\w-]+\.ipynb)\)")
SUMMARIES = ("title", "credit", "next")  # cells that tell what was or will be


def term(english: str, french: str = "") -> dict[str, re.Pattern[str]]:
    """Return the patterns of one term, whole words, upper or lower case."""
    found = zip(LANGUAGES, (english, french or english), strict=True)
    return {language: re.compile(rf"(?i)\b(?:{text})\b") for language, text in found}


TERMS = (
    # the kernel and its border
    term("kernel"),
    term("root"),
    term("userspace"),
    term("process(?:es)?", "processus"),
    term("system calls?|syscalls?", "appels? système|syscalls?"),
    term("(?:file )?descriptors?", "descripteurs?(?: de fichier)?"),
    term("sockets?"),
    term("signals?", "signal"),
    term("kernel mode", "mode privilégié"),
    term("mitigations?"),
    term("vDSO"),
    term("context switch(?:es)?", "changements? de contexte"),
    term("pods?"),
    term("batch(?:ing)?", "traitement par lots"),
    # a program
    term("events?", "évènements?"),
    term("program types?", "types? de programmes?"),
    term("contexts?", "contextes?"),
    term("bytecode"),
    term("sections?"),
    term("slots?"),
    term("registers?", "registres?"),
    term("r10|stack", "r10|pile"),
    term("systemd's IP firewall", "pare-feu IP de systemd"),
    # the verifier
    term("verifiers?", "verifier"),
    term("static analysis", "analyse statique"),
    term("halting problem", "problème de l’arrêt"),
    term("false positives?", "faux positifs?"),
    term("false negatives?", "faux négatifs?"),
    term("claims?", "affirmations?"),
    term("tnums?"),
    term("prun(?:ed|ing)", "élagu?(?:ée?s?|age)"),
    term("stretch(?:es)?", "tronçons?"),
    term("frames", "cadres(?: de pile)?"),
    term("tail calls?", "appels? termina(?:l|ux)"),
    term("logs?"),
    term("witness(?:es)?", "témoins?"),
    # translations
    term("machine code", "code machine"),
    term("JIT"),
    term("interpreters?", "interpréteurs?"),
    term("engines?", "moteurs?"),
    term("assembly", "assembleur"),
    term("LLVM(?: IR)?"),
    # helpers and maps
    term("helpers?"),
    term("kfuncs?"),
    term("BTF"),
    term("checksums?", "sommes? de contrôle"),
    term("clobbered"),
    term("maps?"),
    term("hash tables?", "tables? de hachage"),
    term("LRU(?: hash table)?", "(?:table de hachage )?LRU"),
    term("evicted", "évincée?"),
    term("per-CPU(?: array)?", "(?:tableau )?par CPU"),
    term("(?:prefix )?tries?", "arbres? de préfixes"),
    term("ring buffers?"),
    term("perf buffers?"),
    term("submit(?:ted)?", "soum(?:ettez|ettre|ise?s?)"),
    term("Bloom filters?", "filtres? de Bloom"),
    term("maps? of maps", "maps? de maps"),
    # events
    term("hooks?", "points? d’attache"),
    term("cgroups?"),
    term("attach types?", "types? d’attache"),
    term("pin(?:ned)?", "épingl(?:é|age)"),
)


def unexplained(folder: Path) -> list[str]:
    """A term is used after it was explained, here or in a lesson that this needs."""
    return [
        f"{language}/{name}: {cell} uses {word!r} unexplained"
        for language in LANGUAGES
        for name in lessons(folder)
        if name[0].isdigit()
        for cell, word in unknown(folder / language, name, language)
    ]


def unknown(folder: Path, name: str, language: str) -> Iterator[tuple[str, str]]:
    """Yield the first use of each term that comes too early, with its cell."""
    known = told_in(folder, needed(folder, name), language)
    for cell in cells(folder / name):
        if cell["cell_type"] != "markdown":
            continue
        known |= told(cell, language)
        known |= told_in(folder, LINK.findall(cell["source"]), language)
        for n, patterns in enumerate(TERMS):
            used = patterns[language].search(own_words(cell["source"]))
            if used and n not in known and cell["id"] not in SUMMARIES:
                known.add(n)
                yield cell["id"], used[0]


def own_words(source: str) -> str:
    """Return the prose of a cell without code and without what it quotes."""
    return re.sub(r"`[^`]*`|“[^”]*”|«[^»]*»", " ", NOT_PROSE.sub(" ", source))


def needed(folder: Path, name: str) -> list[str]:
    """Return the lessons that a lesson asks for, and what those ask for."""
    found: list[str] = []
    waiting = [name]
    while waiting:
        title = cells(folder / waiting.pop())[0]["source"]
        for asked in LINK.findall("".join(NEEDS.findall(title))):
            if asked not in found:
                found.append(asked)
                waiting.append(asked)
    return found


def told_in(folder: Path, names: list[str], language: str) -> set[int]:
    """Return the terms that some lessons explain."""
    found = (cell for name in names for cell in cells(folder / name))
    return {n for cell in found for n in told(cell, language)}


def told(cell: Cell, language: str) -> set[int]:
    """Return the terms that stand in bold in a cell: where they are explained."""
    if cell["cell_type"] != "markdown":
        return set()
    bold = " ".join(BOLD.findall(cell["source"]))
    return {n for n, patterns in enumerate(TERMS) if patterns[language].search(bold)}
