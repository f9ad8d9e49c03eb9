"""Ten thousand broken inputs to the doors of the engine: an EbpfLabError, or nothing.

Each door gets random bytes and mutations of good input. Whatever comes out is fine but
an exception of another kind, or an answer that takes long.
"""

import random
import tempfile
import time
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

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


def any_command(data: bytes) -> None:
    """Any command with any words, in a folder of its own; `lab` opens a browser."""
    first, *words = data.decode("latin-1").replace("\0", "").split() or [""]
    commands = [command.name for command in cli.COMMANDS if command.name != "lab"]
    command = commands[sum(first.encode()) % len(commands)]
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        Path("prog.c").write_text(SOURCE)
        try:
            cli.main([command, *(word.replace("/", "") for word in words[:4])])
        except SystemExit as stop:
            if stop.code not in (0, 2):
                raise


def c_source(data: bytes) -> None:
    lab.compile(data.decode("latin-1"))


def c_arguments(data: bytes) -> None:
    """A good source with arguments of any kind and any content."""
    chance = random.Random(data)
    names = chance.sample(sorted(ARGUMENTS), chance.randint(1, 3))
    text = data.decode("latin-1")
    odd = (data, text, text.split(), {text: data}, {text: None}, len(data), None, 1.5)
    arguments = {name: chance.choice((*odd, *ARGUMENTS[name])) for name in names}
    source = arguments.pop("source", SOURCE)
    lab.compile(source, **arguments)


SOURCE = (LESSONS / "xdp_sample.c").read_text()
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "source": (Path("/nowhere.c"), Path("/"), "/proc/self/mem.c", object()),
    "file": (Path("/nowhere.c"), "a b.c", "-o.c", "", "..", ".", "é.c", "x" * 300),
    "include": ([], ["/nowhere"], ("-DX",), [b"x"], [1], "x", iter("ab"), ["\0"]),
    "defines": ({}, {"A": 1}, {"A B": 1}, {1: 1}, {"A": "1; }"}, [("A", 1)], "A=1"),
    "cpu": ("v1", "v9", "", 3, ["v1"]),
    "type": ("xdp", "no_such_type", "", 5, b"xdp"),
}


def capture(data: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        file.write(data)
        file.flush()
        lab.read_capture(file.name)


ANY_COMMAND = b"x prog.c --program -o out --cpu v1 - --lang fr"
DOORS: dict[str, tuple[Callable[[bytes], None], bytes, int]] = {
    "load": (load, TALK.elf, 1_500),
    "decode and run": (decode_and_run, PROGRAM.code, 4_000),
    "assemble": (assemble, TEXT, 2_500),
    "timeline": (timeline, TIMELINE, 1_000),
    "command line": (command_line, b"00 --pcap --program x", 400),
    "any command": (any_command, ANY_COMMAND, 1_200),
    "C source": (c_source, SOURCE.encode(), 100),
    "C arguments": (c_arguments, b"v1 xdp include A=1 /tmp prog.c", 250),
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
