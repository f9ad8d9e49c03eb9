"""The costs view: its text, its figure, and the view in a real browser."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ebpflab_widgets import costs
from ebpflab_widgets.wording import ViewError

import ebpflab as lab

MACHINE = "Linux 6.18, a machine"


@pytest.fixture
def rows() -> list:
    own = [
        ("function_call", 2.0, (2.0, 2.4)),
        ("getpid", 100.0, (100.0, 150.0)),
        ("context_switch", 4000.0, (4000.0, 4100.0)),
    ]
    measured = [
        lab.cost.Cost(name, ns, "measured", MACHINE, "C, -O2", samples=samples)
        for name, ns, samples in own
    ]
    published = [r for r in lab.cost.published() if r.operation.startswith("getpid_o")]
    return measured + published


def test_the_text_says_value_kind_source_and_conditions(rows):
    text = repr(costs(rows))
    for row in rows:
        assert row.name in text
        assert row.value in text
        assert row.source in text
        assert row.conditions in text
    assert "20000 Services" in text


def test_what_the_browser_gets_are_the_numbers_of_the_engine(rows):
    data = json.loads(costs(rows).data)
    assert [row["ns"] for row in data["rows"]] == [row.ns for row in rows]
    stages = lab.cost.stages()
    assert [bool(s["ebpf"]) for s in data["stages"]] == [bool(s.ebpf) for s in stages]
    assert data["crossover"]["meets"] == lab.cost.crossover().meets


@pytest.mark.parametrize(("wrong", "more"), [([], {}), (["getpid"], {})])
def test_what_is_no_cost_is_said(wrong, more):
    with pytest.raises(ViewError):
        costs(wrong, **more)


def test_a_unit_that_is_not_there_is_said(rows):
    with pytest.raises(ViewError, match="unit=99"):
        costs(rows, unit=99)


def test_the_figure_has_a_mark_for_each_row(rows):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    (axes,) = costs(rows).figure().axes
    assert len(axes.texts) == len(rows)
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        row.name for row in reversed(rows)
    ]


@pytest.fixture
def show(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list
) -> Iterator[Callable[..., Any]]:
    """Return a function that opens the saved page; it asks nobody for anything."""
    errors, requests, pages = [], [], []

    def open_page(language: str = "en", width: int = 1100, **options: Any) -> Any:
        monkeypatch.setenv("EBPFLAB_LANG", language)
        path = tmp_path / "costs.html"
        costs(rows, **options).save(path)
        page = browser.new_page(viewport={"width": width, "height": 800})
        pages.append(page)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_page
    for page in pages:
        page.close()
    assert errors == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


def times(page: Any) -> list[str]:
    return page.locator(".costs .times").all_text_contents()


def test_the_chosen_row_is_the_unit(show):
    page = show()
    assert times(page)[:3] == ["= 1", "× 50", "× 2,000"]
    page.locator(".costs .row").nth(1).click()
    assert times(page)[:3] == ["÷ 50", "= 1", "× 40"]
    assert MACHINE in page.locator(".costs .lead").first.text_content()


def test_rows_are_chosen_by_keyboard_and_told(show):
    page = show()
    page.locator(".costs .row").first.focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.index") == "1"
    assert "getpid: 100 ns" in page.locator(".costs .live").text_content()


def test_stages_add_up_as_the_engine_has_them(show):
    page = show()
    total = page.locator(".costs .total").all_text_contents()
    assert [text.strip() for text in total[1:]] == ["≈ 1,634 ns", "≈ 887 ns"]
    for _ in range(8):
        page.get_by_text("◀ back").click()
    total = page.locator(".costs .total").all_text_contents()
    assert [text.strip() for text in total[1:]] == ["≈ 0 ns", "≈ 0 ns"]


def test_the_lines_cross_where_the_sliders_say(show):
    page = show()
    sentence = page.locator(".costs .lead.short").last
    assert "cross at 20,000" in sentence.text_content()
    page.locator(".costs .controls input").first.fill("0.12")
    assert "cross at 10,000" in sentence.text_content()
    page.locator(".costs .cross").focus()
    for _ in range(4):
        page.keyboard.press("PageUp")
    assert "the map lookup wins" in sentence.text_content()


@pytest.mark.parametrize("width", [520, 720, 1100, 1400])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_nothing_is_wider_than_the_page(show, width, language):
    page = show(language, width)
    wide = "document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(wide)


def test_french_speaks_french(show):
    page = show("fr")
    assert page.locator(".costs").get_attribute("lang") == "fr"
    assert "mesuré ici" in page.locator(".costs").text_content()
