"""Programs whose exploration is worth seeing, for the tests of the paths view."""

import ebpflab as lab

COUNT_FF = """
r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r0 = 2
r6 = 0
r7 = 0
r4 = r2
r4 += 4
if r4 > r3 goto pc+7
r5 = *(u8 *)(r2 +0)
if r5 != 0xff goto pc+1
r7 += 1
r2 += 1
r6 += 1
if r6 < 0x4 goto pc-6
*(u64 *)(r10 -8) = r7
exit"""
NESTED = """
r0 = 0
r6 = 0
r7 = 0
r8 = *(u32 *)(r1 +8)
if r8 > 5 goto pc+1
r0 += 1
r7 += 1
if r7 < 3 goto pc-4
r7 = 0
r6 += 1
if r6 < 4 goto pc-7
r0 = 2
exit"""
LONG = """
r6 = r1
r7 = 0
r8 = 0
r2 = *(u32 *)(r6 +12)
if r2 > 5 goto pc+1
r8 += 1
r7 += 1
if r7 < 100 goto pc-5
*(u64 *)(r10 -8) = r8
r0 = 2
exit"""
CALLS = """
r1 = *(u32 *)(r1 +12)
call pc+2
r0 = 2
exit
r0 = 0
if r1 > 5 goto pc+1
r0 = 1
exit"""
PROGRAMS = {
    "count_ff": COUNT_FF,
    "nested": NESTED,
    "long_loop": LONG,
    "calls": CALLS,
}


def assembled(name: str) -> lab.Program:
    return lab.assemble(PROGRAMS[name], type="xdp", name=name)


def many_states(forks: int = 10) -> lab.Program:
    """Return a program with 2 ** (forks + 1) stretches: no two paths are alike."""
    tests = "".join(
        f"r2 = *(u32 *)(r6 +{12 + i % 2 * 4})\nif r2 > {i} goto pc+1\nr7 += {1 << i}\n"
        for i in range(forks)
    )
    end = "*(u64 *)(r10 -8) = r7\nif r7 == 77 goto pc+1\nr0 = 1\nexit"
    text = f"r6 = r1\nr7 = 0\nr0 = 2\n{tests}{end}"
    return lab.assemble(text, type="xdp", name="many_states")
