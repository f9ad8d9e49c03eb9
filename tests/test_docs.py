"""The code in the hand-written documents runs, in the order in which it stands."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)\)")


def snippets(document: str) -> list[str]:
    return CODE.findall((ROOT / document).read_text())


def run_all(codes: list[str]) -> None:
    names: dict[str, object] = {}
    for code in codes:
        exec(code, names)


def test_the_tour_of_the_readme_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    codes = snippets("README.md")
    assert len(codes) >= 5
    run_all(codes)
    printed = capsys.readouterr().out
    assert "TCP" in printed or "XDP_PASS" in printed
    assert "access outside" in printed, "the tour's error is told"
    with pytest.raises(AssertionError):
        run_all([*codes, "assert lab.run(program, packets[0]).retval == 77"])


@pytest.mark.parametrize("document", sorted(p.name for p in ROOT.glob("*.md")))
def test_links_lead_somewhere(document: str) -> None:
    targets = LINK.findall((ROOT / document).read_text())
    assert [t for t in targets if not (ROOT / t).exists()] == []


def test_the_architecture_tells_of_every_part() -> None:
    """Each part of the engine has its row, and its place among the layers."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    layers = text.split("`language")[1].split("`")[0]
    parts = {
        path.stem
        for path in (ROOT / "ebpflab").iterdir()
        if not path.name.startswith(("_", "."))
        and (path.suffix == ".py" or (path / "__init__.py").exists())
    }
    assert [p for p in sorted(parts) if not re.search(rf"\b{p}\b", text)] == []
    assert [p for p in parts - {"language"} if not re.search(rf"\b{p}\b", layers)] == []
