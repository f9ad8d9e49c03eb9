"""A history of every map type that the kit has, opened and gone through.

Each is made as small as it may be, and whatever userspace can ask of a map is asked;
what is refused is part of the history. Not here: what each form shows (test_watch.py).
"""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ebpflab_widgets import watch

import ebpflab as lab
from ebpflab.errors import EbpfLabError
from ebpflab.maps import make_map
from ebpflab.maps.base import Map, type_of_map
from tests.widgets.looks import AT_EACH_WIDTH, DRAWN, table

CHECKS = AT_EACH_WIDTH | table("contrast")
AT_LEAST = 20  # types that can be made without anything else around
SIZES = (  # key, value, entries, flags: the first that a type takes
    (4, 8, 4, 0),
    (4, 4, 4, 0),
    (8, 4, 4, 1),
    (0, 4, 4, 0),
    (0, 0, 4096, 0),
    (4, 8, 0, 1),
    (4, 64, 4, 0),
    (16, 8, 0, 0),
)
INNER = lab.MapSpec("array", 4, 8, 2, name="inner")


def made() -> dict[str, Map]:
    """Return a map of each type that can be made from its sizes alone."""
    maps = {}
    for type in sorted(type_of_map):
        inner = INNER if "of_maps" in type else None
        for key, value, entries, flags in SIZES:
            spec = lab.MapSpec(
                type, key, value, entries, name=type, flags=flags, inner=inner
            )
            with contextlib.suppress(EbpfLabError):
                maps[type] = make_map(spec)
                break
    return maps


def used(map: Map) -> None:
    """Ask of a map whatever userspace can ask; what is refused is heard too."""
    key, value = map.spec.key_size, map.spec.value_size
    things = {"prog_array": lab.assemble("r0 = 2\nexit", type="xdp")}
    thing = make_map(INNER) if "of_maps" in map.type else things.get(map.type)
    put: Any = bytes([1] * value) if thing is None else thing
    actions: list[Callable[[], Any]] = []
    for number in range(5):
        name = bytes([number] + [0] * max(0, key - 1))[:key]
        if map.type == "lpm_trie":
            name = bytes([8 * number, 0, 0, 0, 10, number, 0, 0])
        actions += [
            lambda name=name: map.update(name, put),
            lambda name=name: map.lookup(name),
        ]
    actions += [
        lambda: map.delete(bytes(key)),
        lambda: map.pop(),
        lambda: map.push(put),  # type: ignore[attr-defined]
        lambda: map.output(0, b"record"),  # type: ignore[attr-defined]
        lambda: map.commit(map.reserve(16), 0, bytes(16)),  # type: ignore[attr-defined]
        lambda: map.read(),  # type: ignore[attr-defined]
    ]
    for act in actions:
        with contextlib.suppress(EbpfLabError, AttributeError, TypeError):
            act()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_type_is_opened_and_gone_through(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setenv("EBPFLAB_LANG", language)
    maps = made()
    assert len(maps) >= AT_LEAST
    view = watch(maps)
    for map in maps.values():
        used(map)
    view.refresh()
    data = json.loads(view.data)
    view.save(tmp_path / "all.html")
    view.close()
    page, errors = browser.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((tmp_path / "all.html").as_uri())
    found = {}
    for number, map in enumerate(data["maps"]):
        page.locator(f"[data-map='{number}']").click()
        page.locator(".watch").focus()
        own = [op for op in data["operations"] if op["m"] == number]
        page.keyboard.press("Home")
        for op in own:
            page.keyboard.press("ArrowRight")
            assert op["w"] in page.locator(".live").text_content(), map["type"]
        for width in (500, 1100):
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate(DRAWN)
            for name, check in CHECKS.items():
                if faults := page.evaluate(check):
                    found[map["type"], width, name] = faults[:3]
    page.close()
    assert found == {}
    assert errors == []
