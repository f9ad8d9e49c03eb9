"""Compiled modules of this process: made once, found again, kept on disk.

Not here: what a module says (module.py), how LLVM is asked (machine_code.py), files
(cache.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from ebpflab.hooks import hook_of
from ebpflab.jit import cache, machine_code
from ebpflab.jit.module import (
    Order,
    Written,
    batch_module,
    glue_module,
    keys_module,
    module_of,
)


@dataclass(slots=True)
class Compiled:
    """The functions of one module, by name."""

    code: machine_code.Loaded
    stores: frozenset[str] = frozenset()
    stack_used: int = 0
    addresses: dict[str, int] = field(default_factory=dict)

    def address(self, name: str) -> int:
        """Return where a function begins."""
        if name not in self.addresses:
            self.addresses[name] = self.code.address(name)
        return self.addresses[name]


_PROGRAMS: dict[tuple[object, ...], Compiled] = {}
_KEPT = 256  # programs


def is_compiled(order: Order) -> bool:
    """Tell whether a program is compiled already in this process."""
    return order.key in _PROGRAMS


def compiled(order: Order) -> Compiled:
    """Return a program's functions. Raises RunError: it cannot be compiled."""
    key = order.key
    found = _PROGRAMS.pop(key, None)
    if found is None:
        found = _found_or_made(key, lambda: module_of(order))
    _PROGRAMS[key] = found  # the newest stands last
    for oldest in list(_PROGRAMS)[:-_KEPT]:
        del _PROGRAMS[oldest]
    return found


@lru_cache
def glue() -> Compiled:
    """Return what every run needs."""
    return _shared(glue_module)


@lru_cache
def batch(type: str, given: frozenset[str] | None, usual: bool) -> Compiled:
    """Return the loop over packets of one program type; see batch_ir.py."""
    return _shared(lambda: batch_module(hook_of(type), given, usual))


@lru_cache
def keys(key_size: int) -> Compiled:
    """Return the functions that search and fill tables of keys of one size."""
    return _shared(lambda: keys_module(key_size))


def _shared(text: Callable[[], str]) -> Compiled:
    written = text()
    return _found_or_made(("shared", written), lambda: Written(written, frozenset(), 0))


def _found_or_made(key: tuple[object, ...], write: Callable[[], Written]) -> Compiled:
    """Return a module that was kept on disk, or compile and keep it."""
    name = cache.key_of(machine_code.this_machine(), *key)
    kept = cache.get(name)
    if kept is None:
        new = write()
        code = machine_code.object_of(new.text)
        kept = cache.Kept(code, new.stores, new.stack_used)
        cache.put(name, kept)
    return Compiled(machine_code.load(kept.code), kept.stores, kept.stack_used)
