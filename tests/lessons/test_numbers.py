"""No number without a source or a measurement: each lesson and deck, both languages."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lessons.quantities import candidates, of_lesson, told, unsupported

ROOT = Path(__file__).parents[2]
BOOKS = sorted(
    path.relative_to(ROOT)
    for folder in ("notebooks", "slides")
    for path in (ROOT / folder).glob("*/*.ipynb")
)


def text(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": "text", "source": source}


def code(source: str, output: str = "") -> dict[str, Any]:
    outputs = [{"output_type": "stream", "text": output}]
    return {"cell_type": "code", "id": "code", "source": source, "outputs": outputs}


@pytest.mark.parametrize("book", BOOKS, ids=str)
def test_each_number_stands_on_something(book: Path) -> None:
    found = [f"{one.place}: {one.text}" for one in of_lesson(ROOT / book, str(book))]
    assert found == []


PLANTED = [
    "A system call costs 141 ns.",
    "It takes 3 µs, and 0.5 ms there.",
    "That is 13 % more.",
    "eBPF is 4 times as fast.",
    "C’est 4 fois plus rapide.",
    "A stack has 512 bytes.",
    "La pile a 512 octets.",
    "Linux gives up at 1,000,000 instructions.",
    "Linux abandonne à 1\u202f000\u202f000 d’instructions.",
    "In 2016, XDP came.",
    "XDP drops 24 Mpps on a core.",
    "There are 211 of them.",
    "It needs 8 frames.",
    "**Predict.** It costs 300 ns. How much is that?",
    "A source (XDP paper, CoNEXT 2018).\n\nAnd then it costs 300 ns.",
    "Linux 6.12 has 40,000 of them.",
    "We measured 300 ns.",
    "2 + 16 = 19 packets.",
    "A gallery of 53 rejections.",
    "On 28 packets it is right.",
    "- RFC 9669 says so.\n- There are 300 more.\n\nAnd 0x4a of them.",
]


@pytest.mark.parametrize("sentence", PLANTED)
def test_a_number_without_a_source_is_found(sentence: str) -> None:
    assert list(unsupported([text(sentence)]))


SOURCED = [
    "A stack has 512 bytes (Linux 6.12, `include/linux/filter.h`).",
    "One call took 141 ns (measured, Linux 6.18, AMD EPYC, virtual).",
    "Un appel a pris 141 ns (mesuré, Linux 6.18, AMD EPYC, virtuel).",
    "docs.ebpf.io lists 327.",
    "XDP drops 24 Mpps on a core (XDP paper, CoNEXT 2018).",
    "Up to 4,096 bytes stay together (`PIPE_BUF`, pipe(7)).",
    "Instructions of 8 bytes (RFC 9669, section 3).",
    "A stack has 512 bytes (Linux, `filter.h`).\n\nSo 512 bytes it is.",
    "## Exercise 14: a packet counter (40 minutes)",
    "**Time**: 35 minutes. **You need**: nothing.",
    "**Predict.** Is it 3, 100 or 10,000 ns?",
    "Bytes 30 to 33 hold the 32-bit address 10.0.0.2.",
    "The sum: 2 + 12 = 14 of them.",
    "The 27 packets of the capture, and the 52 rejections.",
    "No machine ends it (Turing, *On computable numbers*, 1936).",
]


@pytest.mark.parametrize("sentence", SOURCED)
def test_a_number_with_its_source_passes(sentence: str) -> None:
    assert list(unsupported([text(sentence)])) == []


def test_an_output_or_code_near_by_is_what_a_number_stands_on() -> None:
    claim, far = text("It looks at 499 instructions."), [text("Well.")] * 12
    assert not list(unsupported([code("verdict", "processed 499 insns"), claim]))
    assert not list(unsupported([claim, code("assert verdict.insns_processed == 499")]))
    assert list(unsupported([code("verdict", "processed 498 insns"), claim]))
    assert list(unsupported([code("verdict", "processed 499 insns"), *far, claim]))


def test_a_number_of_a_lesson_falls_with_the_output_it_stands_on(
    tmp_path: Path,
) -> None:
    """A stored output changes by one digit, and the sentence about it is found."""
    lesson = ROOT / "notebooks" / "en" / "01-kernel-and-userspace.ipynb"
    changed = lesson.read_text().replace("2547", "2548")
    assert changed.count("2548") >= 2
    (tmp_path / lesson.name).write_text(changed)
    (first, *_) = of_lesson(tmp_path / lesson.name, "")
    assert (first.value, json.loads(changed)["nbformat"]) == ("2547", 4)


def test_another_number_is_found_wherever_no_source_stands() -> None:
    """Each number of a lesson becomes another one: only a named source covers that."""
    lesson = ROOT / "notebooks" / "en" / "01-kernel-and-userspace.ipynb"
    cells = json.loads(lesson.read_text())["cells"]
    changed = 0
    for cell in [cell for cell in cells if cell["cell_type"] == "markdown"]:
        source = "".join(cell["source"])
        for number in candidates(source):
            if told(number, source):
                continue
            cell["source"] = f"{source[: number.start()]}98765{source[number.end() :]}"
            assert [one.value for one in unsupported(cells)] == ["98765"], cell["id"]
            changed += 1
        cell["source"] = source
    assert changed > 10
