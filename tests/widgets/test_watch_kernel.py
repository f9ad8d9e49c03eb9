"""The view of maps on maps in the real kernel: looked at, edited, lost."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from ebpflab_widgets import watch
from ebpflab_widgets.wording import ViewError

import ebpflab as lab

SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, __u32); __type(value, __u64);
         __uint(max_entries, 4); } seen SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096);
} ring SEC(".maps");
SEC("xdp") int count(struct xdp_md *ctx) {
    __u32 key = 7; __u64 one = 1, *found = bpf_map_lookup_elem(&seen, &key);
    if (found) ++*found; else bpf_map_update_elem(&seen, &key, &one, 0);
    return XDP_PASS;
}
char _license[] SEC("license") = "GPL";
"""


@pytest.fixture
def world(linux: None) -> Iterator[dict[str, Any]]:
    obj = lab.compile(SOURCE)
    maps = lab.linux.maps(obj)
    view = watch(maps)
    yield {"program": obj.programs["count"], "maps": maps, "view": view}
    view.close()
    for map in maps.values():
        map.close()


def operations(view: Any) -> list[dict[str, Any]]:
    view.refresh()
    made: list[dict[str, Any]] = json.loads(view.data)["operations"]
    return made


def test_what_a_program_in_the_kernel_writes_is_seen(world: dict[str, Any]) -> None:
    for _ in range(2):
        lab.linux.run(world["program"], bytes(64), maps=world["maps"])
        operations(world["view"])
    told = [(op["o"], op["b"]) for op in operations(world["view"])]
    assert told == [("write 7 = 1", "kernel"), ("write 7 = 2", "kernel")]
    assert "7 = 2" in repr(world["view"])


def test_edits_from_the_page_go_to_the_kernel(world: dict[str, Any]) -> None:
    view, seen = world["view"], world["maps"]["seen"]
    at = list(world["maps"]).index("seen")
    view._asked(None, {"map": at, "do": "update", "key": "1", "value": "9"})
    assert seen[1] == (9).to_bytes(8, "little")
    view._asked(None, {"map": at, "do": "delete", "key": "5", "value": ""})
    last = operations(view)[-1]
    assert (last["g"], last["r"]) == ("x", "-ENOENT")
    assert "Linux" in last["w"]
    type(seen).update(seen, 1, 10)  # somebody else
    view._asked(None, {"map": at, "do": "look", "key": "", "value": ""})
    assert json.loads(view.data)["operations"][-1]["o"] == "write 1 = 10"


def test_what_linux_shows_nobody_is_said(world: dict[str, Any]) -> None:
    forms = {map["name"]: map["form"] for map in json.loads(world["view"].data)["maps"]}
    assert forms == {"seen": "table", "ring": "unseen"}


def test_a_map_that_is_gone_is_told_and_what_was_seen_stays(
    world: dict[str, Any], browser: Any, tmp_path: Any
) -> None:
    world["maps"]["seen"][3] = 4
    world["maps"]["seen"].close()
    world["view"].save(tmp_path / "gone.html")
    page = browser.new_page()
    page.goto((tmp_path / "gone.html").as_uri())
    page.locator("[data-map]", has_text="seen").click()
    assert "EBADF" in page.locator(".watch .lost").text_content()
    assert page.locator(".contents [data-row]").count() >= 1
    page.locator("[data-map]", has_text="ring").click()
    assert "nobody" in page.locator(".watch .contents").text_content()
    page.close()


def test_maps_of_two_worlds_are_not_mixed(world: dict[str, Any]) -> None:
    ours = lab.maps(world["program"])["seen"]
    with pytest.raises(ViewError, match="one world"):
        watch([ours, world["maps"]["seen"]])
