"""Which helpers a program may call: what Linux 6.18 answers, read from a table.

Mostly the program type decides; for a few helpers also the attach type, and some are
only for loaders that have CAP_PERFMON. Source: program_types.toml, which is the
kernel's own answer.
"""

import tomllib
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("program_types.toml")
ALL = "*"  # every program type
ATTACHED = "/"  # between a program type and an attach type
# Programs that need trampolines have what those of tracepoints have, and these. (The
# kernel that answered has none, and loads no such program.)
TRACEPOINT = "tracing/trace_raw_tp"
_OF_FUNCTIONS = "get_func_arg get_func_arg_cnt get_func_ip get_attach_cookie"
_OF_RESULTS = f"{_OF_FUNCTIONS} get_func_ret"
_STORAGE = "storage_get storage_delete"
WITH_TRAMPOLINES = {
    "tracing/trace_fentry": _OF_FUNCTIONS.split(),
    "tracing/trace_fexit": _OF_RESULTS.split(),
    "tracing/modify_return": _OF_RESULTS.split(),
    "lsm": [
        *f"{_OF_RESULTS} bprm_opts_set ima_inode_hash ima_file_hash".split(),
        *(f"{of}_{how}" for of in ("inode", "sk") for how in _STORAGE.split()),
    ],
}


@cache
def _types_of(part: str = "types") -> dict[str, frozenset[str]]:
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))[part]
    return {name: frozenset(types.split()) for name, types in rows.items()}


def may_call(
    program_type: str, helper: str, attach_type: str | None = None, perfmon: bool = True
) -> bool:
    """Tell whether programs of this type have the helper of this name.

    Args:    attach_type: for a few helpers it decides; None = any that has it.
             perfmon: whether who loads the program has CAP_PERFMON.
    """
    if not perfmon and _is_among(program_type, _types_of("perfmon").get(helper)):
        return False
    types = _types_of().get(helper, frozenset())
    if _is_among(program_type, types):
        return True
    place = program_type if program_type == "lsm" else f"{program_type}/{attach_type}"
    if place in WITH_TRAMPOLINES:
        there = TRACEPOINT in types or "tracing" in types
        return there or helper in WITH_TRAMPOLINES[place]
    start = program_type + ATTACHED
    if attach_type is None:
        return any(row.startswith(start) for row in types)
    return start + attach_type in types


def _is_among(program_type: str, types: frozenset[str] | None) -> bool:
    return types is not None and (ALL in types or program_type in types)
