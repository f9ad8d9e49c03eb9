"""Running a program once in the real kernel, without attaching it anywhere.

`BPF_PROG_TEST_RUN`: the kernel makes a packet of the data, a context around it, and
runs the compiled program. The thread stays on one CPU meanwhile, so that records and
per-CPU values have one place. What Linux 6.18 takes, on x86-64:

  xdp          14 to 73,152 bytes (fewer: EINVAL, more: ENOMEM), of which the first
               3,520 are the linear part, data to data_end; 256 bytes before it, 216
               of them for bpf_xdp_adjust_head. ingress_ifindex is 1 (lo), the queue 0.
               ctx: data = length of the metadata (a multiple of 4, taken from the
               data's front), data_end = end of the linear part, data_meta and
               egress_ifindex 0. The packet afterwards starts with its metadata.
  with an skb  14 to 3,712 bytes (else EINVAL). protocol is the Ethernet type, ifindex
               1, pkt_type 3. sched_cls and sched_act see the Ethernet header; for
               socket_filter, cgroup_skb and lwt_* data starts after it, and in the
               packet afterwards it is 14 zero bytes. ctx: mark, priority, ifindex,
               ingress_ifindex, cb, tstamp, wire_len and gso may be set; any other
               field that is not 0: EINVAL.
  all          a ctx shorter than the structure is filled with zeros; a longer one
               must be zeros (else E2BIG); an ifindex that is not there: ENODEV.

Records through a perf buffer come back exactly as long as they were sent, as many as
its 512 KiB hold (20 bytes each, and their own in whole 8): where more are sent, the
run is an error. Of a program reached by a tail call they keep the kernel's padding.
Records that found no room in a ring buffer are not there, as the program was told.

Source: the kernel's Documentation/bpf/bpf_prog_run.rst; limits as observed.
"""

import ctypes
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, SupportsBytes, TypedDict, Unpack, cast, overload

from ebpflab.errors import LinuxError, ProgramError
from ebpflab.hooks import HOOKS
from ebpflab.linux.context import Context, context_bytes
from ebpflab.linux.cpus import on_one_cpu
from ebpflab.linux.descriptor import Descriptor
from ebpflab.linux.exact import CAPACITY, lengths, sent, witnessed
from ebpflab.linux.livemap import LiveMap
from ebpflab.linux.load import load, loaded, request
from ebpflab.linux.opened import opened_maps
from ebpflab.linux.perf import Sample, perf_buffer, read_samples
from ebpflab.linux.ringbuf import read_ringbuf
from ebpflab.linux.syscall import bpf, errno_words
from ebpflab.maps.rights import ENOTSUPP, errno_name
from ebpflab.program import Program, as_bytes
from ebpflab.results import Event, Run

_ROOM = 1 << 17  # bytes by which a program may make its packet longer

# what a test run of these types takes no part of; for all others it takes both
_WITHOUT_PACKET = {"raw_tracepoint", "raw_tracepoint_writable", "syscall", "sk_lookup"}
_NOT_REPEATED = {"raw_tracepoint", "raw_tracepoint_writable", "syscall"}

Data = bytes | SupportsBytes


class _Options(TypedDict, total=False):
    """The keywords of `run`, for the two ways to call it."""

    ctx: Context | None
    maps: Mapping[str, LiveMap] | None
    repeat: int


@dataclass(frozen=True, slots=True)
class _Ready:
    """A loaded program, its maps in order, and where its records' lengths stand.

    `plain` is the program without the witness, on maps of its own: to measure time.
    """

    program: Descriptor
    maps: list[LiveMap]
    notebook: LiveMap | None = None
    plain: "_Ready | None" = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one test run gave: the fields that the kernel wrote, and the records."""

    fields: dict[str, Any]
    samples: list[Sample]
    lost: int  # records for which a perf buffer had no room
    events: list[Event]  # from ring buffers


@overload
def run(program: Program, data: Data = b"", **options: Unpack[_Options]) -> Run: ...


@overload
def run(
    program: Program, data: Sequence[Data], **options: Unpack[_Options]
) -> list[Run]: ...


def run(
    program: Program,
    data: Data | Sequence[Data] = b"",
    *,
    ctx: Context | None = None,
    maps: Mapping[str, LiveMap] | None = None,
    repeat: int = 1,
) -> Run | list[Run]:
    """Run a program in the real kernel on data, or on each of a list of them.

    Args:    data: bytes, or a list of bytes: then the answer is a list, in order.
             ctx: context fields by name, or the bytes of the context structure, for
             types whose test run takes one.
             maps: live maps by name (from `maps`); the others last for this run.
             Slots that the C text fills with programs are filled in `maps` only.
             repeat: how often; the answer is the last run's, the duration the mean.
    Returns: retval, the packet afterwards, what the maps then hold ({key: value} by
             name) and the records sent (their limits: see above). duration_ns is the
             program's own; 0 if it sends records through a perf buffer and is given
             maps, for then only the run that counts lengths is there to measure.
    Raises:  LinuxError: no Linux, input that it refuses, records lost;
             VerifierError: the program was rejected; ProgramError: not a program.
    """
    _check_arguments(program, repeat)
    several = isinstance(data, list | tuple)
    packets = cast(Sequence[Data], data if several else [data])
    inputs = [
        _inputs(program, as_bytes(packet, "data"), ctx, repeat) for packet in packets
    ]
    with ExitStack() as stack:
        ready = _prepare(program, maps or {}, stack)
        answers = [_answer(program, ready, fields) for fields in inputs]
    return answers if several else answers[0]


def _check_arguments(program: Program, repeat: int) -> None:
    if not isinstance(program, Program):
        raise ProgramError.of("not-a-program", found=type(program).__name__)
    if not isinstance(repeat, int) or not 1 <= repeat < 1 << 32:
        raise LinuxError.of("linux-repeat", repeat=repeat)


def _answer(program: Program, ready: _Ready, fields: dict[str, Any]) -> Run:
    """Run on one input and gather the answer."""
    plain = _observe(program, ready.plain, fields).fields if ready.plain else None
    if ready.notebook:
        ready.notebook[0] = bytes(ready.notebook.value_size)
    seen = _observe(program, ready, fields)
    events = [*_exact(program, seen, ready.notebook), *seen.events]
    timed = seen.fields if not ready.notebook else plain or {"duration": 0}
    room: ctypes.Array[ctypes.c_char] | None = fields.get("data_out")
    hook, retval = HOOKS.get(program.type), seen.fields["retval"]
    return Run(
        retval=retval,
        data=room.raw[: seen.fields["data_size_out"]] if room else b"",
        maps={live.name: live.contents() for live in ready.maps},
        events=tuple(events),
        duration_ns=timed["duration"],
        retval_name=hook.returns.get(retval, "") if hook else "",
    )


def _inputs(
    program: Program, packet: bytes, ctx: Context | None, repeat: int
) -> dict[str, Any]:
    """Return the fields of BPF_PROG_TEST_RUN that say what to run on."""
    context = context_bytes(program, ctx, len(packet))
    fields: dict[str, Any] = {}
    if program.type not in _NOT_REPEATED:
        fields["repeat"] = repeat
    if packet or program.type not in _WITHOUT_PACKET:
        room = ctypes.create_string_buffer(len(packet) + _ROOM)
        fields |= {"data_in": packet, "data_size_in": len(packet)}
        fields |= {"data_out": room, "data_size_out": len(room)}
    if context:
        fields |= {"ctx_in": context, "ctx_size_in": len(context)}
    return fields


def _prepare(program: Program, maps: Mapping[str, LiveMap], stack: ExitStack) -> _Ready:
    """Load a program with its maps; those opened here last as long as the stack.

    Raises:  LinuxError, VerifierError: see `run`.
    """
    observed = witnessed(program)
    if observed:
        live = stack.enter_context(opened_maps(observed.maps, maps))
        with request(observed, live) as fields:
            answer = load(fields, log_level=0)
        if answer.program:
            stack.enter_context(answer.program)
            own = not any(spec.name in maps for spec in program.maps)
            plain = _plain(program, {}, stack) if own else None
            return _Ready(answer.program, live[:-1], live[-1], plain)
    return _plain(program, maps, stack)


def _plain(program: Program, maps: Mapping[str, LiveMap], stack: ExitStack) -> _Ready:
    """Load a program as it is."""
    live = stack.enter_context(opened_maps(program.maps, maps))
    return _Ready(stack.enter_context(loaded(program, live)), live)


def _observe(program: Program, ready: _Ready, fields: dict[str, Any]) -> _Seen:
    """Run on one CPU and take the records.

    Raises:  LinuxError: the kernel refuses to run it.
    """
    with ExitStack() as stack:
        cpu = stack.enter_context(on_one_cpu())
        buffers = {
            live.name: stack.enter_context(perf_buffer(live, cpu))
            for live in ready.maps
            if live.type == "perf_event_array"
        }
        answer = bpf("PROG_TEST_RUN", prog_fd=ready.program.number, **fields)
        if answer.errno:
            raise _refused(program, answer.errno, fields)
        taken = [read_samples(b, name, cpu) for name, b in buffers.items() if b]
        rings = [live for live in ready.maps if live.type == "ringbuf"]
        return _Seen(
            fields=answer.fields,
            samples=sorted(sample for samples, _ in taken for sample in samples),
            lost=sum(lost for _, lost in taken),
            events=[event for live in rings for event in read_ringbuf(live, cpu)],
        )


def _exact(program: Program, seen: _Seen, notebook: LiveMap | None) -> list[Event]:
    """Return the records as long as they were sent, padded where nobody knows.

    Nobody knows where a program reached by a tail call sent some, too.

    Raises:  LinuxError: some were lost.
    """
    count = sent(notebook[0]) if notebook else 0
    if seen.lost or count > CAPACITY:
        here = len(seen.samples)
        lost = max(seen.lost, count - here)
        raise LinuxError.of("linux-records-lost", at=program.name, lost=lost, here=here)
    alone = notebook and count == len(seen.samples)
    known = lengths(notebook[0]) if notebook and alone else []
    return [
        Event(sample.map, sample.cpu, sample.data[:length])
        for sample, length in zip_longest(seen.samples, known)
    ]


def _refused(program: Program, number: int, fields: dict[str, Any]) -> LinuxError:
    name, words = errno_name(number), errno_words(number)
    size = fields.get("data_size_in", 0)
    key = "linux-no-test-run" if number == ENOTSUPP else "linux-run-refused"
    values = {"type": program.type, "name": name, "words": words, "size": size}
    return LinuxError.of(key, at=program.name, errno=number, **values)
