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

Source: the kernel's Documentation/bpf/bpf_prog_run.rst; limits as observed.
"""

import ctypes
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, SupportsBytes

from ebpflab.errors import LinuxError
from ebpflab.hooks import HOOKS
from ebpflab.linux.available import require_linux
from ebpflab.linux.cpus import on_one_cpu
from ebpflab.linux.descriptor import Descriptor
from ebpflab.linux.exact import lengths, witnessed
from ebpflab.linux.livemap import LiveMap, opened_maps
from ebpflab.linux.load import load, request, verdict_of
from ebpflab.linux.perf import Sample, perf_buffer, read_samples
from ebpflab.linux.ringbuf import read_ringbuf
from ebpflab.linux.syscall import ENOTSUPP, bpf, errno_name, errno_words
from ebpflab.program import Program, as_bytes
from ebpflab.results import Event, Run

_ROOM = 1 << 17  # bytes by which a program may make its packet longer

# what a test run of these types takes no part of; for all others it takes both
_WITHOUT_PACKET = {"raw_tracepoint", "raw_tracepoint_writable", "syscall", "sk_lookup"}
_NOT_REPEATED = {"raw_tracepoint", "raw_tracepoint_writable", "syscall"}


@dataclass(frozen=True, slots=True)
class _Ready:
    """A loaded program, its maps in order, and where its records' lengths stand."""

    program: Descriptor
    maps: list[LiveMap]
    notebook: LiveMap | None


def run(
    program: Program,
    data: bytes | SupportsBytes = b"",
    *,
    ctx: bytes | SupportsBytes | None = None,
    maps: Mapping[str, LiveMap] | None = None,
    repeat: int = 1,
) -> Run:
    """Run a program in the real kernel.

    Args:    ctx: the context structure's bytes, for types whose test run takes one.
             maps: live maps by name (from `maps`); the others last for this run.
             repeat: how often; the answer is the last run's, the duration the mean.
    Returns: retval, the packet afterwards, what the maps then hold ({key: value} by
             name) and the records sent, exactly as long as the program sent them.
    Raises:  LinuxError: no Linux, or input that it refuses; VerifierError: the
             program was rejected.
    """
    packet, context = as_bytes(data, "data"), as_bytes(ctx or b"", "ctx")
    fields = _inputs(program, packet, context, repeat)
    with ExitStack() as stack:
        ready = _prepare(program, maps or {}, stack)
        written, events = _observe(program, ready, fields, stack)
        contents = {live.name: live.contents() for live in ready.maps}
    return _answer(program, written, fields.get("data_out"), contents, events)


def _answer(
    program: Program,
    written: dict[str, Any],
    room: ctypes.Array[ctypes.c_char] | None,
    contents: dict[str, dict[bytes, bytes]],
    events: list[Event],
) -> Run:
    hook, retval = HOOKS.get(program.type), written["retval"]
    return Run(
        retval=retval,
        data=room.raw[: written["data_size_out"]] if room else b"",
        maps=contents,
        events=tuple(events),
        duration_ns=written["duration"],
        retval_name=hook.returns.get(retval, "") if hook else "",
    )


def _inputs(
    program: Program, packet: bytes, context: bytes, repeat: int
) -> dict[str, Any]:
    """Return the fields of BPF_PROG_TEST_RUN that say what to run on.

    Raises:  LinuxError: not a number of runs.
    """
    if not isinstance(repeat, int) or not 1 <= repeat < 1 << 32:
        raise LinuxError.of("linux-repeat", repeat=repeat)
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
            return _Ready(answer.program, live[:-1], live[-1])
    live = stack.enter_context(opened_maps(program.maps, maps))
    with request(program, live) as fields:
        answer = load(fields, log_level=1)
    if answer.program is None:
        if not answer.log:
            require_linux()
        verdict_of(answer).check()
    assert answer.program is not None
    stack.enter_context(answer.program)
    return _Ready(answer.program, live, None)


def _observe(
    program: Program, ready: _Ready, fields: dict[str, Any], stack: ExitStack
) -> tuple[dict[str, Any], list[Event]]:
    """Run on one CPU; return the fields that the kernel wrote, and the records."""
    cpu = stack.enter_context(on_one_cpu())
    rings = {
        live.name: stack.enter_context(perf_buffer(live, cpu))
        for live in ready.maps
        if live.type == "perf_event_array"
    }
    answer = bpf("PROG_TEST_RUN", prog_fd=ready.program.number, **fields)
    if answer.errno:
        raise _refused(program, answer.errno, fields)
    samples = sorted(
        sample
        for name, ring in rings.items()
        if ring is not None
        for sample in read_samples(ring, name, cpu)
    )
    events = _exact(samples, ready.notebook)
    for live in ready.maps:
        if live.type == "ringbuf":
            events += read_ringbuf(live, cpu)
    return answer.fields, events


def _exact(samples: Sequence[Sample], notebook: LiveMap | None) -> list[Event]:
    """Return the records as long as they were sent, padded where nobody knows."""
    known = lengths(notebook[0]) if notebook else []
    return [
        Event(sample.map, sample.cpu, sample.data[:length])
        for sample, length in zip_longest(samples, known[: len(samples)])
    ]


def _refused(program: Program, number: int, fields: dict[str, Any]) -> LinuxError:
    name, words = errno_name(number), errno_words(number)
    size = fields.get("data_size_in", 0)
    key = "linux-no-test-run" if number == ENOTSUPP else "linux-run-refused"
    values = {"type": program.type, "name": name, "words": words, "size": size}
    return LinuxError.of(key, at=program.name, errno=number, **values)
