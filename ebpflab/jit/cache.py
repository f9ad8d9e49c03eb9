"""Object code on disk: what was compiled once is not compiled again.

A file is named by the hash of all that its code depends on: program, maps, LLVM,
processor, and how we compile. It starts with the hash of its contents, so that a broken
file is no code. A folder that cannot be written means compiling each time.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ebpflab.c.cache import folder

LIMIT = 1000  # files kept
_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Kept:
    """Object code, and what is known of the memory that it reaches by itself."""

    code: bytes
    stores: frozenset[str]
    stack_used: int = 0  # bytes, from its end


@cache
def _ours() -> bytes:
    """Return the hash of the code that compiles: another version, other files."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.digest()


def key_of(*inputs: object) -> str:
    """Return the name under which the code of these inputs is kept."""
    return hashlib.sha256(_ours() + repr(inputs).encode()).hexdigest()


def get(key: str) -> Kept | None:
    """Return what is kept under `key`; None: nothing, or nothing whole."""
    with suppress(OSError, ValueError):
        if not _is_ours(_file(key)):
            return None
        data = _file(key).read_bytes()
        digest, rest = data[:_HASH_BYTES], data[_HASH_BYTES:]
        if hashlib.sha256(rest).digest() == digest:
            head, _, code = rest.partition(b"\n")
            used, *stores = head.decode().split()
            return Kept(code, frozenset(stores), int(used))
    return None


def put(key: str, kept: Kept) -> None:
    """Keep code; where it cannot be written, nothing is kept."""
    head = " ".join([str(kept.stack_used), *sorted(kept.stores)])
    rest = head.encode() + b"\n" + kept.code
    with suppress(OSError):
        file = _file(key)
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(f".{os.getpid()}")
        new.write_bytes(hashlib.sha256(rest).digest() + rest)
        new.replace(file)
        _forget_oldest(file.parent)


def _is_ours(file: Path) -> bool:
    """Tell whether nobody else could have written a file: it is code that will run."""
    return not hasattr(os, "getuid") or file.stat().st_uid == os.getuid()


def _file(key: str) -> Path:
    return folder() / "machine-code" / f"{key}.o"


def _forget_oldest(kept: Path) -> None:
    files = list(kept.glob("*.o"))
    if len(files) > LIMIT:
        for path in sorted(files, key=lambda p: p.stat().st_mtime)[: LIMIT // 10]:
            path.unlink(missing_ok=True)
