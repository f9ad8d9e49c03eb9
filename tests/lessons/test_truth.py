"""A lesson tells the truth: nbval passes it as stored, and notices one register.

This is the proof that the stepper's text is compared: one digit of one value is changed
in a copy, and a pytest of its own must notice.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LESSON = "00-start-here.ipynb"
REGISTER = ("r2 packet+74", "r2 packet+75")
DIGEST = ("all steps: ", "all steps: 0")


def altered(folder: Path, old: str, new: str) -> Path:
    """Copy the lesson with what it reads; change one thing in the stepper's text."""
    ignored = shutil.ignore_patterns("*.ipynb", ".ipynb_checkpoints")
    copy = shutil.copytree(ROOT / "notebooks" / "en", folder / "en", ignore=ignored)
    notebook = json.loads((ROOT / "notebooks" / "en" / LESSON).read_text())
    shown = next(cell for cell in notebook["cells"] if cell["id"] == "step")
    data = shown["outputs"][0]["data"]
    text = "".join(data["text/plain"])
    assert old in text
    data["text/plain"] = text.replace(old, new, 1)
    (copy / LESSON).write_text(json.dumps(notebook))
    return copy / LESSON


def nbval(lesson: Path) -> subprocess.CompletedProcess[str]:
    """Run one lesson as `make test` does: in the language of its folder."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    options = ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=120"]
    sanitize = ["--nbval-sanitize-with", str(ROOT / "tests" / "sanitize.cfg")]
    neutral = {k: v for k, v in os.environ.items() if k != "EBPFLAB_LANG"}
    return subprocess.run(
        [*command, *options, *sanitize, lesson.name],
        cwd=lesson.parent,
        env=neutral | {"LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [("r2", "r2", 0), (*REGISTER, 1), (*DIGEST, 1)],
    ids=["as-stored", "a-register", "the-digest"],
)
def test_nbval_notices_one_register(
    old: str, new: str, status: int, tmp_path: Path
) -> None:
    done = nbval(altered(tmp_path, old, new))
    assert done.returncode == status, done.stdout[-2000:]
    assert ("1 failed" in done.stdout) == bool(status)
