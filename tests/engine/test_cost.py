"""Costs: no number without a source, the three kinds apart, figures that repeat."""

import pytest

import ebpflab as lab
from ebpflab.cost import ebpf, measuring
from ebpflab.cost.figure import KINDS, Cost, Costs, time_text
from ebpflab.cost.published import crossover, published, stages

NATIVE = ("function_call", "vdso", "getpid", "context_switch")


@pytest.mark.parametrize("missing", ["source", "conditions"])
def test_a_number_without_its_source_cannot_be_made(missing):
    told = {"source": "somebody, 2020", "conditions": "a machine"} | {missing: ""}
    with pytest.raises(lab.CostError, match="getpid"):
        Cost("getpid", 100.0, "published", **told)


def test_a_kind_is_one_of_three():
    assert KINDS == ("measured", "published", "model")
    with pytest.raises(lab.CostError):
        Cost("getpid", 100.0, "guess", "somebody", "somewhere")


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


def test_the_two_lines_meet_where_they_are_equal():
    model = crossover()
    assert model.kind == "model"
    assert model.rules(model.meets) == pytest.approx(model.lookup)
    assert model.meets == pytest.approx(20_000)  # the published observation


def test_times_are_written_as_people_read_them():
    shown = [time_text(ns) for ns in (1.36, 22.3, 141, 4895, 23_000)]
    assert shown == ["1.4 ns", "22 ns", "141 ns", "4.9 µs", "23 µs"]


@pytest.fixture(scope="module")
def measured() -> Costs:
    try:
        return lab.cost.measure(NATIVE, samples=5)
    except lab.CompileError as error:
        pytest.skip(str(error))


def test_what_is_measured_says_where_and_how(measured):
    for row in measured:
        assert row.kind == "measured"
        assert "Linux" in row.source
        assert len(row.samples) == 5
        assert row.ns == min(row.samples) > 0


def test_crossings_cost_more_the_further_they_go(measured):
    ns = [measured.of(name).ns for name in NATIVE]
    assert ns == sorted(ns)
    ratios = {row.operation: ratio for row, ratio in measured.ratios("function_call")}
    assert ratios["function_call"] == 1
    assert ratios["context_switch"] > 100


def test_measuring_again_gives_a_figure_within_the_spread(measured):
    """Stable within what is printed: the best of one run lies near the other's."""
    again = lab.cost.measure(NATIVE, samples=5)
    for one, other in zip(measured, again, strict=True):
        low, high = sorted((one.ns, other.ns))
        worst = max(*one.samples, *other.samples)
        assert high <= max(worst, low * 2)


def test_programs_are_measured_in_the_kernel(linux):
    rows = lab.cost.measure(ebpf.RUNS, samples=2)
    assert [row.operation for row in rows] == list(ebpf.RUNS)
    assert all("BPF_PROG_TEST_RUN" in row.conditions for row in rows)


def test_progress_is_told_and_ends():
    told = []
    lab.cost.measure(["getpid"], samples=1, progress=lambda *now: told.append(now))
    assert told == [("getpid", 0, 1), ("", 1, 1)]


@pytest.mark.parametrize(
    "wrong", [{"operations": ["teleport"]}, {"operations": ["getpid"], "samples": 0}]
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
