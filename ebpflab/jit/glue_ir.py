"""What stands between compiled functions and Python, as LLVM IR: a module of its own.

Python's functions are called through addresses in `CORE`; `step` lays all registers
down there first. `entry` takes them up from there: so Python calls a function. A
frame of a local call is made here, as long as Python has made no region of its own.
"""

from collections.abc import Iterator

from ebpflab.jit.frame_ir import BACK, RARE
from ebpflab.jit.layout import CORE, REGION
from ebpflab.vm.machine import STACK_BYTES
from ebpflab.vm.memory import REGION_SHIFT

_GIVEN_BACK = 6


def read(to: str, name: str, index: int = 0, kind: str = "i64") -> str:
    """Return the lines that read a word of CORE into %to."""
    place = f"  %{to}_at = getelementptr i64, ptr %core, i64 {CORE[name] + index}\n"
    return f"{place}  %{to} = load {kind}, ptr %{to}_at, !tbaa !1"


def write(what: str, name: str, value: str, index: int = 0) -> str:
    """Return the lines that write a word of CORE; `what` names the place."""
    place = f"  %{what}_to = getelementptr i64, ptr %core, i64 {CORE[name] + index}\n"
    return f"{place}  store i64 {value}, ptr %{what}_to, !tbaa !1"


def glue_ir() -> str:
    """Return the functions that every program needs."""
    registers = ", ".join(f"i64 %r{n}" for n in range(11))
    spilled = "\n".join(write(f"s{n}", "regs", f"%r{n}", n) for n in range(11))
    count = "i64 %pc, i64 %executed"
    here = "ptr %core, ptr %prog, i64 %pc, i64 %depth"
    return f"""
define {RARE} i64 @access({here}, i64 %address, i64 %value) nounwind {{
{_asked("python_access", f"{here}, i64 %address, i64 %value")}
}}
define i64 @step({here}, i64 %executed, {registers}) nounwind {{
{spilled}
{write("count", "executed", "%executed")}
{_asked("python_step", here)}
}}
define {RARE} i64 @over(i64 %core_word, i64 %prog_word, {count}) nounwind {{
  %core = inttoptr i64 %core_word to ptr
  %prog = inttoptr i64 %prog_word to ptr
{_asked("python_over", f"ptr %core, ptr %prog, {count}")}
}}
define i64 @done(ptr %core, ptr %prog, i64 %packet, i64 %turn) nounwind {{
{_asked("python_done", "ptr %core, ptr %prog, i64 %packet, i64 %turn")}
}}
define i64 @frame(ptr %core, i64 %depth) nounwind {{
entry:
  %frames = getelementptr i64, ptr %core, i64 {CORE["frames"]}
  %frame_at = getelementptr i64, ptr %frames, i64 %depth
  %frame = load i64, ptr %frame_at, !tbaa !1
  %there = icmp ne i64 %frame, 0
  br i1 %there, label %known, label %new
known:
  ret i64 %frame
new:
{read("number", "next_region")}
  %python = icmp eq i64 %number, 0
  br i1 %python, label %none, label %make
none:
  ret i64 0
make:
  %base = shl i64 %number, {REGION_SHIFT}
  %made = add i64 %base, {STACK_BYTES}
  store i64 %made, ptr %frame_at, !tbaa !1
  %after = add i64 %number, 1
{write("next", "next_region", "%after")}
{write("regions", "region_count", "%after")}
  %hosts = getelementptr i64, ptr %core, i64 {CORE["stacks"]}
  %host_at = getelementptr i64, ptr %hosts, i64 %depth
  %host = load ptr, ptr %host_at, !tbaa !1
{read("table", "regions", kind="ptr")}
  %words = mul i64 %number, {REGION["words"]}
  %row = getelementptr i64, ptr %table, i64 %words
  %row_host = getelementptr i64, ptr %row, i64 {REGION["host"]}
  store ptr %host, ptr %row_host, !tbaa !1
  %row_reads = getelementptr i64, ptr %row, i64 {REGION["reads"]}
  store i64 {STACK_BYTES}, ptr %row_reads, !tbaa !1
  %row_writes = getelementptr i64, ptr %row, i64 {REGION["writes"]}
  store i64 {STACK_BYTES}, ptr %row_writes, !tbaa !1
  call void @llvm.memset.p0.i64(ptr %host, i8 0, i64 {STACK_BYTES}, i1 false)
  ret i64 %made
}}
"""


def _asked(name: str, passed: str) -> str:
    """Return the lines that call Python; an answer that never came is a failure."""
    return "\n".join(
        [
            write("unanswered", "answer", "0"),
            read("python", name, kind="ptr"),
            f"  call void %python({passed})",
            read("answer", "answer"),
            "  ret i64 %answer",
        ]
    )


def entry_ir() -> str:
    """Return the function by which Python calls a compiled one."""
    read_ = "\n".join(read(f"r{n}", "regs", n) for n in range(11))
    passed = ", ".join(f"i64 %r{n}" for n in range(11))
    return f"""
define i64 @entry(ptr %core, ptr %prog, i64 %depth, ptr %f) nounwind {{
{read_}
  %back = call {BACK} %f(ptr %core, ptr %prog, i64 %depth, {passed})
{chr(10).join(_given_back())}
  %ok = extractvalue {BACK} %back, {_GIVEN_BACK}
  %answer = zext i1 %ok to i64
  ret i64 %answer
}}
"""


def _given_back() -> Iterator[str]:
    for n in range(_GIVEN_BACK):
        yield f"  %b{n} = extractvalue {BACK} %back, {n}"
        yield write(f"b{n}", "regs", f"%b{n}", n)
