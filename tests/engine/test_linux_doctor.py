"""The doctor: complete in both languages, and honest about what is missing."""

import importlib
import importlib.util

import pytest

from ebpflab.linux.doctor import doctor

module = importlib.import_module("ebpflab.linux.doctor")
MINIMUM = ["Python", "machine", "real kernel", "C compiler for eBPF", "JupyterLab"]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_finding_speaks(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EBPFLAB_LANG", language)
    for finding in doctor():
        assert finding.name
        assert finding.what
        assert finding.hint or finding.ok is not False


def test_what_is_missing_comes_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "available", lambda: "no kernel today")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    monkeypatch.setattr(module, "_setting", lambda name: "0")
    findings = {finding.name: finding for finding in doctor()}
    assert set(MINIMUM) <= set(findings)
    for name in (*MINIMUM[2:], "kernel JIT"):
        assert findings[name].ok is False
        assert findings[name].hint
    assert findings["real kernel"].what == "no kernel today"


def test_elsewhere_nothing_is_asked_about_linux(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "available", lambda: "not Linux")
    monkeypatch.setattr(module, "this_machine", lambda: ("darwin", "arm64"))
    monkeypatch.setattr(module, "_setting", lambda name: None)
    names = [finding.name for finding in doctor()]
    assert names == MINIMUM
