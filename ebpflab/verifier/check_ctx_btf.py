"""Loads from a context that holds the arguments of a kernel function.

    tp_btf/sched_switch(bool preempt, struct task_struct *prev, ...)
    r6 = *(u64 *)(r1 + 8)        R6=trusted_ptr_task_struct()

Each argument takes 8 bytes or more. A pointer to a structure is known as such, one to
a number or to nothing in particular is a number.

Source: what Linux 6.18 accepts, refuses and writes (kernel: btf_ctx_access).
"""

from ebpflab.btf import Kind, Type
from ebpflab.btf.access import COMPOSITE
from ebpflab.verifier.attachment import Attachment, given_btf
from ebpflab.verifier.bounds import ZERO
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EACCES, Refusal
from ebpflab.verifier.reg_types import Base, Flag, RegType
from ebpflab.verifier.states import UNKNOWN_SCALAR, Rare, RegState

WORD = 8  # bytes
MOST_BYTES = 12 * WORD
NUMBERS = (Kind.INT, Kind.ENUM, Kind.ENUM64, *COMPOSITE)
TAGS = {"user": Flag.MEM_USER, "percpu": Flag.MEM_PERCPU, "rcu": Flag.MEM_RCU}
SPELLED = {  # kinds in the kernel's messages, where not as in C
    Kind.VOID: "UNKNOWN",
    Kind.PTR: "PTR",
}


def load_typed_ctx(env: Env, found: Attachment, off: int, size: int) -> RegState:
    """Judge a load from the context; return what it gives."""
    if not 0 <= off < MOST_BYTES or off % size:
        raise _no_access(off, size)
    if off % WORD:
        text = f"func '{found.name}' offset {off} is not multiple of 8"
        raise _no_access(off, size, text)
    return _Argument(env, found, off, size).value()


def _no_access(off: int, size: int, *before: str) -> Refusal:
    last = f"invalid bpf_context access off={off} size={size}"
    return Refusal(EACCES, "\n".join((*before, last)))


class _Argument:
    """One argument that is read."""

    def __init__(self, env: Env, found: Attachment, off: int, size: int) -> None:
        self.env, self.found, self.off, self.size = env, found, off, size
        self.btf = given_btf(env.btf)
        self.index = self._index()

    def _index(self) -> int:
        """Return which argument stands at the offset."""
        end = 0
        for index, type in enumerate(self.found.slots):
            resolved = self.btf.resolve(type)
            size = WORD if resolved.kind is Kind.PTR else resolved.size
            end += -(-size // WORD) * WORD
            if self.off < end:
                return index
        return len(self.found.slots)

    def value(self) -> RegState:
        type = self.btf.resolve(self._declared())
        if type.kind in NUMBERS:
            return UNKNOWN_SCALAR
        name = f"func '{self.found.name}'"
        if type.kind is not Kind.PTR:
            said = f"{name} arg{self.index} '{type.name}' has type {_spelled(type)}."
            raise self._wrong(f"{said} Only pointer access is allowed")
        if self.size != WORD:
            raise self._wrong(f"{name} size {self.size} must be 8")
        known = self.found.types.get(self.index)
        if known and known.base is Base.PTR_TO_BUF:
            return self._pointer(known)
        target = self.btf.resolve(type.type)
        if target.kind in (Kind.VOID, Kind.INT):
            return UNKNOWN_SCALAR
        if known:
            return self._pointer(known, target)
        return self._structure(type, target)

    def _declared(self) -> int:
        """Return the type of the argument, or of what the function returned."""
        parameters, returns = self.found.parameters, self.found.returns
        if self.index < len(parameters):
            return parameters[self.index].type
        if self.index > len(parameters) or returns < 0:
            text = f"func '{self.found.name}' doesn't have {self.index + 1}-th argument"
            raise self._wrong(text)
        return returns

    def _structure(self, pointer: Type, target: Type) -> RegState:
        who = f"func '{self.found.name}' arg{self.index}"
        if target.kind not in COMPOSITE:
            raise self._wrong(f"{who} type {_spelled(target)} is not a struct")
        kind = f"{_spelled(target)} '{target.name or '(anon)'}'"
        if self.env.log.is_on:
            text = f"{who} has btf_id {target.id} type {kind}"
            self.env.log.tell(f"{text}\n")
        type = self.found.pointers
        if self.index in self.found.nullable:
            type = type | Flag.PTR_MAYBE_NULL
        tag = self.btf.type(pointer.type)
        if tag.kind is Kind.TYPE_TAG and not tag.is_attribute and tag.name != "rcu":
            type = type | TAGS.get(tag.name, Flag.NONE)
        seen = self.found.seen_as.get(target.name)
        return self._pointer(type, self.btf.find(seen) if seen else target)

    def _pointer(self, type: RegType, target: Type | None = None) -> RegState:
        id = self.env.new_id() if type.may_be_null else 0
        if type.base is not Base.PTR_TO_BTF_ID or target is None:
            return RegState(type, ZERO, id=id)
        return btf_pointer(type, target, id)

    def _wrong(self, text: str) -> Refusal:
        return _no_access(self.off, self.size, text)


def _spelled(type: Type) -> str:
    return SPELLED.get(type.kind, type.kind.name)


def btf_pointer(type: RegType, target: Type, id: int = 0) -> RegState:
    """Return a pointer to a structure of the kernel."""
    rare = Rare(btf_type=target.id, btf_name=target.name)
    return RegState(type, ZERO, id=id, rare=rare)
