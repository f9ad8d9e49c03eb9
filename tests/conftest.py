"""What all tests share: fixed seeds, one language, and what this machine has.

A test that needs a real kernel asks for `linux`, one that needs a browser for
`chromium`; where there is none, the test is skipped with the reason. Not here:
helpers of single folders (`from tests.engine.oracle import ...` works everywhere).
"""

import os
import shutil
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

# Every run tries the same cases: a failure here is a failure everywhere.
settings.register_profile("house", derandomize=True, deadline=None, database=None)
settings.load_profile("house")

# A shell that starts something in the background lets it ignore Ctrl-C; tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests speak English; one about another language sets EBPFLAB_LANG itself.

    Only for tests: the lessons, run by nbval, find their language by their folder.
    """
    monkeypatch.setenv("EBPFLAB_LANG", "en")


@pytest.fixture(scope="session")
def linux():
    """Return `ebpflab.linux`, the real kernel, or skip with the reason."""
    import ebpflab.linux as real_kernel

    if reason := real_kernel.available():
        pytest.skip(reason)
    return real_kernel


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of a Chromium, or skip. EBPFLAB_CHROMIUM names another one."""
    asked = os.environ.get("EBPFLAB_CHROMIUM")
    for name in (asked,) if asked else CHROMIUM_NAMES:
        if path := shutil.which(name):
            return path
    pytest.skip(f"no browser here: tried {asked or ', '.join(CHROMIUM_NAMES)}")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """Return a browser; one a module, as two cannot be driven at once."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed"
    )
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        yield browser
        browser.close()
