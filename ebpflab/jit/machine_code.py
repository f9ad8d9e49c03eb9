"""LLVM, through llvmlite: IR becomes object code, object code becomes functions.

An object is compiled once for a program and a kind of machine, and kept on disk
(cache.py). Loading one needs no compiler, only LLVM's linker.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from ebpflab.errors import RunError

SPEED = 2  # of LLVM's levels 0 to 3, for IR and for machine code
_MACHINES = re.compile(
    r"(x86_64|aarch64|powerpc64le|loongarch64)"
    r"(-(\w+-)?linux(-gnu|-musl)?)?"
)  # 64 bits, little-endian, ELF: on some others LLVM ends the process


@cache
def missing() -> str:
    """Return why there is no machine code here, or ""."""
    try:
        _binding()
    except ImportError:
        return "no module llvmlite"
    except Exception as error:  # a processor or a system that LLVM cannot serve
        return f"{type(error).__name__}: {error}"
    return ""


@cache
def _binding() -> Any:
    """Return llvmlite's binding, made ready for this machine."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    _host(llvm)
    return llvm


@cache
def _host(llvm: Any) -> Any:
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=SPEED,
        jit=True,
    )


def machine(triple: str = "") -> Any:
    """Return a kind of machine to compile for: this one, or another by its name.

    Raises:  RunError: no LLVM, or none of the machines that our IR suits.
    """
    if missing():
        raise RunError.of("jit-missing", reason=missing())
    llvm = _binding()
    if triple == "":
        return _host(llvm)
    if not isinstance(triple, str) or not _MACHINES.fullmatch(triple):
        raise RunError.of("jit-no-machine", triple=repr(triple))
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    try:
        target = llvm.Target.from_triple(triple)
    except RuntimeError as error:  # an LLVM that was built without it
        raise RunError.of("jit-no-machine", triple=repr(triple)) from error
    return target.create_target_machine(opt=SPEED)


@cache
def this_machine() -> str:
    """Return what machine code depends on, beside the program."""
    llvm = _binding()
    features = llvm.get_host_cpu_features().flatten()
    return f"{llvm.llvm_version_info} {llvm.get_host_cpu_name()} {features}"


def optimized(text: str, machine: Any = None) -> Any:
    """Return IR as an optimized LLVM module.

    Raises:  RunError: LLVM does not take the text, which is our mistake.
    """
    llvm = _binding()
    machine = machine or _host(llvm)
    try:
        module = llvm.parse_assembly(text)
    except RuntimeError as error:
        raise RunError.of("jit-llvm", error=str(error).strip()) from error
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=SPEED)
    options.loop_vectorization = options.slp_vectorization = False
    options.loop_unrolling = True
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return module


def object_of(text: str) -> bytes:
    """Compile IR for this machine. Raises RunError: see optimized."""
    machine = _host(_binding())
    code: bytes = machine.emit_object(optimized(text))
    return code


@dataclass(slots=True)
class Loaded:
    """Object code in memory; its functions live as long as this does."""

    engine: Any

    def address(self, name: str) -> int:
        """Return where a function begins; 0: there is none."""
        found: int = self.engine.get_function_address(name)
        return found


def load(code: bytes) -> Loaded:
    """Load object code that `object_of` made on such a machine."""
    llvm = _binding()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _jit_machine(llvm))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return Loaded(engine)


def _jit_machine(llvm: Any) -> Any:
    """Return a target machine for a linker, which takes it for good."""
    return llvm.Target.from_default_triple().create_target_machine(jit=True)
