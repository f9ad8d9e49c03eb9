"""The command line: `ebpflab doctor | compile | verify | run | disasm | explain | lab`.

Each command is one function and one row of the table at the end. A wrong input is told
on the error stream, in words, with exit status 1; nothing here is a traceback.
"""

import argparse
import io
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import ebpflab as lab
from ebpflab.errors import EbpfLabError, ProgramError
from ebpflab.language import LANGUAGES, catalogue
from ebpflab.linux.doctor import doctor

INTERRUPTED = 130  # what a shell expects after Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: 0, 1 for a wrong input, 2 for usage."""
    parser = argparse.ArgumentParser(prog="ebpflab", description=_say("cli"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        sub = commands.add_parser(command.name, help=_say(f"cli-{command.name}"))
        command.options(sub)
        sub.set_defaults(act=command.act)
    options = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may know ASCII alone
            stream.reconfigure(errors="replace")
    try:
        status = int(options.act(options))
        sys.stdout.flush()
        return status
    except EbpfLabError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _say(key: str, **values: object) -> str:
    return catalogue().say(key, **values)


def _doctor(options: argparse.Namespace) -> int:
    """Tell what works on this machine, and what to do about the rest."""
    signs = {True: "✓", False: "✕", None: "·"}
    findings = doctor()
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        print(f"{signs[finding.ok]} {finding.name:<{width}}  {finding.what}")
        if finding.hint:
            print(f"  {'':<{width}}  → {finding.hint}")
    return 0


def _compile(options: argparse.Namespace) -> int:
    """Compile C into an object file."""
    compiled = lab.compile(file=options.file, cpu=options.cpu)
    target = options.output or options.file.with_suffix(".o")
    try:
        target.write_bytes(compiled.elf)
    except OSError as error:
        raise ProgramError.of("cli-unwritable", file=target, error=error) from error
    for notice in compiled.notices:
        print(notice, file=sys.stderr)
    print(_say("cli-compiled", file=target, size=len(compiled.elf)))
    return 0


def _disasm(options: argparse.Namespace) -> int:
    """Print every program of a file as text."""
    for name, program in _object(options.file).programs.items():
        print(f"{name} ({program.type}):")
        for pc, text in _numbered(program):
            print(f"{pc:5}: {text}")
    return 0


def _verify(options: argparse.Namespace) -> int:
    """Judge every program of a file, or one; status 1 if one is refused."""
    made = _object(options.file)
    chosen = {options.program: _program(made, options)} if options.program else None
    refused = 0
    for name, program in (chosen or made.programs).items():
        judge = lab.linux.verify if options.linux else lab.verify
        verdict = judge(program, log_level=options.log)
        refused += not verdict.accepted
        sign = "✓" if verdict.accepted else "✕"
        print(f"{sign} {name} ({program.type})")
        if options.log:
            print(verdict.log, end="")
        if verdict.accepted:
            print(_say("cli-accepted", count=verdict.insns_processed))
        else:
            print(verdict.rejection or verdict.message)
    return 1 if refused else 0


def _run(options: argparse.Namespace) -> int:
    """Run one program on a packet or on a capture, here or on the real kernel."""
    made = _object(options.file)
    program = _program(made, options)
    packets = lab.read_capture(options.pcap) if options.pcap else [_data(options.data)]
    answers: Sequence[lab.Run]
    if options.linux:
        answers = lab.linux.run(program, packets, maps=lab.linux.maps(made))
    else:
        answers = lab.run(program, packets, maps=lab.maps(made))
    for number, (packet, answer) in enumerate(zip(packets, answers, strict=True), 1):
        result = f"{answer.retval} {answer.retval_name}".rstrip()
        print(_say("cli-ran", number=number, size=len(packet), result=result))
        for event in answer.events:
            print(f"     {event.map} cpu{event.cpu}: {event.data.hex(' ', 8)}")
    return 0


def _explain(options: argparse.Namespace) -> int:
    """Say why a verifier refused a program, from its log."""
    if options.lang:
        os.environ["EBPFLAB_LANG"] = options.lang
    verdict = lab.explain(_log(options.file))
    if verdict.accepted:
        print(_say("cli-accepted", count=verdict.insns_processed))
    else:
        print(verdict.rejection)
    return 0


def _log(file: str) -> bytes:
    """Read a log from a file; - is the standard input."""
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except (OSError, ValueError) as error:
        raise ProgramError.of("cli-unreadable", file=file, error=error) from error


def _lab(options: argparse.Namespace) -> int:
    """Open JupyterLab on a folder of lessons."""
    command = [sys.executable, "-m", "jupyterlab", str(options.folder)]
    return subprocess.run(command, check=False).returncode


def _object(file: Path) -> lab.Object:
    """Open an object file, or compile a C file, by its name."""
    if file.suffix == ".c":
        return lab.compile(file=file)
    return lab.load(file)


def _program(made: lab.Object, options: argparse.Namespace) -> lab.Program:
    programs = made.programs
    name = options.program or next(iter(programs), "")
    if name not in programs:
        known = ", ".join(programs) or "-"
        raise ProgramError.of("cli-no-program", file=options.file, known=known)
    return programs[name]


def _data(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise ProgramError.of("cli-not-hex", error=error) from error


def _numbered(program: lab.Program) -> list[tuple[int, str]]:
    slots = [pc for pc, insn in enumerate(program.insns) if insn]
    return list(zip(slots, lab.disassemble(program).splitlines(), strict=True))


def _file_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help=_say("cli-file"))


def _compile_options(parser: argparse.ArgumentParser) -> None:
    _file_option(parser)
    parser.add_argument("-o", "--output", type=Path, help=_say("cli-output"))
    parser.add_argument("--cpu", default="v3", choices=("v1", "v2", "v3", "v4"))


def _run_options(parser: argparse.ArgumentParser) -> None:
    _file_option(parser)
    parser.add_argument("--program", help=_say("cli-program"))
    parser.add_argument("--data", default="00" * 64, help=_say("cli-data"))
    parser.add_argument("--pcap", type=Path, help=_say("cli-pcap"))
    parser.add_argument("--linux", action="store_true", help=_say("cli-linux"))


def _verify_options(parser: argparse.ArgumentParser) -> None:
    _file_option(parser)
    parser.add_argument("--program", help=_say("cli-program"))
    parser.add_argument("--linux", action="store_true", help=_say("cli-linux"))
    parser.add_argument("--log", type=int, default=0, help=_say("cli-log-level"))


def _explain_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help=_say("cli-log"))
    parser.add_argument("--lang", choices=LANGUAGES, help=_say("cli-lang"))


def _lab_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", default=".", type=Path)


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its name, what it takes, what it does."""

    name: str
    options: Callable[[argparse.ArgumentParser], None]
    act: Callable[[argparse.Namespace], int]


COMMANDS = (
    Command("doctor", lambda parser: None, _doctor),
    Command("compile", _compile_options, _compile),
    Command("verify", _verify_options, _verify),
    Command("run", _run_options, _run),
    Command("disasm", _file_option, _disasm),
    Command("explain", _explain_options, _explain),
    Command("lab", _lab_options, _lab),
)

if __name__ == "__main__":
    sys.exit(main())
