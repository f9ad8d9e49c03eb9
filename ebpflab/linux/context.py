"""The context of a run, laid out from fields by name as BPF_PROG_TEST_RUN takes it.

What is not given stays 0, for Linux refuses most fields that are not; only a field
with a default of its own (`ingress_ifindex` is 1) is set to it. Not here: what each
type's context has (`hooks/`). Source: Documentation/bpf/bpf_prog_run.rst.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import SupportsBytes

from ebpflab.errors import LinuxError
from ebpflab.hooks import ContextField, Hook, hook_of
from ebpflab.program import Program, as_bytes

Context = Mapping[str, int] | bytes | SupportsBytes


def context_bytes(program: Program, given: Context | None, size: int) -> bytes:
    """Return the context's bytes for a packet of `size` bytes; b"" = none given.

    Raises:  LinuxError: a field that no run takes, a number that does not fit;
             RunError: the kit does not know the fields of this type; ProgramError:
             neither fields nor bytes.
    """
    if given is None:
        return b""
    if not isinstance(given, Mapping):
        return as_bytes(given, "ctx")
    return _laid_out(hook_of(program.type), given, size) if given else b""


def _laid_out(hook: Hook, given: Mapping[str, int], size: int) -> bytes:
    settable = {row.name: row for row in hook.fields if row.settable}
    for name, value in given.items():
        if name not in settable or not _fits(value, settable[name]):
            raise _unknown(hook, f"{name}={value!r}", name, list(settable))
    values = {name: row.default for name, row in settable.items()} | dict(given)
    if hook.type == "xdp":  # a test run wants to be told where the packet ends
        values["data_end"] = min(size, hook.linear_max)
    buffer = bytearray(hook.context_size)
    for name, value in values.items():
        row = hook.field(name)
        buffer[row.offset : row.offset + row.size] = value.to_bytes(row.size, "little")
    return bytes(buffer)


def _fits(value: object, row: ContextField) -> bool:
    return isinstance(value, int) and 0 <= value < 1 << 8 * row.size


def _unknown(hook: Hook, found: str, name: object, known: list[str]) -> LinuxError:
    close = get_close_matches(str(name), known, n=1, cutoff=0) or ["-"]
    return LinuxError.of(
        "linux-ctx-field",
        context=hook.context or hook.type,
        found=found,
        known=", ".join(known) or "-",
        close=close[0],
    )
