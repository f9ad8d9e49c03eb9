"""What a function's prototype asks for: its arguments as the verifier's kinds.

    int f(struct xdp_md *ctx, __u64 n, struct event *e)
          the context         a number  memory of that size, or null

A declaration tag (`__arg_nonnull`, ...) says more than C's type can.

Source: what Linux 6.18 makes of BTF; names are the kernel's (btf_prepare_func_args).
"""

from dataclasses import dataclass
from enum import Enum, auto

from ebpflab.btf import Btf, Kind, Type
from ebpflab.btf.contexts import context_type, is_prog_ctx_type
from ebpflab.btf.kernel import kernel_btf
from ebpflab.btf.record_search import declaration_tags
from ebpflab.program import Program
from ebpflab.verifier.functions import SCALARS, Function
from ebpflab.verifier.refusal import EINVAL, Refusal
from ebpflab.verifier.reg_types import Flag

MOST_ARGUMENTS = 5
EOPNOTSUPP = 95
TAG = "arg:"
TAGS = ("ctx", "trusted", "untrusted", "nonnull", "nullable", "arena")
DYNPTRS = ("bpf_dynptr", "bpf_dynptr_kern")
COMPOSITE = (Kind.STRUCT, Kind.UNION)
PRIMITIVE = (*SCALARS, Kind.VOID)
FREE_CONTEXTS = ("tracepoint", "syscall", "ext")  # any pointer may be tagged
WORD_CONTEXTS = (  # `u64 *ctx` may be tagged
    "raw_tracepoint",
    "raw_tracepoint_writable",
    "tracing",
    "lsm",
    "struct_ops",
)
REGISTERS = "bpf_user_pt_regs_t"


class What(Enum):
    """The kinds of arguments of a global function."""

    NUMBER = auto()
    CTX = auto()
    DYNPTR = auto()
    MEM = auto()
    BTF_ID = auto()
    ARENA = auto()


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its kind, and what else is known of it."""

    what: What
    flags: Flag = Flag.NONE
    size: int = 0  # bytes of memory
    structure: str = ""  # of the kernel's
    type: int = 0  # its number in the kernel's BTF


class Misfit(Exception):
    """The prototype cannot be used; only for a global function is that an error."""


def function_arguments(
    btf: Btf, function: Function, program: Program
) -> tuple[Argument, ...]:
    """Return the arguments of a function, judged by its prototype.

    Raises:  Misfit: a static function's prototype says nothing useful;
             Refusal: a global one's may not be.
    """
    return _Prototype(btf, function, program).arguments()


class _Prototype:
    def __init__(self, btf: Btf, function: Function, program: Program) -> None:
        self.btf, self.function, self.program = btf, function, program
        self.tags = declaration_tags(btf)

    def arguments(self) -> tuple[Argument, ...]:
        name = self.function.name
        prototype = self.btf.type(self.function.type.type)
        if prototype.kind is not Kind.FUNC_PROTO:
            raise Refusal(EINVAL, f"Invalid type of function {name}()")
        count = len(prototype.members)
        if count > MOST_ARGUMENTS:
            what = f"with {count} > {MOST_ARGUMENTS} args. Buggy compiler."
            self._wrong(f"Global function {name}() {what}")
        if self.btf.resolve(prototype.type).kind not in SCALARS:
            what = "doesn't return scalar. Only those are supported."
            self._wrong(f"Global function {name}() {what}")
        return tuple(
            self._argument(number, member.type)
            for number, member in enumerate(prototype.members)
        )

    def _wrong(self, text: str, errno: int = EINVAL) -> None:
        if not self.function.is_global:
            raise Misfit
        raise Refusal(errno, text)

    def _argument(self, number: int, type_id: int) -> Argument:
        tags = self._tags(number)
        type = self.btf.resolve(type_id)
        if type.kind is not Kind.PTR:
            return self._number(number, type, tags)
        target = self.btf.resolve(type.type)
        if "ctx" in tags or self._is_context(type, target):
            if tags - {"ctx"}:
                self._bad_tags(number)
            if tags:
                self._check_context(number, type, target)
            return Argument(What.CTX)
        if target.kind is Kind.STRUCT and target.name in DYNPTRS:
            if tags:
                self._bad_tags(number)
            return Argument(What.DYNPTR)
        if "trusted" in tags:
            return self._trusted(number, target, tags)
        if "untrusted" in tags:
            return self._untrusted(number, target, tags)
        if "arena" in tags:
            if tags - {"arena"}:
                text = f"arg#{number} arena cannot be combined with any other tags"
                raise Refusal(EINVAL, text)
            return Argument(What.ARENA)
        return self._memory(number, target, tags)

    def _tags(self, number: int) -> set[str]:
        found = set()
        for name in self.tags.get((self.function.type.id, number), ()):
            if not name.startswith(TAG):
                continue
            if not self.function.is_global:
                text = f"arg#{number} type tag is not supported in static functions"
                raise Refusal(EOPNOTSUPP, text)
            tag = name.removeprefix(TAG)
            if tag not in TAGS:
                text = f"arg#{number} has unsupported set of tags"
                raise Refusal(EOPNOTSUPP, text)
            found.add(tag)
        return found

    def _bad_tags(self, number: int) -> None:
        raise Refusal(EINVAL, f"arg#{number} has invalid combination of tags")

    def _number(self, number: int, type: Type, tags: set[str]) -> Argument:
        if tags:
            text = f"arg#{number} has pointer tag, but is not a pointer type"
            raise Refusal(EINVAL, text)
        if type.kind not in SCALARS:
            name = self.function.name
            text = f"Arg#{number} type {type.kind.name} in {name}()"
            self._wrong(f"{text} is not supported yet.")
        return Argument(What.NUMBER)

    def _memory(self, number: int, target: Type, tags: set[str]) -> Argument:
        """Any other pointer leads to memory of the type's size."""
        if not self.function.is_global:
            raise Misfit
        if "nullable" in tags:
            self._bad_tags(number)
        size = self.btf.size_of(target.id)
        if not size and target.kind not in COMPOSITE and target.kind is not Kind.ARRAY:
            text = f"arg#{number} reference type('{_spelled(target)}') size"
            raise Refusal(EINVAL, f"{text} cannot be determined: -22")
        flags = Flag.NONE if "nonnull" in tags else Flag.PTR_MAYBE_NULL
        return Argument(What.MEM, flags, size)

    # ---- the context -----------------------------------------------------------

    def _is_context(self, pointer: Type, target: Type) -> bool:
        kernel = kernel_btf()
        if self.program.type == "kprobe" and self._is_registers(pointer):
            return True
        return kernel is not None and is_prog_ctx_type(
            kernel, target, self.program.type
        )

    def _is_registers(self, pointer: Type) -> bool:
        type = self.btf.type(pointer.type)
        while type.kind in (Kind.CONST, Kind.VOLATILE, Kind.RESTRICT, Kind.TYPE_TAG):
            type = self.btf.type(type.type)
        return type.kind is Kind.TYPEDEF and type.name == REGISTERS

    def _check_context(self, number: int, pointer: Type, target: Type) -> None:
        """Judge a pointer that is tagged as the context."""
        kind, kernel = self.program.type, kernel_btf()
        if kind in ("kprobe", "perf_event") and self._is_registers(pointer):
            return
        if target.kind is Kind.VOID or kind in FREE_CONTEXTS:
            return
        if not target.name:
            raise Refusal(EINVAL, f"arg#{number} type doesn't have a name")
        if kind in WORD_CONTEXTS and target.kind is Kind.INT and target.size == 8:
            return
        context = context_type(kernel, kind) if kernel else None
        if context is None or context.kind not in COMPOSITE or not context.name:
            raise Refusal(EINVAL, f"arg#{number} should be void pointer")
        if target.kind not in COMPOSITE or context.name != target.name:
            text = f"arg#{number} should be `struct {context.name} *`"
            raise Refusal(EINVAL, text)

    # ---- pointers into the kernel ----------------------------------------------

    def _trusted(self, number: int, target: Type, tags: set[str]) -> Argument:
        if "nonnull" in tags:
            self._bad_tags(number)
        flags = Flag.PTR_TRUSTED
        if "nullable" in tags:
            flags |= Flag.PTR_MAYBE_NULL
        found = self._kernels(number, target)
        return Argument(What.BTF_ID, flags, structure=found.name, type=found.id)

    def _untrusted(self, number: int, target: Type, tags: set[str]) -> Argument:
        if tags - {"untrusted"}:
            text = f"arg#{number} untrusted cannot be combined with any other tags"
            raise Refusal(EINVAL, text)
        if target.kind in PRIMITIVE:
            return Argument(What.MEM, Flag.MEM_RDONLY | Flag.PTR_UNTRUSTED)
        found = self._kernels(number, target)
        flags = Flag.PTR_UNTRUSTED
        return Argument(What.BTF_ID, flags, structure=found.name, type=found.id)

    def _kernels(self, number: int, target: Type) -> Type:
        """Return the kernel's structure that a type stands for."""
        kernel = kernel_btf()
        name = target.name.partition("___")[0]
        found = list(kernel.find_all(name, target.kind)) if kernel else []
        if len(found) != 1:
            errno, how = (2, "has no matches") if not found else (3, "is ambiguous")
            text = f"arg#{number} reference type('{_spelled(target)}')"
            raise Refusal(errno, f"{text} {how}")
        return found[0]


def _spelled(type: Type) -> str:
    """Write a type's kind and name."""
    if type.kind is Kind.VOID:
        return "UNKNOWN "
    return f"{type.kind.name} {type.name}"
