"""A history of every map type that the kit has, opened and gone through.

Each is made as small as it may be, and whatever userspace can ask of a map is asked;
what is refused is part of the history. Not here: what each form shows (test_watch.py).
"""

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ebpflab_widgets import watch

import ebpflab as lab
from ebpflab.errors import EbpfLabError
from ebpflab.maps import make_map
from ebpflab.maps.base import Map, type_of_map
from ebpflab.maps.owners import Cgroup, Inode, Socket, Task
from tests.engine.test_helpers_of_owners import storage
from tests.widgets.looks import AT_EACH_WIDTH, DRAWN, table

CHECKS = AT_EACH_WIDTH | table("contrast")
AT_LEAST = 30  # different ones
STORAGES = ("task_storage", "sk_storage", "inode_storage", "cgrp_storage")
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
MMAPABLE = 1 << 10
OTHERS = {  # made from more than sizes
    "arena": lab.MapSpec("arena", 0, 0, 4, name="arena", flags=MMAPABLE),
    **{type: replace(storage(type), name=type) for type in STORAGES},
}
THINGS: dict[str, Any] = {  # what stands in a slot
    "prog_array": lab.assemble("r0 = 2\nexit", type="xdp"),
    "cgroup_array": Cgroup(),
    "sockmap": Socket("tcp", "established"),
    "sockhash": Socket("tcp", "established"),
    "reuseport_sockarray": Socket("tcp", "listen", reuseport=True),
    "xskmap": Socket("xdp", "bound"),
}
BY_INDEX = ("array", "pages")  # forms that look for a row by its number
OWNERS: dict[str, Any] = {  # whose value it is, by a number
    "task_storage": Task,
    "sk_storage": lambda number: Socket("tcp", cookie=number),
    "inode_storage": Inode,
    "cgrp_storage": Cgroup,
}


def made() -> dict[str, Map]:
    """Return a map of each type that can be made from its sizes alone."""
    maps = {type: make_map(spec) for type, spec in OTHERS.items()}
    for type in sorted(type_of_map.keys() - maps.keys()):
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
    thing = make_map(INNER) if "of_maps" in map.type else THINGS.get(map.type)
    put: Any = bytes([1] * value) if thing is None else thing
    actions: list[Callable[[], Any]] = []
    for number in range(5):
        name: Any = bytes([number] + [0] * max(0, key - 1))[:key]
        if map.type in OWNERS:
            name = OWNERS[map.type](number + 1)
        if map.type == "lpm_trie":
            name = bytes([8 * number, 0, 0, 0, 10, number, 0, 0])
        actions += [
            lambda name=name: map.update(name, put),
            lambda name=name: map.lookup(name),
        ]
    actions += [
        lambda: map.delete(name),
        lambda: map.pop(),
        lambda: map.push(put),  # type: ignore[attr-defined]
        lambda: map.output(0, b"record"),  # type: ignore[attr-defined]
        lambda: map.commit(map.reserve(16), 0, bytes(16)),  # type: ignore[attr-defined]
        lambda: map.read(),  # type: ignore[attr-defined]
        lambda: map.alloc(2),  # type: ignore[attr-defined]
        lambda: map.write(0, b"shared"),  # type: ignore[attr-defined]
        lambda: map.release(1, 1),  # type: ignore[attr-defined]
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


@pytest.mark.parametrize(
    ("type", "told"), [("task_storage", "ebpflab 2"), ("cgrp_storage", "cgroup 2")]
)
def test_values_stand_under_their_owners(type: str, told: str) -> None:
    map = made()[type]
    view = watch(map)
    used(map)
    view.refresh()
    (known,) = json.loads(view.data)["maps"]
    assert known["form"] == "owners"
    assert told in view.text
    view.close()


def test_rows_that_are_drawn_by_index_are_named_by_it() -> None:
    maps = made()
    view = watch(maps)
    for map in maps.values():
        used(map)
    view.refresh()
    data, drawn = json.loads(view.data), set()
    for op in data["operations"]:
        known = data["maps"][op["m"]]
        if known["form"] in BY_INDEX and op["c"]:
            drawn.add(known["type"])
            places = [(name, row["p"]) for name, row, _ in op["c"] if row]
            assert all(name == str(place) for name, place in places), known["type"]
    assert drawn >= {"array", "devmap", "prog_array", "sockmap", "arena"}
    view.close()


def test_a_stack_says_once_what_goes_out_next(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EBPFLAB_LANG", "en")
    map = made()["stack"]
    view = watch(map)
    for number in range(3):
        map.push(bytes([number, 0, 0, 0]))  # type: ignore[attr-defined]
    view.save(tmp_path / "stack.html")
    view.close()
    page = browser.new_page()
    page.goto((tmp_path / "stack.html").as_uri())
    below = page.locator(".contents .ent small").all_text_contents()
    assert [text.strip() for text in below] == ["out next", "", ""]
    page.close()


def test_sockets_stand_under_their_keys() -> None:
    map = made()["sockhash"]
    view = watch(map)
    map.update(bytes([7, 0, 0, 0]), THINGS["sockhash"])
    assert "7 = tcp established" in view.text
    assert json.loads(view.data)["maps"][0]["form"] == "table"
    view.close()
