"""Views as saved pages, opened with the network cut off; what is wrong on them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.widgets.shown import VIEWS

Show = Callable[..., Any]


def opener(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Show]:
    """Yield a function that opens a saved view; a test makes a fixture of this."""
    errors, asked, opened = [], [], []

    def open_page(name: str, language: str, size: str = "", **more: Any) -> Any:
        monkeypatch.setenv("EBPFLAB_LANG", language)
        path = tmp_path / f"{name}.html"
        VIEWS[name](size=size).save(path)
        context = browser.new_context(offline=True, **more)
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        page.saved = path
        return page

    yield open_page
    for context in opened:
        context.close()
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def wrong(page: Any, checks: dict[str, str]) -> dict[str, Any]:
    """Return what each check finds, if it finds something."""
    found = {name: page.evaluate(check) for name, check in checks.items()}
    return {name: faults[:5] for name, faults in found.items() if faults}
