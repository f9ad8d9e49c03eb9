"""Exceptions: bpf_throw leaves every function at once, and ends the program.

What the program then answers is the cookie that was thrown; or what a function says to
which a tag of the program's own function gives the cookie:

    SEC("tc") __attribute__((btf_decl_tag("exception_callback:clean_up")))

That function is a global one of the program, which nothing calls. Not here: the call of
bpf_throw (`check_kfunc.py`).

Source: what Linux 6.18 refuses (kernel: bpf_find_exception_callback_insn_off).
"""

from collections.abc import Sequence

from ebpflab.btf import Btf, Kind
from ebpflab.btf.record_search import declaration_tags
from ebpflab.verifier.functions import GLOBAL, Functions
from ebpflab.verifier.prototypes import Argument, What
from ebpflab.verifier.refusal import EEXIST, EINVAL, ENOENT, Refusal
from ebpflab.verifier.subprogs import Subprogs

TAG = "exception_callback:"  # then the function's name
THROW = "bpf_throw"


def add_exception_callback(
    functions: Functions, rows: Sequence[tuple[int, int]], subprogs: Subprogs
) -> None:
    """Make a function of the program the callback, if a tag says so."""
    btf = functions.btf
    name = _tagged(btf, functions.rows[0].type.id) if btf and functions else ""
    if btf and name:
        start = _start(btf, name, rows)
        subprog = subprogs[subprogs.add(start)]
        subprog.is_callback = subprog.is_async_callback = True
        subprog.is_exception_callback = True


def _tagged(btf: Btf, main: int) -> str:
    tags = declaration_tags(btf).get((main, -1), ())
    names = [tag.removeprefix(TAG) for tag in tags if tag.startswith(TAG)]
    if len(names) > 1:
        text = "multiple exception callback tags for main subprog"
        raise Refusal(EEXIST, text)
    return names[0] if names else ""


def _start(btf: Btf, name: str, rows: Sequence[tuple[int, int]]) -> int:
    """Return the first slot of the function with this name."""
    found = btf.find(name, Kind.FUNC)
    if found is None:
        text = f"exception callback '{name}' could not be found in BTF"
        raise Refusal(ENOENT, text)
    if found.linkage != GLOBAL:
        text = f"exception callback '{name}' must have global linkage"
        raise Refusal(EINVAL, text)
    starts = [start for start, type in rows if type == found.id]
    if not starts:
        text = "exception callback type id not found in func_info"
        raise Refusal(EINVAL, text)
    if 0 in starts:
        text = "invalid exception callback insn_off in func_info: 0"
        raise Refusal(EINVAL, text)
    return starts[-1]


def check_exception_callback(arguments: Sequence[Argument]) -> None:
    """Refuse a callback that takes anything but the cookie."""
    if [argument.what for argument in arguments] != [What.NUMBER]:
        text = "exception cb only supports single integer argument"
        raise Refusal(EINVAL, text)
