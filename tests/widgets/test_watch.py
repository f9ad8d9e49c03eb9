"""The view of maps: its text, its data, and the view in a real browser."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ebpflab_widgets import watch
from ebpflab_widgets.watch_forms import FORMS, trie_places
from ebpflab_widgets.watch_reasons import VERBS
from ebpflab_widgets.wording import ViewError, catalogue

import ebpflab as lab
from ebpflab.maps import make_map
from ebpflab.maps.operations import PROGRAM, USERSPACE
from ebpflab.maps.owners import Task
from tests.engine.test_helpers_of_owners import storage

INNER = lab.MapSpec("array", 4, 8, 2, name="inner")
SPECS = [
    lab.MapSpec("hash", 4, 8, 4, name="hash"),
    lab.MapSpec("percpu_hash", 4, 8, 4, name="percpu_hash"),
    lab.MapSpec("array", 4, 8, 6, name="array"),
    lab.MapSpec("percpu_array", 4, 8, 3, name="percpu_array"),
    lab.MapSpec("lru_hash", 4, 8, 3, name="lru"),
    lab.MapSpec("lpm_trie", 8, 4, 8, name="trie", flags=1),
    lab.MapSpec("ringbuf", 0, 0, 4096, name="ring"),
    lab.MapSpec("perf_event_array", 4, 4, 2, name="perf"),
    lab.MapSpec("queue", 0, 4, 3, name="queue"),
    lab.MapSpec("stack", 0, 4, 3, name="stack"),
    lab.MapSpec("bloom_filter", 0, 4, 4, name="bloom", extra=3),
    lab.MapSpec("prog_array", 4, 4, 4, name="programs"),
    lab.MapSpec("array_of_maps", 4, 4, 3, name="outer", inner=INNER),
    lab.MapSpec("arena", 0, 0, 4, name="arena", flags=1 << 10),
    storage("task_storage"),
]


def attempt(action: Callable[[], Any]) -> None:
    with contextlib.suppress(lab.MapError):
        action()


def histories() -> dict[str, Any]:
    """Return maps of every form, and do something to each after `watch` has begun."""
    maps = {spec.name: make_map(spec) for spec in SPECS}
    view = watch(maps)
    table, per_cpu, array = maps["hash"], maps["percpu_hash"], maps["array"]
    for number in range(5):
        attempt(lambda: table.update(number, number * 10))  # noqa: B023
    table.find(bytes(4))
    del table[2]
    attempt(lambda: table.update(1, 1, 1))
    per_cpu[1] = [1, 2]
    per_cpu[1] = [5, 9]
    array[1] = 7
    attempt(lambda: array.update(9, 1))
    maps["percpu_array"][2] = [3, 4]
    lru = maps["lru"]
    for number in range(3):
        lru[number] = number
    lru.find(bytes(4))
    lru[3] = 3
    trie = maps["trie"]
    for prefix in ("10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "192.168.0.0/16"):
        trie[prefix] = 1
    for address in ("10.1.2.3", "10.1.9.9", "8.8.8.8"):
        trie.lookup(address)
    del trie["10.1.2.0/24"]
    ring = maps["ring"]
    first, second = ring.reserve(1016), ring.reserve(504)
    ring.commit(second, 1, bytes(504))
    ring.commit(first, 0, bytes(1016))
    ring.read()
    open_one = ring.reserve(2040)
    ring.reserve(4000)
    ring.commit(open_one, 0, None)
    maps["perf"].output(1, b"record")
    maps["perf"].read()
    for name in ("queue", "stack"):
        for number in range(4):
            attempt(lambda: maps[name].push(number))  # noqa: B023
        maps[name].push(9, 2)
        maps[name].peek()
        maps[name].pop()
    maps["bloom"].push(7)
    assert maps["bloom"].lookup(7)
    maps["bloom"].lookup(8)
    maps["programs"][1] = lab.assemble("r0 = 2\nexit", type="xdp")
    maps["outer"][1] = make_map(INNER)
    maps["arena"].alloc(2)
    maps["arena"].alloc(9)
    maps["arena"].write(0, b"shared")
    maps["arena"].write(0, b"shared")
    maps["arena"].release(1, 1)
    maps["values"].update(Task(7, comm=b"curl"), 1)
    maps["values"].update(Task(8, comm=b"dig"), 2)
    maps["values"].delete(Task(7, comm=b"curl"))
    view.refresh()
    return {"maps": maps, "view": view}


@pytest.fixture
def shown() -> Iterator[dict[str, Any]]:
    made = histories()
    yield made
    made["view"].close()


# ---- text and data -------------------------------------------------------------


def test_the_text_tells_the_last_operation_and_what_is_held(shown):
    text = repr(shown["view"])
    assert (
        "hash: hash, after 8 of 8 operations: update 1 = 1 NOEXIST -> -EEXIST" in text
    )
    assert "  1 = 5 | 9  (14)" in text
    assert "10.1.0.0/16 = 1" in text


def test_the_text_changes_with_any_value(shown):
    before = repr(shown["view"]).splitlines()[-1]
    shown["maps"]["hash"][1] = 11
    assert repr(shown["view"]).splitlines()[-1] != before


def test_every_sentence_is_filled_and_stands_in_the_catalogue(shown):
    for op in json.loads(shown["view"].data)["operations"]:
        assert op["w"]
        assert "{" not in op["w"]


def test_every_reason_has_a_sentence():
    source = Path(watch.__code__.co_filename).with_name("watch_reasons.py").read_text()
    rows = [key for key in catalogue().rows if key.startswith("watch-why-")]
    for key in rows:
        assert f'"{key.removeprefix("watch-why-")}"' in source, key
    assert VERBS.keys() >= {*USERSPACE.values(), *PROGRAM.values(), "discard"}


def test_every_form_is_tried():
    assert {FORMS.get(spec.type, "array") for spec in SPECS} == {
        *FORMS.values(),
        "array",
    }


@pytest.mark.parametrize("wrong", [3, "map", [3], [], None])
def test_what_is_no_map_is_said(wrong):
    with pytest.raises(ViewError):
        watch(wrong)


def test_a_closed_view_hears_nothing_more(shown):
    shown["view"].close()
    before = shown["view"].data
    shown["maps"]["hash"][1] = 12
    shown["view"].refresh()
    assert shown["view"].data == before


def test_where_a_prefix_stands_in_a_trie():
    def key(text: str, bits: int) -> bytes:
        return bits.to_bytes(4, "little") + bytes(map(int, text.split(".")))

    prefixes = [key("10.0.0.0", 8), key("10.1.0.0", 16), key("11.0.0.0", 8)]
    asked = [key("10.1.2.3", 32), key("8.8.8.8", 32), key("10.9.0.1", 32)]
    places = trie_places(prefixes, asked, 32)
    bars = {bytes.fromhex(k)[4:6]: place for k, place in places["bars"].items()}
    assert bars[b"\x0a\x00"] == [1, 2, 0]
    assert bars[b"\x0a\x01"] == [1, 1, 1]
    assert bars[b"\x0b\x00"] == [3, 1, 0]
    assert list(places["cuts"].values()) == [0, 1, 2]
    assert places["columns"] == 4
    wide = trie_places(prefixes, [key("10.0.0.0", 4)], 32)["bars"]
    assert wide[key("10.1.0.0", 16).hex()][2] == 1  # also beside a wider question


def test_an_edit_from_the_page_is_done_and_shown(shown):
    view, table = shown["view"], shown["maps"]["hash"]
    view._asked(None, {"map": 0, "do": "update", "key": "1", "value": "99"})
    assert table[1] == (99).to_bytes(8, "little")
    view._asked(None, {"map": 0, "do": "update", "key": "word", "value": "1"})
    last = [op for op in json.loads(view.data)["operations"] if op["m"] == 0][-1]
    assert (last["g"], last["r"]) == ("x", "-EINVAL")
    for broken in ({}, {"map": 99}, None, {"map": 0, "do": [], "key": 1, "value": 1}):
        view._asked(None, broken)


# ---- in a browser --------------------------------------------------------------


@pytest.fixture
def show(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Any]]:
    """Return a function that opens the saved page; it asks nobody for anything."""
    errors, requests, pages = [], [], []

    def open_page(language: str = "en", width: int = 1100, **options: Any) -> Any:
        monkeypatch.setenv("EBPFLAB_LANG", language)
        path = tmp_path / "maps.html"
        made = options.get("view") or histories()["view"]
        made.size = options.get("size", "")
        made.save(path)
        page = browser.new_page(viewport={"width": width, "height": 800})
        pages.append(page)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        page.data = json.loads(made.data)
        made.close()
        return page

    yield open_page
    for page in pages:
        page.close()
    assert errors == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


SHOWN = """() => [...document.querySelectorAll('.contents [data-row]')]
  .filter(node => !node.matches('.gone, .zero'))
  .filter(node => !node.querySelector('.unk'))
  .map(node => node.innerText.replace(/\\s+/g, ' '))"""


def rows_after(data: dict, number: int, moment: int) -> dict[str, dict]:
    """Return the rows of a map after `moment` operations, from the data alone."""
    rows = dict(data["maps"][number]["start"])
    for op in data["operations"][:moment]:
        for name, row, last in op["c"] if op["m"] == number else ():
            if last or row is None:
                rows.pop(name, None)
            if row is not None:
                rows[name] = row
    return rows


@pytest.mark.parametrize("language", ["en", "fr"])
def test_each_moment_shows_and_tells_what_was_recorded(show, language):
    page = show(language)
    data = page.data
    page.locator(".watch").focus()
    for number, map in enumerate(data["maps"]):
        page.locator(f"[data-map='{number}']").click()
        page.locator(".watch").focus()
        page.keyboard.press("Home")
        own = [i for i, op in enumerate(data["operations"]) if op["m"] == number]
        there, back = range(len(own) + 1), range(len(own) - 1, -1, -1)
        for turn, done in enumerate([*there, *back]):
            if turn:
                page.keyboard.press("ArrowRight" if turn <= len(own) else "ArrowLeft")
            if done:
                op = data["operations"][own[done - 1]]
                told = page.locator(".live").text_content()
                assert op["o"] in told
                assert op["w"] in told
            if map["form"] == "bits":
                continue
            rows = rows_after(data, number, own[done - 1] + 1 if done else 0)
            seen = page.evaluate(SHOWN)
            assert len(seen) >= len(rows), (map["name"], done, seen)
            if map["form"] == "ring":
                for name, row in rows.items():
                    record = f".rec.{row['a']}[data-row='{name}']"
                    assert page.locator(record).count() == 1
                continue
            for row in rows.values():
                wanted = row.get("v", "")
                values = wanted if isinstance(wanted, list) else [wanted[:12]]
                assert any(all(v in text for v in values) for text in seen), (row, seen)


def test_bits_are_those_of_the_filter(show):
    page = show()
    number = next(i for i, m in enumerate(page.data["maps"]) if m["form"] == "bits")
    page.locator(f"[data-map='{number}']").click()
    page.locator(".watch").focus()
    page.keyboard.press("End")
    rows = rows_after(page.data, number, len(page.data["operations"]))
    ones = page.locator(".bits .one").evaluate_all("all => all.map(n => n.dataset.bit)")
    assert sorted(ones) == sorted(rows)


def test_keys_and_clicks_go_through_time(show):
    page = show()
    slider = page.get_by_role("slider")
    page.keyboard.press("Tab")
    page.locator(".watch").focus()
    page.keyboard.press("Home")
    assert slider.get_attribute("aria-valuenow") == "0"
    page.locator(".log button").nth(2).click()
    assert slider.get_attribute("aria-valuenow") == "3"
    page.locator("[data-act=back]").click()
    assert slider.get_attribute("aria-valuenow") == "2"
    assert page.evaluate("document.activeElement.dataset.act") == "back"
    page.keyboard.press("2")
    assert page.locator("[aria-selected=true]").text_content() == "percpu_hash"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement === document.body")


def test_a_page_without_python_cannot_edit(show):
    assert show().locator(".edit").count() == 0


def test_a_stepper_and_the_maps_share_the_moment(show):
    program = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __type(key, __u32); __type(value, __u64);
         __uint(max_entries, 2); } counts SEC(".maps");
SEC("xdp") int f(struct xdp_md *c) {
    __u32 key = 1; __u64 *found = bpf_map_lookup_elem(&counts, &key);
    if (found) ++*found;
    return XDP_PASS;
}"""
    obj = lab.compile(program)
    run = lab.run(obj.programs["f"], bytes(64), maps=lab.maps(obj))
    page = show(view=watch(run))
    data, steps = page.data, len(run.timeline.steps)
    assert [op["o"].split()[0] for op in data["operations"]] == ["lookup", "write"]
    page.evaluate(
        "detail => document.dispatchEvent(new CustomEvent('ebpflab:moment', {detail}))",
        {"run": data["run"]["key"], "step": data["operations"][0]["t"]},
    )
    assert page.get_by_role("slider").get_attribute("aria-valuenow") == "1"
    page.evaluate(
        "addEventListener('ebpflab:moment', e => { window.at = e.detail.step }, true)"
    )
    page.locator("[data-act=forward]").click()
    assert page.evaluate("window.at") == data["operations"][1]["t"] <= steps


@pytest.mark.parametrize("width", [500, 720, 1100, 1400])
@pytest.mark.parametrize(
    ("language", "size"), [("en", ""), ("fr", ""), ("en", "large")]
)
def test_nothing_is_wider_than_the_page(show, width, language, size):
    page = show(language, width, size=size)
    wide = "document.documentElement.scrollWidth <= innerWidth"
    for number in range(len(SPECS)):
        page.locator(f"[data-map='{number}']").click()
        assert page.evaluate(wide), SPECS[number].name


def test_ten_thousand_operations_are_stepped_without_waiting(show):
    live = make_map(lab.MapSpec("hash", 4, 8, 64, name="busy"))
    view = watch(live)
    for number in range(10_000):
        live[number % 64] = number
    page = show(view=view)
    page.locator(".watch").focus()
    took = page.evaluate(
        """() => {
          const times = []
          for (let n = 0; n < 40; n++) {
            const began = performance.now()
            const key = n % 2 ? 'ArrowRight' : 'ArrowLeft'
            document.querySelector('.watch')
              .dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))
            times.push(performance.now() - began)
          }
          return times.sort((a, b) => a - b)[37]
        }"""
    )
    assert took < 2_000  # a hang, not a slow machine


def test_broken_data_is_said(show, tmp_path):
    page = show()
    path = tmp_path / "maps.html"
    path.write_text(
        path.read_text()
        .replace('"data": "{', '"data": "{[')
        .replace('"data":"{', '"data":"{[')
    )
    page.goto(path.as_uri())
    assert page.locator(".broken[role=alert]").count() == 1


def test_french_speaks_french(show):
    page = show("fr")
    assert page.locator(".watch").get_attribute("lang") == "fr"
    assert "Opérations" in page.locator(".watch").text_content()
