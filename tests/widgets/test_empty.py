"""Nothing to show: each view says so, and is a whole view all the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ebpflab_widgets import costs, explain, paths, step, watch
from ebpflab_widgets.view import View

import ebpflab as lab
from ebpflab.maps import make_map
from tests.widgets.looks import ALWAYS, AT_EACH_WIDTH
from tests.widgets.pages import wrong

SHORTEST = lab.assemble("r0 = 2\nexit", type="xdp")
EMPTY: dict[str, tuple[Callable[[], View], str]] = {
    "accepted": (lambda: explain(lab.verify(SHORTEST)), "Nothing to explain"),
    "one path": (lambda: paths(lab.verify(SHORTEST)), "It reaches the exit"),
    "two steps": (lambda: step(lab.run(SHORTEST, bytes(64))), "0 / 2"),
    **{
        type: (lambda type=type, sizes=sizes: watch(make_map(spec(type, sizes))), said)
        for type, sizes, said in (
            ("hash", (4, 8, 4), "0 of 4 places taken"),
            ("lru_hash", (4, 8, 4), "empty"),
            ("lpm_trie", (8, 4, 4), "empty"),
            ("ringbuf", (0, 0, 4096), "bytes free: 4,096 of 4,096"),
            ("queue", (0, 4, 4), "empty"),
            ("perf_event_array", (4, 4, 2), "records that wait: 0"),
            ("bloom_filter", (0, 4, 4), "set to 1: 0"),
        )
    },
}


def spec(type: str, sizes: tuple[int, int, int]) -> lab.MapSpec:
    flags = 1 if type == "lpm_trie" else 0
    return lab.MapSpec(type, *sizes, name="nothing", flags=flags)


@pytest.mark.parametrize("name", EMPTY)
def test_it_says_so(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("EBPFLAB_LANG", "en")
    make, said = EMPTY[name]
    make().save(tmp_path / "empty.html")
    page, errors = browser.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((tmp_path / "empty.html").as_uri())
    assert said in page.locator(".ebpflab").first.inner_text()
    page.locator(".ebpflab").first.focus()
    for key in ("ArrowRight", "End", "ArrowLeft", "Home"):
        page.keyboard.press(key)
    assert wrong(page, ALWAYS | AT_EACH_WIDTH) == {}
    page.close()
    assert errors == []


def test_no_costs_are_an_error_in_words() -> None:
    with pytest.raises(lab.EbpfLabError):
        costs([])
