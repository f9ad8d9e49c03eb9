"""One of each view, as the tests of all views show them; no kernel is asked."""

from collections.abc import Callable
from functools import cache
from typing import Any

from ebpflab_widgets import costs, explain, paths, step
from ebpflab_widgets.view import View

import ebpflab as lab
from ebpflab.language import current_language
from tests.widgets.explored import assembled
from tests.widgets.refusals import SOURCE

MACHINE = "Linux 6.18, a machine"
OWN = {"function_call": (2.0, 2.4), "getpid": (100.0, 150.0)}  # ns, the worst of them


@cache
def refused() -> lab.Verdict:
    return lab.verify(lab.compile(SOURCE, file="drop.c").programs["drop_udp"])


@cache
def explored(name: str) -> lab.Verdict:
    return lab.verify(assembled(name))


@cache
def ran() -> lab.Run:
    program = lab.compile(SOURCE, file="drop.c").programs["drop_udp"]
    return lab.run(program, bytes(64))


def crossings() -> list[Any]:
    """Return costs as if measured here, and published ones."""
    here = [
        lab.cost.Cost(name, ns[0], "measured", MACHINE, "C, -O2", samples=ns)
        for name, ns in OWN.items()
    ]
    return here + [r for r in lab.cost.published() if r.operation.startswith("getpid")]


def watched(**more: Any) -> View:
    from tests.widgets.test_watch import histories

    view = histories()["view"]
    view.size = more.get("size", "")
    view.step = 40
    return view  # type: ignore[no-any-return]


@cache
def _rejection(language: str) -> View:
    return explain(refused())


def rejection(size: str = "") -> View:
    """Return the rejection; its witness and its fix are searched once a language."""
    view = _rejection(current_language())
    view.size = size
    return view


VIEWS: dict[str, Callable[..., View]] = {
    "stepper": lambda **more: step(ran(), **more),
    "rejection": rejection,
    "paths": lambda **more: paths(explored("count_ff"), **more),
    "nested": lambda **more: paths(explored("nested"), **more),
    "watch": watched,
    "costs": lambda **more: costs(crossings(), **more),
}
