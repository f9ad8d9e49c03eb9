"""Costs: no number without a source, the three kinds apart, figures that repeat."""

import os
import re
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import ebpflab as lab
from ebpflab.c.native import native_library
from ebpflab.cost import child, ebpf, measuring
from ebpflab.cost.figure import KINDS, Cost, Costs, range_text, sample, time_text
from ebpflab.cost.published import crossover, published, stages

ROUNDS = 5
tables = import_module(
    "ebpflab.cost.published"
)  # the package has a function of that name


@pytest.mark.parametrize("missing", ["source", "conditions"])
def test_a_number_without_its_source_cannot_be_made(missing):
    told = {"source": "somebody, 2020", "conditions": "a machine"} | {missing: ""}
    with pytest.raises(lab.CostError, match="getpid"):
        Cost("getpid", 100.0, "published", **told)


def test_a_kind_is_one_of_three():
    assert KINDS == ("measured", "published", "model")
    with pytest.raises(lab.CostError):
        Cost("getpid", 100.0, "guess", "somebody", "somewhere")


TOLD = [
    (path.name, place.span(), place[0].split()[0])
    for path in sorted(tables.HERE.glob("*.toml"))
    for place in re.finditer(r'^(source|conditions) = "(.*)"$', path.read_text(), re.M)
]


@pytest.fixture
def copied(tmp_path, monkeypatch) -> Iterator[Path]:
    """A copy of the tables, which the engine reads from now on."""
    copy = shutil.copytree(tables.HERE, tmp_path / "cost")
    monkeypatch.setattr(tables, "HERE", copy)
    tables.table.cache_clear()
    yield copy
    tables.table.cache_clear()


@pytest.mark.parametrize(("name", "span", "told"), TOLD)
def test_a_row_of_a_table_without_its_source_is_refused(name, span, told, copied):
    """A table in which one number has lost where it comes from cannot be read."""
    published(), stages(), crossover()
    text = (copied / name).read_text()
    (copied / name).write_text(f'{text[: span[0]]}{told} = " "{text[span[1] :]}')
    tables.table.cache_clear()
    with pytest.raises(lab.CostError, match="without its source"):
        published(), stages(), crossover()


def test_every_row_of_the_tables_tells_both():
    rows = sum(len(table) for table in (published(), stages(), [crossover()]))
    assert len(TOLD) == 2 * rows


def test_each_published_figure_has_a_name_in_both_languages(monkeypatch):
    rows = published()
    assert len(rows) > 10
    assert {row.kind for row in rows} == {"published"}
    english = [row.name for row in rows]
    monkeypatch.setenv("EBPFLAB_LANG", "fr")
    assert [row.name for row in rows] != english


def test_rates_and_times_of_the_table_agree():
    for row in published():
        if "Mpps" in row.conditions:
            rate = float(row.conditions.split(" Mpps")[0])
            assert row.ns == pytest.approx(1000 / rate, rel=0.01)


def test_a_stage_is_a_published_difference_or_a_model():
    rows = [cost for stage in stages() for cost in (stage.stacks, stage.ebpf) if cost]
    assert {row.kind for row in rows} == {"published", "model"}
    ways = {way: [getattr(stage, way) for stage in stages()] for way in ("stacks",)}
    assert sum(row.ns for row in ways["stacks"] if row) > 1000
    assert all(stage.text for stage in stages())


CHART = {  # what the chart of a crossing shows; ns where others measured it
    "function_call": None,
    "kernel_call": (1.3, 1.3),
    "vdso": None,
    "invalid_syscall": None,
    "getpid": None,
    "getpid_off": (70, 90),
    "getpid_on": (350, 450),
    "read_1": None,
    "pread_4096": None,
    "context_switch": None,
    "getpid_strace": None,
    "getppid_counted": (240, 240),
    "redirect": (122_450, 122_450),
    "redirect_peer": (44_450, 44_450),
}


def test_the_chart_can_be_drawn_from_this_data_alone():
    others = {row.operation: row.spread for row in published()}
    for name, ends in CHART.items():
        assert others.get(name) == ends
        assert ends or name in measuring.NAMES
    ways = [(s.stacks and s.stacks.ns, s.ebpf and s.ebpf.ns) for s in stages()]
    assert [sum(ns for ns in way if ns) for way in zip(*ways, strict=True)] == [
        1634,
        887,
    ]


def test_the_two_lines_meet_where_they_are_equal():
    model = crossover()
    assert model.kind == "model"
    assert model.rules(model.meets) == pytest.approx(model.lookup)
    assert model.meets == pytest.approx(20_000)  # the published observation


def test_times_are_written_as_people_read_them():
    shown = [time_text(ns) for ns in (1.36, 22.3, 141, 4895, 23_000)]
    assert shown == ["1.4 ns", "22 ns", "141 ns", "4.9 µs", "23 µs"]


def test_a_range_is_written_with_its_unit_once():
    shown = [range_text(*ends) for ends in ((127, 160), (2400, 19_000), (176, 1200))]
    assert shown == ["127-160 ns", "2.4-19 µs", "176 ns-1.2 µs"]


def test_a_round_keeps_its_best_and_its_usual_loop():
    assert sample([120.0, 100.0, 900.0, 110.0, 115.0]) == (100.0, 115.0)


def test_the_spread_reaches_beyond_what_was_seen():
    cost = Cost("getpid", 100.0, "measured", "here", "C", samples=(100.0, 150.0, 120.0))
    assert cost.spread == pytest.approx((90, 165))
    assert cost.spread_text == "90-165 ns"
    others = {row.operation: row for row in published()}
    assert others["getpid_off"].spread == (70, 90)
    assert others["drop_xdp"].spread == (41.6, 41.6)


# ---- what is measured ----------------------------------------------------------


def test_a_command_that_may_not_start_is_not_measured_with(monkeypatch):
    refused = measuring.Operation("traced", "getpid", ("false",))
    missing = measuring.Operation("elsewhere", "getpid", ("/nowhere/strace",))
    monkeypatch.setattr(measuring, "OPERATIONS", (refused, missing))
    assert not {"traced", "elsewhere"} & {*measuring.measurable()}


@pytest.fixture(scope="module")
def measurements() -> tuple[Costs, Costs]:
    """All that can be measured here, twice in a row."""
    try:
        first, second = (lab.cost.measure(samples=ROUNDS) for _ in range(2))
    except lab.CompileError as error:
        pytest.skip(str(error))
    return first, second


@pytest.fixture
def measured(measurements) -> Costs:
    return measurements[0]


def test_what_is_measured_says_where_and_how(measured):
    assert [row.operation for row in measured] == list(measuring.measurable())
    for row in measured:
        assert row.kind == "measured"
        assert "Linux" in row.source
        assert f"best of {ROUNDS} x" in row.conditions
        assert len(row.samples) == 2 * ROUNDS
        assert row.ns == min(row.samples) > 0


def test_two_measurements_in_a_row_overlap_in_their_spreads(measurements):
    """Stable within what is printed, for each cost, on a busy machine too."""
    apart = [
        (one.operation, one.spread_text, other.spread_text)
        for one, other in zip(*measurements, strict=True)
        if one.spread[0] > other.spread[1] or other.spread[0] > one.spread[1]
    ]
    assert apart == []


def test_a_spread_is_printed_behind_each_measured_figure(measured):
    lines = str(measured).splitlines()
    for row, line in zip(measured, lines, strict=False):
        assert f" {row.value} " in line
        assert f" {row.spread_text} " in line
    assert lines[len(measured)].startswith("Behind each figure")
    assert "Behind" not in str(published())


def test_the_other_process_is_there_before_the_clock_starts(monkeypatch):
    """However often a byte goes there and back, the second process is made once."""
    try:
        library = str(native_library(measuring.SOURCE))
    except lab.CompileError as error:
        pytest.skip(str(error))
    made, fork = [], os.fork
    monkeypatch.setattr(os, "fork", lambda: made.append(fork()) or made[-1])
    with child._rounds(library, "ping") as rounds:
        assert len(made) == 1
        assert rounds(1) > 0
        assert rounds(10) > 0
    assert len(made) == 1
    with pytest.raises(ChildProcessError):
        os.waitpid(made[0], 0)  # it has ended, and somebody has seen it


def test_ratios_are_told_in_another_cost():
    costs = Costs(
        Cost(name, ns, "published", "somebody", "somewhere")
        for name, ns in (("function_call", 2.0), ("getpid", 100.0))
    )
    told = [(row.operation, ratio) for row, ratio in costs.ratios("function_call")]
    assert told == [("function_call", 1), ("getpid", 50)]
    with pytest.raises(lab.CostError, match="teleport"):
        list(costs.ratios("teleport"))


def test_programs_are_measured_in_the_kernel(linux, measured):
    rows = [row for row in measured if row.operation in ebpf.RUNS]
    assert [row.operation for row in rows] == list(ebpf.RUNS)
    assert all("BPF_PROG_TEST_RUN" in row.conditions for row in rows)


def test_progress_is_told_and_ends():
    told = []
    lab.cost.measure(["getpid"], samples=1, progress=lambda *now: told.append(now))
    assert told == [("getpid", 0, 1), ("", 1, 1)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"operations": ["teleport"]},
        {"operations": ["getpid"], "samples": 0},
        {"operations": ["getpid"], "samples": 10**9},
        {"operations": ["getpid"], "samples": 1.5},
    ],
)
def test_wrong_arguments_are_said(wrong):
    with pytest.raises(lab.CostError):
        lab.cost.measure(**wrong)


def test_a_child_that_dies_is_an_error_with_its_reason(monkeypatch):

    broken = measuring.Operation("getpid", "no_such_loop")
    monkeypatch.setattr(measuring, "OPERATIONS", (broken,))
    with pytest.raises(lab.CostError, match="no_such_loop"):
        lab.cost.measure(["getpid"])


def test_the_table_prints_each_source_once(measured):
    text = str(measured)
    assert text.count("[1] Linux") == 1
    assert all(row.name in text for row in measured)
