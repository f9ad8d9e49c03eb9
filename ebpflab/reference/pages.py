"""What the pages hold: one function a page, over the engine's own tables."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from ebpflab.btf.kfuncs import KFUNCS, KfuncFlag
from ebpflab.cost import crossover, published, stages
from ebpflab.helpers import HELPERS, KFUNC_RUNS, Arg, may_call
from ebpflab.helpers.proto import Proto
from ebpflab.hooks import HOOKS
from ebpflab.isa.helper_ids import HELPER_NAMES
from ebpflab.isa.map_types import MAP_TYPES
from ebpflab.isa.spellings import FORMS
from ebpflab.language import catalogue, current_language
from ebpflab.reasons.table import kinds
from ebpflab.reference.differs import differences
from ebpflab.reference.talk import Place, cells, slides

Page = Callable[[], Iterator[str]]


def _say(key: str, part: str = "", /, **values: object) -> str:
    return catalogue().say(key, part, **values)


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Write a table; what is in a cell stays in it."""
    titles = [_say(f"page-column-{head}") for head in heads]
    yield _line(titles)
    yield _line(["---"] * len(titles))
    for row in rows:
        yield _line(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _code(text: object) -> str:
    return f"`{text}`" if text else ""


FIELD = re.compile(r"\{(\w+):(\w+)\}")  # of a text: {dst:r}, {imm:hex}
REGISTERS = {"dst": "1", "src": "2"}  # r1 and w1, r2 and w2
SIGNS = dict.fromkeys(("near", "far", "local"), "pc+") | {"sum": "+ "}
SIGNS |= dict.fromkeys(("off", "step", "plus"), "+")  # kind of a place: before its name


def instructions() -> Iterator[str]:
    """Each form, written with r1 and r2; what else its fields must hold."""
    rows = (
        (
            _code(f"{form.opcode:#04x}"),
            _code(_written(form.text)),
            _code(", ".join(f"{name} = {n}" for name, n in form.fixed.items() if n)),
            _code(_written(form.log)),
        )
        for form in FORMS
    )
    yield from _table(("opcode", "text", "fixed", "log"), rows)


def _written(text: str) -> str:
    """Put a register, or the field's name, where the table has a place for it."""

    def put(place: re.Match[str]) -> str:
        name, kind = place.groups()
        register = REGISTERS.get(name)
        return f"{kind}{register}" if register else f"{SIGNS.get(kind, '')}{name}"

    return FIELD.sub(put, text)


def helpers() -> Iterator[str]:
    """Each helper: its contract, who may call it, whether it needs a kernel."""
    rows = []
    for id, name in sorted(HELPER_NAMES.items()):
        proto = HELPERS.get(id)
        types = [type for type in HOOKS if may_call(type, name)]
        if proto:
            told = ", ".join(map(_argument, proto.args)), proto.ret.name
            needs = _say("page-needs-kernel") if _asks_kernel(proto) else ""
            rows.append((id, _code(f"bpf_{name}"), *told, len(types), needs))
    yield from _table(("id", "helper", "arguments", "result", "types", "remark"), rows)


def _argument(arg: Arg) -> str:
    """Write an argument of a contract: its kind, its flags, what it points to."""
    flags = "".join(f" | {flag.name}" for flag in type(arg.flags) if flag & arg.flags)
    size = f" ({arg.size})" if arg.size else ""
    structure = f" {arg.structure}" if arg.structure else ""
    return f"{arg.kind.name}{size}{structure}{flags}"


def _asks_kernel(proto: Proto) -> bool:
    """Tell whether a behavior asks its Env for a simulated kernel."""
    return "kernel" in proto.run.__code__.co_names


def kfuncs() -> Iterator[str]:
    """Each kfunc: what is known of it, who may call it, whether it needs a kernel."""
    rows = []
    for name, row in sorted(KFUNCS.items()):
        flags = ", ".join(flag.name or "" for flag in KfuncFlag if flag & row.flags)
        callers = ", ".join(sorted(row.families)) or _say("page-all-types")
        needs = "" if name in KFUNC_RUNS else _say("page-needs-kernel")
        rows.append((_code(name), flags, callers, needs))
    yield from _table(("kfunc", "flags", "types", "remark"), rows)


def maps() -> Iterator[str]:
    numbered = sorted((id, name) for name, id in MAP_TYPES.items() if id)  # 0: no type
    rows = ((id, _code(name), _say(f"map-type-{name}")) for id, name in numbered)
    yield from _table(("id", "map", "remark"), rows)


def hooks() -> Iterator[str]:
    for hook in HOOKS.values():
        yield f"## {hook.type}"
        yield ""
        answers = ", ".join(f"{n} {name}" for n, name in hook.returns.items())
        if answers:
            yield f"{_say('page-answers')} {answers}"
            yield ""
        rows = (
            (
                row.offset,
                row.size,
                _code(row.name),
                row.pointer,
                row.reads.name,
                row.writes.name,
            )
            for row in hook.fields
        )
        if hook.fields:
            yield from _table(
                ("offset", "size", "field", "pointer", "reads", "writes"), rows
            )
            yield ""


def rejections() -> Iterator[str]:
    for category in dict.fromkeys(kind.category for kind in kinds().values()):
        yield f"## {_say(f'category-{category}')}"
        yield ""
        rows = (
            (
                _code(kind.key),
                _say(f"reject-{kind.key}", "problem"),
                _code(FIELD.sub(r"{\1}", kind.templates[0])),
            )
            for kind in kinds().values()
            if kind.category == category and kind.templates
        )
        yield from _table(("kind", "problem", "message"), rows)
        yield ""


def costs() -> Iterator[str]:
    rows = [
        (row.name, row.value, row.kind_name, row.source, row.conditions)
        for row in published()
    ]
    for way in ("stacks", "ebpf"):
        told = _say(f"page-way-{way}")
        for cost in filter(None, (getattr(stage, way) for stage in stages())):
            row = cost.value, cost.kind_name, cost.source, cost.conditions
            rows.append((f"{told} {cost.name}", *row))
    model = crossover()
    meets = _say("page-meets", count=f"{model.meets:.0f}")
    kind = _say(f"cost-kind-{model.kind}")
    rows.append((meets, "", kind, model.source, model.conditions))
    yield from _table(("operation", "cost", "kind", "source", "conditions"), rows)


def talk() -> Iterator[str]:
    """Each slide of the talk: the cells that tell it, or that it is missing."""
    language = current_language()
    rows = []
    for number, slide in enumerate(slides(), 1):
        told = "<br>".join(_links(slide.told, language))
        planned = _say("page-planned", lesson=slide.planned) if slide.planned else ""
        alone = "" if told or planned else _say("page-of-the-talk")
        state = "; ".join(filter(None, (planned, alone)))
        rows.append((number, slide.name(language), told, state))
    yield from _table(("number", "slide", "cells", "remark"), rows)


def _links(places: Iterable[Place], language: str) -> Iterator[str]:
    """Yield each notebook once, with links to its cells; one a heading."""
    for path, told in groupby(places, lambda place: place.notebook(language)):
        headings = {cells(path).get(p.cell, p.cell): p.cell for p in told}
        to = f"../../../{path.as_posix()}#cell-id="
        links = ", ".join(f"[{text}]({to}{id})" for text, id in headings.items())
        yield f"{_say(f'page-in-{path.parts[0]}', name=path.stem)} {links}"


def differs() -> Iterator[str]:
    rows = ((_code(d.file), _code(d.name), d.text) for d in differences())
    yield from _table(("file", "name", "difference"), rows)


PAGES: dict[str, Page] = {
    "instructions": instructions,
    "helpers": helpers,
    "kfuncs": kfuncs,
    "maps": maps,
    "hooks": hooks,
    "rejections": rejections,
    "costs": costs,
    "talk": talk,
    "differs": differs,
}


def page(name: str) -> str:
    """Return a page as Markdown, in the language of the kit."""
    head = [f"# {_say(f'page-{name}')}", "", _say(f"page-{name}-about"), ""]
    return "\n".join([*head, *PAGES[name]()]) + "\n"
