"""BTF that Linux is told: loading a program's, and looking up what it is attached to.

Not here: reading or writing BTF (`btf/`). Source: the kernel's
Documentation/bpf/btf.rst.
"""

from weakref import WeakValueDictionary

from ebpflab.btf import Btf, Kind
from ebpflab.btf.kernel import USUAL_FILE, running_btf
from ebpflab.btf.targets import find_target, is_attached_by_type, member_index
from ebpflab.btf.types import Type
from ebpflab.errors import LinuxError
from ebpflab.linux.descriptor import Descriptor
from ebpflab.linux.syscall import bpf, checked
from ebpflab.program import MapSpec, Program

_AROUND = "bpf_struct_ops_"  # before the name of a structure that programs may fill


# What Linux was given and somebody still holds. Types that were given twice are others
# for Linux: a map and a program that share an object must share its types.
_GIVEN: WeakValueDictionary[bytes, Descriptor] = WeakValueDictionary()


def load_btf(blob: bytes, at: str) -> Descriptor:
    """Give BTF to the kernel; it is closed when the last who holds it lets it go.

    Raises:  LinuxError: it refuses.
    """
    if found := _held(blob):
        return found
    number = checked(at, "BTF_LOAD", btf=blob, btf_size=len(blob)).value
    _GIVEN[blob] = given = Descriptor(number)
    return given


def _held(blob: bytes) -> Descriptor | None:
    found = _GIVEN.get(blob)
    return found if found and found.number >= 0 else None


def try_btf(blob: bytes | None) -> Descriptor | None:
    """Give a program's BTF to the kernel; None if there is none or it refuses.

    A program needs none to be judged: an older kernel that does not know a newer kind
    of type judges it without.
    """
    if blob is None:
        return None
    if found := _held(blob):
        return found
    answer = bpf("BTF_LOAD", btf=blob, btf_size=len(blob))
    if answer.errno:
        return None
    _GIVEN[blob] = given = Descriptor(answer.value)
    return given


def target_fields(program: Program) -> dict[str, int]:
    """Return the fields of BPF_PROG_LOAD that name a target by its type.

    For struct_ops, the attach type is the number of the structure's member.

    Raises:  LinuxError: the running kernel has no such function, tracepoint, structure
             or member; a freplace program, whose target is another loaded program.
    """
    if program.type == "ext":
        raise LinuxError.of("linux-ext", at=program.name)
    kind = (program.type, program.expected_attach_type)
    if not program.attach_to or not is_attached_by_type(*kind):
        return {}
    found = find_target(kernel_types(), *kind, program.attach_to)
    if found is None:
        raise LinuxError.of("linux-no-target", at=program.name, name=program.attach_to)
    fields = {"attach_btf_id": found.id}
    if program.type == "struct_ops":
        fields["expected_attach_type"] = _member(program, found)
    return fields


def _member(program: Program, structure: Type) -> int:
    index = member_index(structure, program.attach_to or "")
    if index < 0:
        raise LinuxError.of("linux-no-target", at=program.name, name=program.attach_to)
    return index


def kernel_types() -> Btf:
    """Return the running kernel's types. Raises LinuxError: it tells none."""
    btf = running_btf()
    if btf is None:
        raise LinuxError.of("linux-no-btf", at=str(USUAL_FILE))
    return btf


def struct_ops_fields(spec: MapSpec) -> dict[str, int]:
    """Return the fields of BPF_MAP_CREATE for a structure of functions.

    Linux has a structure of its own around it, which it wants by number and size.

    Raises:  LinuxError: `spec.value_type` is no structure that the kernel lets programs
             fill.
    """
    name = Btf.parse(spec.btf or b"").type(spec.value_type).name
    btf = kernel_types()
    found = btf.find(f"{_AROUND}{name}", Kind.STRUCT) if name else None
    if found is None:
        raise LinuxError.of("linux-struct-ops", at=spec.name, name=name or "-")
    return {"btf_vmlinux_value_type_id": found.id, "value_size": found.size}
