"""Every tier gives what the interpreter gives: answers, faults, the budget, maps.

The interpreter is compared with Linux elsewhere; here the tiers are compared with it,
and machine code with Linux itself. Random programs are those of
`tests/soundness/engines.py`, fewer; each fault has a program that makes it. The
comparison is tested by a planted error.
"""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import ebpflab as lab
from ebpflab.isa import operations
from ebpflab.jit import blocks_ir, compiled, machine_code, source_insns
from ebpflab.jit.source import source_of
from tests.engine import test_vm_fuzz
from tests.engine.test_vm_against_linux import program_text
from tests.soundness import engines as soundness
from tests.soundness.engines import BUDGET, PACKET, differences, outcome

ROOT = Path(__file__).parents[2]
MAPS = (
    lab.MapSpec("array", 4, 12, 4, name="array"),
    lab.MapSpec("hash", 4, 8, 4, name="hash"),
)
ENGINES = ("source", "jit")
TO_PACKET = """r6 = r1
r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
"""
FAULTS = {  # what goes wrong: the program, the slot
    "null": ("r0 = 0\nr0 = *(u64 *)(r0 +8)\nexit", 1),
    "a number": ("r0 = 7 ll\nr0 <<= 40\n*(u8 *)(r0 +8) = 1\nexit", 3),
    "after the packet": (f"{TO_PACKET}r0 = *(u32 *)(r3 -2)\nexit", 3),
    "before the packet": (f"{TO_PACKET}*(u16 *)(r2 -1) = 7\nexit", 3),
    "above the stack": ("r1 = 1\n*(u64 *)(r10 +0) = r1\nexit", 1),
    "below the stack": ("r0 = *(u8 *)(r10 -513)\nexit", 0),
    "part of a pointer": ("r0 = *(u16 *)(r1 +0)\nexit", 0),
    "behind the context": ("r0 = *(u32 *)(r1 +24)\nexit", 0),
    "the context is read-only": ("*(u32 *)(r1 +16) = 1\nexit", 0),
    "an atomic nowhere": ("r0 = 1\nlock *(u64 *)(r0 +0) += r0\nexit", 1),
    "across a value's end": (
        "*(u32 *)(r10 -4) = 2\nr2 = r10\nr2 += -4\nr1 = array ll\n"
        "call bpf_map_lookup_elem\nr0 = *(u64 *)(r0 +8)\nexit",
        6,
    ),
    "a map is no memory": ("r1 = hash ll\nr0 = *(u8 *)(r1 +0)\nexit", 2),
    "an endless loop": ("again: goto again", 0),
    "an endless branch": ("r1 = 0\nagain: r0 += 1\nif r1 == 0 goto again\nexit", 2),
    "too deep": ("call f\nexit\nf: call f\nexit", 2),
    "a deep loop": ("call f\nexit\nf: r0 += 1\ngoto f", 3),
    "calls without end": ("again: call f\ngoto again\nf: exit", 1),
    "no helper": ("call 9999\nexit", 0),
    "past the end": ("r0 = 1", 1),
    "the moved packet": (
        f"{TO_PACKET}r7 = r2\nr1 = r6\nr2 = 4\ncall bpf_xdp_adjust_head\n"
        "r0 = *(u8 *)(r7 +0)\nexit",
        7,
    ),
    "in a callback": (
        "r1 = 3\nr2 = f ll\nr3 = 0\nr4 = 0\ncall bpf_loop\nexit\n"
        "f: r0 = *(u8 *)(r2 +0)\nexit",
        7,
    ),
    "callbacks without end": (
        "again: r1 = 9\nr2 = f ll\nr3 = 0\nr4 = 0\ncall bpf_loop\ngoto again\n"
        "f: r0 = 0\nexit",
        8,
    ),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let each test have a cache of its own."""
    monkeypatch.setenv("EBPFLAB_CACHE", str(tmp_path))
    compiled._PROGRAMS.clear()
    yield tmp_path
    compiled._PROGRAMS.clear()


@pytest.fixture(autouse=True)
def machine_code_or_skip() -> None:
    if machine_code.missing():
        pytest.skip(machine_code.missing())


def program(text: str, **options: object) -> lab.Program:
    options = {"type": "xdp", "maps": MAPS, **options}
    return lab.assemble(text, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_the_same_everywhere(name: str) -> None:
    text, pc = FAULTS[name]
    faulty = program(text)
    expected = outcome(faulty, PACKET, "interpreter", budget=BUDGET)
    assert expected[0] == "VmFault"
    assert expected[2] == pc
    for engine in ENGINES:
        assert outcome(faulty, PACKET, engine, budget=BUDGET) == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_a_fault_tells_its_steps(engine: str) -> None:
    with pytest.raises(lab.VmFault) as caught:
        lab.run(program(FAULTS["after the packet"][0]), PACKET, engine=engine)
    assert caught.value.timeline.outcome.fault_pc == 3
    assert caught.value.at.startswith("insn 3")


@pytest.mark.parametrize("family", soundness.PROGRAMS)
def test_random_programs_are_equal_everywhere(family: str) -> None:
    for seed in range(15):
        assert differences(family, seed, linux=False) == []


def test_machine_code_gives_what_linux_gives(linux: None) -> None:
    for seed in range(1_000, 1_015):
        for family in ("arithmetic", "xdp", "sched_cls"):
            assert differences(family, seed, linux=True) == []


@pytest.mark.parametrize("module", [blocks_ir, source_insns])
def test_a_wrong_row_is_found(module: object, monkeypatch: pytest.MonkeyPatch) -> None:
    row = operations.ALU_BY_CODE[0xA, 0]
    wrong = dataclasses.replace(row, meaning=lambda dst, src, bits: dst | src)
    rows = {**operations.ALU_BY_CODE, (0xA, 0): wrong}
    monkeypatch.setattr(module, "ALU_BY_CODE", rows)
    source_of.cache_clear()
    found = [
        line for s in range(12) for line in differences("arithmetic", s, linux=False)
    ]
    source_of.cache_clear()
    assert found


def test_unverified_programs_do_not_kill_the_process() -> None:
    """In a process of its own: it would be killed instead of this one."""
    command = [sys.executable, "-m", "tests.soundness.engines", "--here"]
    options = ["--families", "unverified", "--seeds", "5000:5100"]
    done = subprocess.run(
        [*command, *options], cwd=ROOT, capture_output=True, text=True, env=os.environ
    )
    assert done.returncode == 0, done.stdout + done.stderr


# ---- what only some programs do ------------------------------------------------


def agree(program: lab.Program, data: object = PACKET, **options: object) -> object:
    """Run in all engines; return what they all gave."""
    expected = outcome(program, data, "interpreter", **options)
    for engine in ENGINES:
        assert outcome(program, data, engine, **options) == expected, engine
    return expected


def test_calls_pass_all_registers_and_give_back_six() -> None:
    text = (
        "r0 = 1\nr1 = 2\nr6 = 3\nr9 = 4\ncall f\nr0 += r1\nr0 += r2\nr0 += r6\nexit\n"
        "f: r0 += r9\nr0 <<= 8\nr1 = r6\nr2 = 77\nr6 = 99\n*(u64 *)(r10 -8) = r6\nexit"
    )
    answers, _ = agree(program(text))
    assert answers[0][0] == (5 << 8) + 3 + 77 + 3


def test_addresses_are_the_same_words_everywhere() -> None:
    text = "call f\nr0 >>= 16\nexit\nf: r0 = r10\nexit"
    assert agree(program(text))
    for helper in ("bpf_ktime_get_ns", "bpf_get_smp_processor_id"):
        assert agree(program(f"call {helper}\n{text}", type="raw"))


def test_a_frame_pointer_that_was_changed_is_a_register() -> None:
    text = "r10 += -8\nr1 = 5\n*(u64 *)(r10 +0) = r1\nr0 = *(u64 *)(r10 +0)\nexit"
    assert agree(program(text, type="raw"))[0][0][0] == 5


def test_tail_calls_share_registers_and_frames() -> None:
    called = lab.assemble(
        "r0 = *(u64 *)(r10 -8)\nr0 += r7\nexit", type="xdp", name="called"
    )
    text = (
        "r7 = 5\nr2 = 9\n*(u64 *)(r10 -8) = r2\nr2 = programs ll\nr3 = 0\n"
        "call bpf_tail_call\nr0 = 1\nexit"
    )
    spec = lab.MapSpec("prog_array", 4, 4, 2, name="programs")
    first = lab.assemble(text, type="xdp", maps=[spec])
    for filled in (False, True):
        answers = []
        for engine in ("interpreter", *ENGINES):
            maps = lab.maps(first)
            if filled:
                maps["programs"][0] = called
            answers.append(lab.run(first, PACKET, maps=maps, engine=engine).retval)
        assert answers == [14 if filled else 1] * 3


def test_hash_lookups_see_every_change() -> None:
    """The mirror of the keys follows helpers, userspace and a run that is undone."""
    lookup = (
        "r6 = *(u32 *)(r1 +0)\nr7 = *(u32 *)(r6 +0)\n*(u32 *)(r10 -4) = r7\n"
        "r2 = r10\nr2 += -4\nr1 = hash ll\ncall bpf_map_lookup_elem\n"
        "if r0 == 0 goto put\nr1 = *(u64 *)(r0 +0)\nr1 += 1\n*(u64 *)(r0 +0) = r1\n"
        "if r1 != 3 goto out\nr2 = r10\nr2 += -4\nr1 = hash ll\n"
        "call bpf_map_delete_elem\nr0 = 9\nexit\nput: r1 = hash ll\nr2 = r10\n"
        "r2 += -4\n*(u64 *)(r10 -16) = 1\nr3 = r10\nr3 += -16\nr4 = 0\n"
        "call bpf_map_update_elem\nexit\nout: r0 = r1\nexit"
    )
    counting = program(lookup)
    packets = [bytes([n % 5, n % 2]) + bytes(20) for n in range(60)]
    agree(counting, packets)
    maps = lab.maps(counting)
    for key in (1, 3):
        maps["hash"][key] = 2
        run = lab.run(counting, bytes([key]) + bytes(20), maps=maps, engine="jit")
        assert run.retval == 9
        assert key.to_bytes(4, "little") not in maps["hash"]


def test_percpu_and_odd_keys_are_found() -> None:
    for key_size in (1, 3, 4, 6, 8, 13, 16, 20, 64):
        spec = lab.MapSpec("percpu_hash", key_size, 8, 300, name="odd")
        text = (
            "r2 = *(u32 *)(r1 +0)\nr1 = odd ll\ncall bpf_map_lookup_elem\n"
            "if r0 == 0 goto out\nr0 = *(u64 *)(r0 +0)\nout: exit"
        )
        looking = lab.assemble(text, type="xdp", maps=[spec])
        maps = lab.maps(looking)
        keys = [bytes([n]) * key_size for n in range(200)]
        for value, key in enumerate(keys):
            maps["odd"][key] = value
        packets = [key.ljust(64, b"\7") for key in (*keys, bytes([255]) * 64)]
        runs = lab.run(looking, packets, maps=maps, engine="jit")
        assert [run.retval for run in runs] == [*range(200), 0]


# ---- batches -------------------------------------------------------------------

MIXED = (
    f"{TO_PACKET}r0 = *(u8 *)(r2 +1)\nr4 = r2\nr4 += 20\nif r4 > r3 goto out\n"
    "*(u8 *)(r2 +0) = 9\nr5 = r0\nr5 &= 3\nif r5 != 0 goto out\nr1 = r6\nr2 = -4\n"
    "call bpf_xdp_adjust_head\nr2 = *(u32 *)(r6 +0)\nr1 = 5\n*(u32 *)(r2 +0) = r1\n"
    "r0 = 2\nout: exit"
)


def test_a_batch_is_what_its_packets_are() -> None:
    packets = [bytes([n]) * (14 + n) for n in range(80)]
    assert agree(program(MIXED), packets)
    assert agree(program(MIXED), packets[:3], repeat=5)
    assert agree(dataclasses.replace(program(MIXED), type="xdp"), [])


def test_turns_of_which_python_does_only_some() -> None:
    """What it did to the packet in an early turn is there after the last one."""
    store = (
        "r6 = r1\nr2 = *(u32 *)(r1 +76)\nr3 = *(u32 *)(r1 +80)\nr0 = 0\nr4 = r2\n"
        "r4 += 1\nif r4 > r3 goto out\nr0 = *(u8 *)(r2 +0)\nif r0 == 9 goto out\n"
        "*(u8 *)(r10 -1) = 9\nr1 = r6\nr2 = 0\nr3 = r10\nr3 += -1\nr4 = 1\nr5 = 0\n"
        "call bpf_skb_store_bytes\nout: exit"
    )
    grow = (
        f"{TO_PACKET}r0 = *(u8 *)(r2 +0)\nif r0 == 9 goto out\n*(u8 *)(r2 +0) = 9\n"
        "r1 = r6\nr2 = 40\ncall bpf_xdp_adjust_tail\nout: r0 = 2\nexit"
    )
    shrink = grow.replace("r2 = 40", "r2 = -7")
    ring = lab.MapSpec("ringbuf", 0, 0, 4096, name="ring")
    send = (
        f"{TO_PACKET}r7 = *(u8 *)(r2 +0)\nr0 = 2\nif r7 == 9 goto out\n"
        "*(u8 *)(r2 +0) = 9\n*(u64 *)(r10 -8) = r7\nr1 = ring ll\nr2 = r10\n"
        "r2 += -8\nr3 = 8\nr4 = 0\ncall bpf_ringbuf_output\nout: exit"
    )
    packets = [bytes([n, n]) * 20 for n in (1, 9, 3, 9, 9, 4)]
    for text, type in ((store, "sched_cls"), (grow, "xdp"), (shrink, "xdp")):
        for repeat in (1, 2, 3):
            agree(program(text, type=type), packets, repeat=repeat)
    for repeat in (1, 2, 3):
        agree(program(send, maps=[ring]), packets, repeat=repeat)


def test_events_belong_to_their_packets() -> None:
    text = (
        "r6 = r1\nr0 = *(u32 *)(r1 +0)\nr7 = *(u8 *)(r0 +0)\nr8 = r7\nr8 &= 3\n"
        "if r8 != 0 goto out\n*(u64 *)(r10 -8) = r7\nr1 = ring ll\nr2 = r10\nr2 += -8\n"
        "r3 = 8\nr4 = 0\ncall bpf_ringbuf_output\nout: r0 = 0\nexit"
    )
    ring = lab.MapSpec("ringbuf", 0, 0, 4096, name="ring")
    sending = lab.assemble(text, type="xdp", maps=[ring])
    packets = [bytes([n]) * 20 for n in range(40)]
    assert agree(sending, packets)
    runs = lab.run(sending, packets, engine="jit")
    assert [len(run.events) for run in runs] == [n % 4 == 0 for n in range(40)]
    assert runs[8].events[0].data[0] == 8


def test_a_fault_in_a_batch_names_its_packet() -> None:
    text = f"{TO_PACKET}r0 = *(u8 *)(r2 +20)\nexit"
    packets = [bytes(64), bytes(40), bytes(18), bytes(64)]
    assert agree(program(text), packets)[0] == "VmFault"
    with pytest.raises(lab.VmFault) as caught:
        lab.run(program(text), packets, engine="jit")
    sizes = [r.size for r in caught.value.timeline.regions if r.name == "packet"]
    assert sizes == [18]


def test_progress_is_told_and_an_interrupt_undoes_everything() -> None:
    text = (
        "*(u32 *)(r10 -4) = 1\nr2 = r10\nr2 += -4\nr1 = array ll\n"
        "call bpf_map_lookup_elem\nif r0 == 0 goto out\nr1 = *(u32 *)(r0 +0)\n"
        "r1 += 1\n*(u32 *)(r0 +0) = r1\nout: r0 = 2\nexit"
    )
    counting, seen = program(text), list[tuple[int, int]]()
    maps, packets = lab.maps(counting), [bytes(64)] * 40_000
    runs = lab.run(counting, packets, maps=maps, progress=lambda *at: seen.append(at))
    assert seen[-1] == (40_000, 40_000)
    assert len(seen) > 1
    assert len(runs) == 40_000
    assert int.from_bytes(maps["array"][1][:4], "little") == 40_000

    def interrupt(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lab.run(counting, packets, maps=maps, engine="jit", progress=interrupt)
    assert int.from_bytes(maps["array"][1][:4], "little") == 40_000


def test_an_iterator_of_packets_is_run_as_it_comes() -> None:
    taken = []

    def packets() -> Iterator[bytes]:
        for n in range(10_000):
            taken.append(n)
            yield bytes([n % 256]) * 20

    runs = lab.run(program(f"{TO_PACKET}r0 = *(u8 *)(r2 +0)\nexit"), packets())
    assert next(runs).retval == 0
    assert len(taken) < 10_000, "not all of it was taken"
    assert [run.retval for run in runs] == [n % 256 for n in range(1, 10_000)]


def test_a_stream_of_packets_needs_no_more_memory_the_longer_it_is() -> None:
    code = (
        "import ebpflab as lab, resource\n"
        "p = lab.assemble('r0 = *(u32 *)(r1 +0)\\nr0 = *(u8 *)(r0 +0)\\nexit',"
        " type='xdp')\n"
        "packets = (n.to_bytes(4, 'little') * 16 for n in range(60_000))\n"
        "for n, run in enumerate(lab.run(p, packets, engine='jit')):\n"
        "    assert run.retval == n % 256\n"
        "    if n in (19_999, 59_999):\n"
        "        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    early, late = (int(line) for line in done.stdout.split())
    assert late - early < 3_000, (
        "kilobytes; 40,000 packets more are 2,560 of bytes alone"
    )


def test_ctrl_c_ends_a_loop_in_machine_code() -> None:
    code = (
        "import ebpflab as lab, os, signal, threading, time\n"
        "def nag():\n"  # once may fall into a moment in which Python ignores it
        "    while True:\n"
        "        time.sleep(1); os.kill(os.getpid(), signal.SIGINT)\n"
        "p = lab.assemble('again: r0 += 1\\ngoto again', type='raw')\n"
        "try:\n"
        "    threading.Thread(target=nag, daemon=True).start()\n"
        "    lab.run(p, b'', engine='jit', budget=1 << 60)\n"
        "except KeyboardInterrupt:\n"
        "    os.write(1, b'heard\\n'); os._exit(0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "heard\n", done.stderr


# ---- what is kept, and where there is no LLVM -----------------------------------


def test_code_is_kept_on_disk_and_a_broken_file_is_not_used(folder: Path) -> None:
    answer = lab.run(program("r0 = 42\nexit"), PACKET, engine="jit").retval
    files = list(folder.rglob("*.o"))
    assert files
    assert answer == 42
    for file in files:
        file.write_bytes(file.read_bytes()[:-9] + bytes(9))
    compiled._PROGRAMS.clear()
    assert lab.run(program("r0 = 42\nexit"), PACKET, engine="jit").retval == 42


def test_without_llvm_all_else_works_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ebpflab.jit.batch.missing", lambda: "no module llvmlite")
    monkeypatch.setattr("ebpflab.jit.auto.missing", lambda: "no module llvmlite")
    with pytest.raises(lab.RunError, match="no machine code here"):
        lab.run(program("r0 = 1\nexit"), PACKET, engine="jit")
    packets = [bytes(64)] * 300
    with pytest.warns(UserWarning, match="llvmlite"):
        runs = lab.run(program("r0 = 1\nexit"), packets)
    assert {run.retval for run in runs} == {1}


def test_auto_takes_up_machine_code_for_long_runs() -> None:
    """The first part of such a run is undone before it begins again."""
    text = (
        "*(u32 *)(r10 -4) = 1\nr2 = r10\nr2 += -4\nr1 = array ll\n"
        "call bpf_map_lookup_elem\nif r0 == 0 goto out\nr2 = 100000\n"
        "again: r1 = *(u32 *)(r0 +0)\nr1 += 1\n*(u32 *)(r0 +0) = r1\nr2 -= 1\n"
        "if r2 != 0 goto again\nout: exit"
    )
    counting = program(text)
    maps = lab.maps(counting)
    lab.run(counting, PACKET, maps=maps)
    assert int.from_bytes(maps["array"][1][:4], "little") == 100_000
    assert compiled._PROGRAMS, "it was compiled"


def test_every_map_type_is_taken() -> None:
    lookups = [
        f"*(u64 *)(r10 -8) = 1\nr2 = r10\nr2 += -8\nr1 = {spec.name} ll\n"
        "call bpf_map_lookup_elem\nr0 = 3\nexit"
        for spec in test_vm_fuzz.MAPS
    ]
    for text in lookups:
        agree(lab.assemble(text, type="raw", maps=test_vm_fuzz.MAPS))


def test_an_engine_that_is_none_is_told() -> None:
    for name in ("turbo", ["jit"], None):
        with pytest.raises(lab.RunError, match="no engine"):
            lab.run(program("r0 = 1\nexit"), PACKET, engine=name)  # type: ignore[arg-type]


def test_kernel_takes_the_same_programs(linux: None) -> None:
    """The comparison is one: most of its programs are accepted there."""
    accepted = 0
    for seed in range(20):
        text = lab.assemble(program_text(seed), type="xdp")
        accepted += lab.linux.verify(text).accepted
    assert accepted > 15
