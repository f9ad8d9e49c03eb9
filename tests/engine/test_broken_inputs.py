"""Ten thousand broken inputs to the doors of the engine: an EbpfLabError, or nothing.

Each door gets random bytes and mutations of good input. Whatever comes out is fine but
an exception of another kind, or an answer that takes long.
"""

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import ebpflab as lab
from ebpflab import cli
from ebpflab.timeline import Timeline

LESSONS = Path(__file__).parents[2] / "notebooks" / "en"
LONGEST_S = 10  # for one input; the machine may be busy
TALK = lab.compile(file=LESSONS / "xdp_sample.c")
PROGRAM = TALK.programs["xdp_sample_prog"]
TIMELINE = lab.run(PROGRAM, bytes(64)).timeline.to_json().encode()
TEXT = lab.disassemble(PROGRAM).encode()
WORDS = [
    b"r1",
    b"w0",
    b"goto",
    b"pc+",
    b"ll",
    b"*(u64 *)",
    b"call",
    b"if",
    b"\xff",
    b"0x",
]


def mutated(good: bytes, chance: random.Random) -> bytes:
    """Return good input with a few bytes changed, cut, doubled or made random."""
    data = bytearray(good)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0:
                data[at : at + 1] = chance.randbytes(1)
            case 1:
                del data[at : at + chance.randint(1, 40)]
            case 2:
                data[at:at] = data[at : at + 16]
            case 3:
                data[at:at] = chance.choice(WORDS)
            case 4:
                del data[at:]
    return bytes(data)


def load(data: bytes) -> None:
    lab.load(data)


def decode_and_run(data: bytes) -> None:
    program = lab.Program(data, type="raw")
    lab.disassemble(program)
    lab.run(program, bytes(64), budget=2_000)


def assemble(data: bytes) -> None:
    program = lab.assemble(data.decode("latin-1"), type="xdp")
    lab.run(program, bytes(64), budget=2_000)


def timeline(data: bytes) -> None:
    Timeline.from_json(data.decode("latin-1"))


def command_line(data: bytes) -> None:
    words = data.decode("latin-1").replace("\0", "").split()
    try:
        cli.main(["run", str(LESSONS / "xdp_sample.c"), "--data", *words[:2]])
    except SystemExit as stop:  # argparse's way to say what a command takes
        if stop.code not in (0, 2):
            raise


def capture(data: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        file.write(data)
        file.flush()
        lab.read_capture(file.name)


DOORS: dict[str, tuple[Callable[[bytes], None], bytes, int]] = {
    "load": (load, TALK.elf, 1_500),
    "decode and run": (decode_and_run, PROGRAM.code, 4_000),
    "assemble": (assemble, TEXT, 2_500),
    "timeline": (timeline, TIMELINE, 1_000),
    "command line": (command_line, b"00 --pcap --program x", 400),
    "capture": (capture, (LESSONS / "traffic.pcap").read_bytes(), 600),
}


def failures(door: Callable[[bytes], None], good: bytes, count: int) -> list[str]:
    found = []
    for seed in range(count):
        chance = random.Random(seed)
        raw = chance.randbytes(chance.randrange(200))
        data = raw if seed % 5 == 0 else mutated(good, chance)
        began = time.perf_counter()
        try:
            door(data)
        except lab.EbpfLabError as error:
            str(error)
        except Exception as error:  # what this test is looking for
            found.append(f"seed {seed}: {type(error).__name__}: {error}")
        if time.perf_counter() - began > LONGEST_S:
            found.append(f"seed {seed}: took too long")
    return found


@pytest.mark.parametrize("name", DOORS)
def test_broken_input_is_told_in_words(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert failures(*DOORS[name]) == []


def test_ten_thousand_of_them() -> None:
    assert sum(count for _, _, count in DOORS.values()) >= 10_000


def test_a_door_that_breaks_is_found() -> None:
    def broken(data: bytes) -> None:
        data[7]

    assert failures(broken, b"1234567", 50) != []
