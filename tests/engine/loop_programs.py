"""Random loops: rounds that reach the packet, a map's value and the stack, and end.

What a compiler does to loops (several rounds at a time, checks and budget asked once
for all of them) must not be seen. Some fault, some never end. They are not for Linux,
whose verifier would walk through every round.
"""

import random

import ebpflab as lab

MAPS = (lab.MapSpec("array", 4, 48, 2, name="array"),)
HEAD = """r6 = r1
*(u32 *)(r10 -4) = 1
r2 = r10
r2 += -4
r1 = array ll
call bpf_map_lookup_elem
if r0 == 0 goto out
r8 = r0
r2 = *(u32 *)(r6 +0)
r3 = *(u32 *)(r6 +4)
r0 = 0
r5 = 7
r7 = 0x123456789 ll
"""
SIZES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}
NUMBERS = (0, 1, 2, 3, 5, 7, 31, -1, 255, 12345, 0x7FFFFFFF, -(1 << 31))


class Loops:
    """Writes one program."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.labels = 0

    def label(self) -> str:
        self.labels += 1
        return f"l{self.labels}"

    def program(self) -> lab.Program:
        loops = [self.loop("r9") for _ in range(self.chance.randint(1, 2))]
        text = "\n".join([HEAD, *loops, "r0 ^= r5", "r0 ^= r7", "out: exit"])
        return lab.assemble(text, type="xdp", maps=MAPS)

    def loop(self, counter: str, depth: int = 0) -> str:
        chance, head, end = self.chance, self.label(), self.label()
        body = [self.statement(head, end) for _ in range(chance.randint(1, 6))]
        if depth == 0 and chance.random() < 0.2:
            body.append(self.loop("r1", 1))
        rounds = chance.choice((1, 5, 8, 9, 17, 40))
        back = chance.choice(
            (
                f"{counter} -= 1\nif {counter} != 0 goto {head}",
                f"{counter} -= 1\nif {counter} s> 0 goto {head}",
                f"{counter} -= 1\nif {counter} == 0 goto {end}\ngoto {head}",
                f"r4 = r2\nr4 += 2\nif r4 <= r3 goto {head}",
                f"r2 += 1\nif r2 < r3 goto {head}",
            )
        )
        return "\n".join([f"{counter} = {rounds}", f"{head}:", *body, back, f"{end}:"])

    def statement(self, head: str, end: str) -> str:
        kinds = (
            self.arithmetic,
            self.arithmetic,
            self.arithmetic,
            self.guarded,
            self.wild,
            self.value,
            self.stack,
            self.moved,
            lambda: self.skipped(head, end),
        )
        return self.chance.choice(kinds)()

    def arithmetic(self) -> str:
        chance = self.chance
        kind, dst = chance.choice("rrw"), chance.choice((0, 5, 7))
        src = f"{kind}{chance.choice((0, 5, 7, 9))}"
        operand = chance.choice((src, str(chance.choice(NUMBERS))))
        op = chance.choice(("+=", "-=", "*=", "*=", "^=", "&=", "|=", "=", "/=", "%="))
        shift = f"{kind}{dst} {chance.choice(('<<=', '>>=', 's>>='))} "
        shift += str(chance.randint(0, 31))
        return chance.choice((f"{kind}{dst} {op} {operand}", shift))

    def access(self, base: str, off: int) -> str:
        size, register = self.chance.choice(list(SIZES)), self.chance.choice((0, 5, 7))
        place = f"*({size} *)({base} {off:+d})"
        load, store = f"r{register} = {place}", f"{place} = r{register}"
        return self.chance.choice((load, load, store))

    def guarded(self) -> str:
        off, over = self.chance.randint(0, 12), self.label()
        check = f"r4 = r2\nr4 += {off + 8}\nif r4 > r3 goto {over}"
        return f"{check}\n{self.access('r2', off)}\n{over}:"

    def wild(self) -> str:
        if self.chance.random() < 0.7:
            return self.guarded()
        return self.access("r2", self.chance.randint(-2, 6))

    def value(self) -> str:
        return self.access("r8", self.chance.choice((0, 4, 8, 40, 41)))

    def stack(self) -> str:
        return self.access("r10", self.chance.choice((-16, -24, -20)))

    def moved(self) -> str:
        return self.chance.choice(
            ("r2 += 1", "r2 += 2", "r2 -= 1", "r8 += 4", "r8 += 8", "r2 += 14")
        )

    def skipped(self, head: str, end: str) -> str:
        over, test = self.label(), self.chance.choice(("==", "s>", "<", "&"))
        where = self.chance.choice((over, over, end, head))
        jump = (
            f"if r{self.chance.choice((0, 5, 7))} {test} {self.chance.choice(NUMBERS)}"
        )
        return f"{jump} goto {where}\n{self.arithmetic()}\n{over}:"


def program(seed: int) -> lab.Program:
    """Return a program of one or two loops, perhaps one in another."""
    return Loops(seed).program()
