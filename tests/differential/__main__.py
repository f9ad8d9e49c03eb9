"""The differential harness, by hand. Needs root.

    python -m tests.differential --seeds 0:500                what runs answer, verdicts
    python -m tests.differential --seeds 0:500 --mutate
    python -m tests.differential --verdicts --seeds 0:200     agreement, ranked
    python -m tests.differential --verdicts --family ringbuf,locks --logs
    python -m tests.differential --verdicts --unprivileged
    python -m tests.differential --show ringbuf-17            one program, both logs

Without --verdicts a difference is made as small as it gets, counted with those like it,
and stored as a text case in build/differences. With it, agreement of verdict, message
and processed instructions (with --logs: of the whole level-2 log) is counted, and what
differs or is not modelled is ranked. Families are random programs of one subject each;
`--family x` takes all whose names begin so.
"""

import argparse
from collections import Counter
from collections.abc import Iterator

import ebpflab as lab
from ebpflab.verifier.check import verify
from tests.differential.cases import FOUND, store
from tests.differential.compare import Difference, compare
from tests.differential.families import FAMILIES
from tests.differential.smaller import smallest
from tests.differential.tally import Job, Tally, judge
from tests.differential.workers import each


def chosen(names: str) -> list[str]:
    """Return the families whose names begin with one of these; all of them for ""."""
    wanted = tuple(filter(None, names.split(",")))
    found = [name for name in FAMILIES if not wanted or name.startswith(wanted)]
    if not found:
        raise SystemExit(f"no family {names}; known: {', '.join(FAMILIES)}")
    return found


def jobs(options: argparse.Namespace) -> Iterator[Job]:
    first, last = (int(part) for part in options.seeds.split(":"))
    for seed in range(first, last):
        for family in chosen(options.family):
            yield Job(
                family,
                seed,
                mutate=options.mutate,
                privileged=not options.unprivileged,
                logs=options.logs,
            )


def verdicts(options: argparse.Namespace) -> None:
    """Count how often both sides agree; rank what differs, and what is not modelled."""
    total, families = Tally(), {name: Tally() for name in chosen(options.family)}
    for job, found in each(list(jobs(options)), judge):
        total.add(job, found)
        families[job.family].add(job, found)
        if total.programs % 1000 == 0:
            print(total.summary(), flush=True)
    print(*total.ranks(), sep="\n")
    if options.by_family:
        print("-- by family")
        print(*(f"{name}: {own.summary()}" for name, own in families.items()), sep="\n")
    print(total.summary())


def answers(options: argparse.Namespace) -> None:
    """Compare verdicts and runs; make differences small, and store them."""
    ranked: Counter[str] = Counter()
    count = 0
    for job, found in each(list(jobs(options)), _compared):
        count += 1
        if isinstance(found, Difference):
            if not ranked[found.kind]:
                store(found, job.name)
            ranked[found.kind] += 1
        elif found:
            ranked[f"a process {found}"] += 1
        if count % 500 == 0:
            print(f"{count} programs, {ranked.total()} differ", flush=True)
    print(f"{count} programs, {ranked.total()} differ; stored in {FOUND}")
    for kind, times in ranked.most_common():
        print(f"{times:6}  {kind}")


def _compared(job: Job) -> Difference | None:
    found = compare(job.program(), privileged=job.privileged)
    return smallest(found) if found else None


def show(name: str) -> None:
    """Print one program, and what both sides say of it."""
    family, _, seed = name.rpartition("-")
    job = Job(family, int(seed.rstrip("m")), mutate=seed.endswith("m"))
    program = job.program()
    print(lab.disassemble(program))
    for title, ask in (("Linux", lab.linux.verify), ("here", verify)):
        try:
            verdict = ask(program, log_level=2)
            print(f"---- {title}: {verdict.message or 'accepted'}\n{verdict.log}")
        except lab.EbpfLabError as error:
            print(f"---- {title}: {error}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", default="0:50", help="from:to")
    parser.add_argument("--family", default="", help="names, or how they begin")
    parser.add_argument("--show", metavar="NAME-SEED")
    for flag in ("verdicts", "mutate", "logs", "unprivileged", "by-family"):
        parser.add_argument(f"--{flag}", action="store_true")
    options = parser.parse_args()
    if options.show:
        show(options.show)
    elif options.verdicts:
        verdicts(options)
    else:
        answers(options)


if __name__ == "__main__":
    main()
