"""What was compiled once is not compiled again: results by the hash of their inputs.

A result is kept under the hash of everything that went in, and with the hashes of the
user's own headers that it read; it counts only while those are unchanged. Results are
files in a folder of this user (EBPFLAB_CACHE names another); where none can be
written, they stand in a private one that goes with the process. Not here: compiling.
"""

import base64
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LIMIT = 1000  # results kept
CHOOSE = "EBPFLAB_CACHE"


@dataclass(frozen=True, slots=True)
class Result:
    """An object file, and what the compiler said while writing it."""

    object: bytes
    messages: str


def folder() -> Path:
    """Return the folder of this user's caches; made when there is none."""
    chosen = Path(os.environ.get(CHOOSE) or _usual_folder() / "ebpflab")
    with suppress(OSError):
        chosen.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.access(chosen, os.W_OK):
            return chosen
    return Path(_temporary().name)


@cache
def _temporary() -> "tempfile.TemporaryDirectory[str]":
    """Return a folder of this process, which goes with it."""
    return tempfile.TemporaryDirectory(prefix="ebpflab-", ignore_cleanup_errors=True)


def _usual_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or tempfile.gettempdir())
    if sys.platform == "darwin":
        return Path("~/Library/Caches").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())


def key_of(*inputs: object) -> str:
    """Return the name under which these inputs' result is kept."""
    return hashlib.sha256(repr(inputs).encode()).hexdigest()


def get(key: str) -> Result | None:
    """Return what is kept under `key`, if the headers that it read are unchanged."""
    try:
        row = json.loads(_file(key).read_text())
        if all(_hash(Path(path)) == hash for path, hash in row["headers"].items()):
            return Result(base64.b64decode(row["object"]), row["messages"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # nothing kept, or not by us
    return None


def put(key: str, result: Result, headers: Iterable[Path]) -> None:
    """Keep a result; what cannot be read or written keeps nothing."""
    with suppress(OSError):
        row = {
            "headers": {str(path): _hash(path) for path in headers},
            "messages": result.messages,
            "object": base64.b64encode(result.object).decode(),
        }
        _file(key).parent.mkdir(exist_ok=True)
        new = _file(key).with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps(row))
        new.replace(_file(key))
        _forget_oldest(_file(key).parent)


def _file(key: str) -> Path:
    return folder() / "compiled" / f"{key}.json"


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _forget_oldest(kept: Path) -> None:
    files = sorted(kept.glob("*.json"), key=lambda path: path.stat().st_mtime)
    for path in files[:-LIMIT]:
        path.unlink(missing_ok=True)
