"""Data that is too much: a clear message, or the part that can be shown; no wait."""

import time

import pytest
from ebpflab_widgets import costs, explain, paths, step, watch
from ebpflab_widgets.wording import ViewError

import ebpflab as lab
from ebpflab.maps import make_map

MILLION = 1_000_000
SECONDS = 60  # a hang, not a slow machine
HEAD = "0: R1=ctx() R10=fp0\n"
END = (
    f"{MILLION}: (79) r0 = *(u64 *)(r0 +0)\nR0 invalid mem access 'scalar'\n"
    f"processed {MILLION + 1} insns (limit 1000000) max_states_per_insn 0 "
    "total_states 1 peak_states 1 mark_read 0\n"
)


@pytest.fixture(scope="module")
def log() -> str:
    line = "{}: (07) r0 += 1                        ; R0={}\n"
    return HEAD + "".join(line.format(n, n) for n in range(MILLION)) + END


def test_a_log_of_a_million_lines_is_explained_by_its_end(log: str) -> None:
    began = time.perf_counter()
    view = explain(log)
    assert time.perf_counter() - began < SECONDS
    assert "R0 invalid mem access" in view.text
    assert len(view.data) < 100_000
    assert len(view.text.splitlines()) < 200


def test_a_walk_of_a_million_instructions_is_not_told() -> None:
    verdict = lab.explain(HEAD + END)
    assert verdict.insns_processed == MILLION + 1
    with pytest.raises(ViewError, match="walked 1000001 instructions"):
        paths(verdict)


def test_an_array_of_a_million_places_is_shown_around_the_operation(
    browser, tmp_path
) -> None:
    live = make_map(lab.MapSpec("array", 4, 8, MILLION, name="big"))
    view = watch(live)
    live[MILLION - 1] = 7
    view.refresh()
    assert len(view.data) < 10_000
    view.save(tmp_path / "big.html")
    page = browser.new_page()
    page.goto((tmp_path / "big.html").as_uri())
    assert page.locator(".contents [data-row]").count() < 200
    page.close()
    view.close()


def test_a_map_of_too_many_entries_is_told_at_once() -> None:
    live = make_map(lab.MapSpec("hash", 4, 8, MILLION, name="big"))
    for number in range(11_000):
        live[number] = 1
    with pytest.raises(ViewError, match="more than 10,000 entries"):
        watch(live)


def test_a_map_of_the_kernel_with_too_many_entries_is_told(linux) -> None:
    from ebpflab.linux.livemap import LiveMap

    spec = lab.MapSpec("array", 4, 8, MILLION, name="big")
    said = pytest.raises(ViewError, match="more than 10,000 entries")
    with LiveMap(spec) as live, said:
        watch(live)


def test_a_run_of_a_million_steps_is_not_recorded_to_its_end() -> None:
    text = f"r0 = 0\nr0 += 1\nif r0 < {MILLION // 2} goto -2\nexit"
    run = lab.run(lab.assemble(text, type="raw"), b"")
    with pytest.raises(lab.EbpfLabError, match="more than 200000 steps"):
        step(run)


def test_too_many_costs_are_told() -> None:
    one = lab.cost.Cost("own", 1.0, "measured", "a machine", "C", samples=(1.0, 2.0))
    with pytest.raises(ViewError, match="up to 200"):
        costs([one] * MILLION)
    assert "own" in repr(costs([one] * 3))
