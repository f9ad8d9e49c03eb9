"""The loop over packets, as LLVM IR: a module for each program type.

It does for each packet what vm/setting.py does.

A packet's region is where it lies among all packets: nothing is copied. The context is
laid out from a template, stack and counts begin anew, and the program runs. Python is
told only of packets for which it had to make a machine (`asked`), in this turn or an
earlier one. Returns the number of the packet where it stopped.
"""

from dataclasses import dataclass

from ebpflab.hooks.hook import Hook
from ebpflab.jit.frame_ir import BACK
from ebpflab.jit.glue_ir import read, write
from ebpflab.jit.layout import FRAMES, REGION
from ebpflab.vm.machine import MAY_GOTO_ROUNDS, STACK_BYTES

COPY, SET = "@llvm.memcpy.p0.p0.i64", "@llvm.memset.p0.i64"
SMALL_STACK = 64  # bytes that are zeroed without a call, used or not
_PACKET_REGION = 2  # vm/setting.py: 1 is the context


@dataclass(frozen=True, slots=True)
class Patch:
    """A context field that depends on the packet."""

    offset: int
    size: int
    from_data: int = -1  # two bytes of the data from here; -1: the length


def patches(hook: Hook, given: frozenset[str] | None) -> tuple[Patch, ...]:
    """Return the context fields that each packet sets anew.

    Args:    given: names of those that are fixed; None: all bytes are.
    """
    if given is None:
        return ()
    lengths = (
        Patch(row.offset, row.size)
        for row in hook.fields
        if row.is_length and row.name not in given
    )
    copies = (
        Patch(row.offset, row.size, row.from_data)
        for row in hook.fields
        if row.from_data >= 0
    )
    return (*lengths, *copies)


def batch_ir(hook: Hook, patches: tuple[Patch, ...], usual: bool) -> str:
    """Return the function that runs packets `first` to `end`.

    Args:    usual: the context has the size that it has in the hook's table.
    """
    zeros = ", ".join("i64 0" for _ in range(7))
    passed = f"i64 0, i64 0, i64 %r1, i64 %r2, {zeros}, i64 %frame"
    return f"""
define i64 @batch(ptr %core, ptr %prog, i64 %first, i64 %end) nounwind {{
entry:
{read("input", "input", kind="ptr")}
{read("offsets", "offsets", kind="ptr")}
{read("verdicts", "verdicts", kind="ptr")}
{read("contexts", "contexts", kind="ptr")}
{read("template", "template", kind="ptr")}
{read("repeat", "repeat")}
{read("first_limit", "first_limit")}
{read("base_regions", "base_regions")}
{read("packet", "first_packet")}
{read("ctx", "ctx")}
{read("ctx_size", "ctx_size")}
{read("ctx_host", "ctx_host", kind="ptr")}
{read("frame", "frames")}
{read("stack", "stacks", kind="ptr")}
{read("stack_used", "stack_used")}
{read("program", "program", kind="ptr")}
  %stack_unused = sub i64 {STACK_BYTES}, %stack_used
  %stack_low = getelementptr i8, ptr %stack, i64 %stack_unused
  %stack_top = getelementptr i8, ptr %stack, i64 {STACK_BYTES - SMALL_STACK}
  %small_stack = icmp ule i64 %stack_used, {SMALL_STACK}
  br label %next
next:
  %i = phi i64 [ %first, %entry ], [ %i_after, %kept ]
  %finished = icmp eq i64 %i, %end
  br i1 %finished, label %stop, label %begin
begin:
  %offset_at = getelementptr i64, ptr %offsets, i64 %i
  %offset = load i64, ptr %offset_at
  %end_at = getelementptr i64, ptr %offset_at, i64 1
  %offset_end = load i64, ptr %end_at
  %whole = sub i64 %offset_end, %offset
  %size = sub i64 %whole, {hook.pulled}
  %data = getelementptr i8, ptr %input, i64 %offset
  %visible = getelementptr i8, ptr %data, i64 {hook.pulled}
  %visible_word = ptrtoint ptr %visible to i64
{write("buffer", "buffer", "%visible_word")}
{write("size", "packet_size", "%size")}
{write("told", "told", "0")}
  br label %turn
turn:
  %t = phi i64 [ 0, %begin ], [ %t_after, %again ]
{read("length", "packet_size")}
{read("table", "regions", kind="ptr")}
{read("host", "buffer")}
{_packet(hook)}
{_context(hook, patches, str(hook.context_size) if usual else "%ctx_size")}
{write("regions", "region_count", "%base_regions")}
{write("newest", "next_region", "%base_regions")}
{chr(10).join(write(f"frame{n}", "frames", "0", n) for n in range(1, FRAMES))}
{write("executed", "executed", "0")}
{write("limit", "limit", "%first_limit")}
{write("rounds", "rounds_left", str(MAY_GOTO_ROUNDS))}
{write("asked", "asked", "0")}
{write("at_packet", "at_packet", "%i")}
{write("at_turn", "at_turn", "%t")}
  br i1 %small_stack, label %small, label %large
small:
  call void {SET}(ptr %stack_top, i8 0, i64 {SMALL_STACK}, i1 false)
  br label %run
large:
  call void {SET}(ptr %stack_low, i8 0, i64 %stack_used, i1 false)
  br label %run
run:
{_arguments(hook)}
  %back = call {BACK} %program(ptr %core, ptr %prog, {passed})
  %ok = extractvalue {BACK} %back, 6
  br i1 %ok, label %ran, label %stop
ran:
  %r0 = extractvalue {BACK} %back, 0
  %verdict_at = getelementptr i64, ptr %verdicts, i64 %i
  store i64 %r0, ptr %verdict_at
{read("asked_now", "asked")}
{read("told_before", "told")}
  %was_asked = or i64 %asked_now, %told_before
  %alone = icmp eq i64 %was_asked, 0
  br i1 %alone, label %again, label %tell
tell:
{read("python", "done", kind="ptr")}
  %answer = call i64 %python(ptr %core, ptr %prog, i64 %i, i64 %t) nounwind
  %failed = icmp eq i64 %answer, 0
  br i1 %failed, label %stop, label %again
again:
  %t_after = add i64 %t, 1
  %all_turns = icmp uge i64 %t_after, %repeat
  br i1 %all_turns, label %turned, label %turn
turned:
  %i_after = add i64 %i, 1
  %keep_ctx = icmp ne ptr %contexts, null
  %to_keep_ctx = and i1 %keep_ctx, %alone
  br i1 %to_keep_ctx, label %keep_context, label %kept
keep_context:
  %ctx_bytes = mul i64 %i, %ctx_size
  %ctx_kept = getelementptr i8, ptr %contexts, i64 %ctx_bytes
  call void {COPY}(ptr %ctx_kept, ptr %ctx_host, i64 %ctx_size, i1 false)
  br label %kept
kept:
  br label %next
stop:
  ret i64 %i
}}
"""


def _packet(hook: Hook) -> str:
    """Let the packet's region, and the context's pointers, be those of this packet."""
    if not hook.has_packet:
        return ""
    row = _PACKET_REGION * REGION["words"]
    lines = [
        write("p", "packet", "%packet"),
        write("p_host", "packet_host", "%host"),
        f"  %near = call i64 @llvm.umin.i64(i64 %length, i64 {hook.linear_max})",
        "  %behind = add i64 %packet, %near",
    ]
    for name, value in (
        ("host", "%host"),
        ("reads", "%length"),
        ("writes", "%length"),
    ):
        place = row + REGION[name]
        lines.append(f"  %row_{name} = getelementptr i64, ptr %table, i64 {place}")
        lines.append(f"  store i64 {value}, ptr %row_{name}, !tbaa !1")
    pointers = [row for row in hook.fields if row.pointer]
    values = {"data": "%packet", "data_meta": "%packet", "data_end": "%behind"}
    for index, field in enumerate(pointers):
        if field.pointer in values:
            value = values[field.pointer]
            lines.append(write(f"pointer{index}", "pointers", value, index))
    return "\n".join(lines)


def _context(hook: Hook, patches: tuple[Patch, ...], size: str) -> str:
    """Lay the context out."""
    passed = f"ptr %ctx_host, ptr %template, i64 {size}, i1 false"
    lines = [f"  call void {COPY}({passed})"]
    for n, patch in enumerate(patches):
        bits = 8 * patch.size
        lines.append(f"  %c{n} = getelementptr i8, ptr %ctx_host, i64 {patch.offset}")
        if patch.from_data < 0:
            lines.append(f"  %l{n} = trunc i64 %length to i{bits}")
        else:
            place = f"getelementptr i8, ptr %data, i64 {patch.from_data}"
            lines.append(f"  %d{n} = {place}")
            lines.append(f"  %h{n} = load i16, ptr %d{n}, align 1")
            lines.append(f"  %l{n} = zext i16 %h{n} to i{bits}")
        lines.append(f"  store i{bits} %l{n}, ptr %c{n}, align 1")
    return "\n".join(lines)


def _arguments(hook: Hook) -> str:
    """Set r1 and r2: the context, or the data and its length."""
    if hook.verified or not hook.has_packet:
        return "  %r1 = add i64 %ctx, 0\n  %r2 = add i64 0, 0"
    return (
        "  %no_data = icmp eq i64 %length, 0\n"
        "  %r1 = select i1 %no_data, i64 0, i64 %packet\n"
        "  %r2 = add i64 %length, 0"
    )
