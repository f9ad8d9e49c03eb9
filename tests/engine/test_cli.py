"""The command line as its user meets it: what it prints, and its exit status."""

from pathlib import Path

import pytest

import ebpflab as lab
from ebpflab.cli import COMMANDS, main

LESSONS = Path(__file__).parents[2] / "notebooks" / "en"
SOURCE = str(LESSONS / "xdp_sample.c")
CAPTURE = str(LESSONS / "traffic.pcap")

Captured = pytest.CaptureFixture[str]


def test_compile_writes_an_object_that_disasm_and_run_read(
    tmp_path: Path, capsys: Captured
) -> None:
    target = tmp_path / "prog.o"
    assert main(["compile", SOURCE, "-o", str(target)]) == 0
    assert lab.load(target).programs.keys() == {"xdp_sample_prog"}
    assert main(["disasm", str(target)]) == 0
    assert "call bpf_perf_event_output#25" in capsys.readouterr().out
    assert main(["run", str(target), "--pcap", CAPTURE]) == 0
    printed = capsys.readouterr().out
    assert printed.count("XDP_PASS") == len(lab.read_capture(CAPTURE))
    assert printed.count("my_map cpu0") == len(lab.read_capture(CAPTURE))


def test_run_takes_hex_digits(capsys: Captured) -> None:
    assert main(["run", SOURCE, "--data", "00" * 20]) == 0
    assert "20 bytes" in capsys.readouterr().out


def test_run_on_the_real_kernel(linux: object, capsys: Captured) -> None:
    assert main(["run", SOURCE, "--linux"]) == 0
    assert "XDP_PASS" in capsys.readouterr().out


def test_doctor_tells_each_thing_in_one_line(capsys: Captured) -> None:
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert "python" in printed.lower()
    assert all(line[0] in "✓✕· " for line in printed.splitlines())


WRONG = {
    "no such file": ["run", "/nonexistent/prog.o"],
    "no such C file": ["compile", "/nonexistent/prog.c"],
    "not hex": ["run", SOURCE, "--data", "xyz"],
    "packet too short": ["run", SOURCE, "--data", "00"],
    "no such program": ["run", SOURCE, "--program", "nobody"],
    "not an object": ["disasm", CAPTURE],
    "not a capture": ["run", SOURCE, "--pcap", SOURCE],
    "not writable": ["compile", SOURCE, "-o", "/nonexistent/x.o"],
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_wrong_input_is_told_in_words(
    arguments: list[str],
    language: str,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EBPFLAB_LANG", language)
    assert main(arguments) == 1
    told = capsys.readouterr().err
    assert told.strip()
    assert "Traceback" not in told


def test_every_command_has_help(capsys: Captured) -> None:
    for command in COMMANDS:
        with pytest.raises(SystemExit) as stop:
            main([command.name, "--help"])
        assert stop.value.code == 0
    assert "--pcap" in capsys.readouterr().out
