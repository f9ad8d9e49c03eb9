"""A vmlinux.h of the kernel that programs are for, made from its BTF.

The kit's own vmlinux.h (include/) works everywhere and knows what programs usually
read. Where a program names something else, and this machine has a kernel with BTF, all
of that kernel's types are written into a header, once a kernel. Not here: how a type is
written as C (kernel_types.py).
"""

import hashlib
import os
from contextlib import suppress
from functools import cache
from pathlib import Path

from ebpflab.btf import Btf
from ebpflab.btf.kernel import kernel_btf
from ebpflab.c import cache as kept
from ebpflab.c.kernel_types import as_c, kfuncs
from ebpflab.errors import EbpfLabError

NAME = "vmlinux.h"
NO_KFUNCS = "BPF_NO_KFUNC_PROTOTYPES"  # as in the header that bpftool makes
_FORMAT = 2  # counted up when the header is written otherwise
_TEXT = """\
/* The types of a kernel, made from its BTF. */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
{types}
#pragma clang attribute pop

#ifndef __ksym
#define __ksym __attribute__((section(".ksyms")))
#endif
#ifndef __weak
#define __weak __attribute__((weak))
#endif
#ifndef {guard}
{kfuncs}
#endif

#endif
"""


def kernel_header() -> Path | None:
    """Return the folder that holds the header; None: there is no kernel with BTF.

    None also where its types cannot be read, or no folder can be written.
    """
    with suppress(EbpfLabError, OSError):
        btf = kernel_btf()
        return _written(btf) if btf else None
    return None


@cache
def _written(btf: Btf) -> Path:
    identity = hashlib.sha256(btf.raw).hexdigest()[:16]
    folder = kept.folder() / f"kernel-{identity}-{_FORMAT}"
    file = folder / NAME
    if not file.is_file():
        folder.mkdir(exist_ok=True)
        text = _TEXT.format(types=as_c(btf), kfuncs=kfuncs(btf), guard=NO_KFUNCS)
        new = file.with_suffix(f".{os.getpid()}")
        new.write_text(text, encoding="utf-8")
        new.replace(file)
    return folder
