"""Random programs of several functions, callbacks and loops that must end in time.

Written as the programs of test_verifier_walk.py, statement by statement; `main` calls
functions F0, F1 ..., and has K0 ... called back by bpf_loop and E0 for each element.
"""

import random
import re

from ebpflab.program import Program
from tests.engine.functions import program_of
from tests.engine.test_verifier_walk import FREE, MAPS, STATEMENTS, Writer

NAME = re.compile(r"\b([FKE]\d+)\b(?!:)")
ROUNDS = ("0", "1", "3", "10", "1000", "r7", "r9")
ARGUMENTS = ("r10", "r6", "r7", "r8", "r9", "0", "5")
ANSWERS = ("r0 = 0", "r0 = 0", "r0 = 1", "r0 = r7", "r0 &= 1", "r0 = r9")


class FunctionWriter(Writer):
    """Writes one function of a program."""

    functions: list[str]  # that it may call
    callbacks: list[str]
    for_elements: list[str]

    def argument(self, number: int) -> None:
        value = self.random.choice(ARGUMENTS)
        self.lines.append(f"r{number} = {value}")
        if value == "r10":
            self.lines.append(f"r{number} += -{self.random.choice([8, 16, 24])}")

    def call_function(self) -> None:
        if not self.functions:
            return
        for number in self.random.sample(range(1, 6), self.random.randint(0, 3)):
            self.argument(number)
        self.lines.append(f"call {self.random.choice(self.functions)}")
        self.load_all(range(1, 6))
        self.lines.append(self.random.choice(["r7 = r0", "r9 = r0", "r0 = 1"]))

    def call_back(self) -> None:
        r, each = self.random, self.random.random() < 0.3
        if not self.callbacks:
            return
        what = f"{r.choice('ah')} ll" if each else r.choice(ROUNDS)
        callback = r.choice(self.for_elements if each else self.callbacks)
        helper = "for_each_map_elem" if each else "loop"
        self.lines += [f"r1 = {what}", f"r2 = {callback} ll", "r3 = r10"]
        self.lines += [
            f"r3 += -{r.choice([8, 16])}",
            f"r4 = {r.choice(['0', '0', 'r9'])}",
        ]
        self.lines.append(f"call bpf_{helper}")
        self.load_all(range(1, 6))
        self.lines.append(f"r{r.choice([7, 8, 9])} = r0")

    def may_go(self) -> None:
        self.lines.append(f"may_goto {self.label()}")

    def may_loop(self) -> None:
        self.labels += 1
        r, name, counter = self.random, self.labels, self.random.choice([7, 8, 9])
        self.lines += [f"r{counter} = 0", f"B{name}:", f"may_goto C{name}"]
        for _ in range(r.randint(0, 3)):
            symbol = r.choice(["+=", "^=", "|="])
            self.lines.append(f"r{self.any()} {symbol} {r.choice([1, 7, 8])}")
        self.lines.append(f"r{counter} += 1")
        if r.random() < 0.5:
            self.lines.append(f"if r{counter} > {r.choice([5, 100])} goto C{name}")
        self.lines += [f"goto B{name}", f"C{name}:"]

    def through_argument(self) -> None:
        loads = ["r4 = *(u64 *)(r1 +0)", "r5 = *(u32 *)(r2 +0)"]
        stores = ["*(u64 *)(r1 +0) = r9", "*(u64 *)(r1 +0) = 7"]
        self.lines.append(self.random.choice([*loads, *stores]))


OF_FUNCTIONS = {
    FunctionWriter.call_function: 8,
    FunctionWriter.call_back: 4,
    FunctionWriter.may_go: 2,
    FunctionWriter.may_loop: 3,
    FunctionWriter.through_argument: 3,
}
IN_MAIN_ONLY = (Writer.packet, Writer.lookup)


def random_functions(seed: int, length: int) -> Program:
    """Write a program whose main function has so many statements."""
    r = random.Random(seed)
    functions = [f"F{i}" for i in range(r.randint(0, 3))]
    callbacks = [f"K{i}" for i in range(r.randint(0, 2))]
    bodies: dict[str, list[str]] = {}
    labels = 0
    for name in ("main", *functions, *callbacks, "E0"):
        writer = FunctionWriter(r, "xdp", [], labels)
        known = functions.index(name) + 1 if name in functions else 0
        writer.functions = functions[known:]
        writer.callbacks = callbacks if name == "main" else []
        writer.for_elements = ["E0"]
        _write(writer, name, length)
        bodies[name], labels = writer.lines, writer.labels
    return program_of(_reachable(bodies), maps=MAPS)


def _write(writer: FunctionWriter, name: str, length: int) -> None:
    r, is_main = writer.random, name == "main"
    writer.lines.append("r6 = r1" if is_main or r.random() < 0.3 else "r6 = 1")
    writer.load_all(FREE if is_main else [0, 7, 8, 9])
    if not is_main and r.random() < 0.6:
        writer.through_argument()
    kinds = STATEMENTS | OF_FUNCTIONS
    count = length if is_main else r.randint(1, length // 2)
    for kind in r.choices(list(kinds), list(kinds.values()), k=count):
        if is_main or kind not in IN_MAIN_ONLY:
            kind(writer)
        writer.place_labels(0.25)
    writer.place_labels(1.0)
    writer.lines += ["r0 = 0" if is_main else r.choice(ANSWERS), "exit"]


def _reachable(bodies: dict[str, list[str]]) -> str:
    """Return the text of main and of all functions that it leads to."""
    wanted, text = ["main"], ""
    for name in wanted:
        body = "\n".join(bodies[name])
        text += f"{body}\n" if name == "main" else f"{name}:\n{body}\n"
        wanted += [n for n in bodies if n in NAME.findall(body) and n not in wanted]
    return text
