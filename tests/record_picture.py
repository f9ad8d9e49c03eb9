"""Take the README's picture anew: the stepper in a lesson, in JupyterLab.

`python -m tests.record_picture` writes widgets/stepper.png. Not a test: the tests of
what is seen there are in tests/lab and tests/widgets.
"""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.lab.conftest import TOKEN, answers, free_port, start, stop
from tests.lab.recorded import ROOT

LESSON = "notebooks/en/03-1-a-program.ipynb"
PICTURE = ROOT / "widgets" / "stepper.png"
STEPS = 13  # to the branch that limits the sample
VIEW = ".ebpflab.stepper"
WINDOW = {"width": 1400, "height": 1000}


def main() -> None:
    chromium = shutil.which("chromium")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        home, port = Path(name), free_port()
        for part in ("notebooks", "slides"):
            shutil.copytree(ROOT / part, home / "tree" / part)
        server = start(port, home, home / "tree")
        url = f"http://127.0.0.1:{port}"
        assert answers(server, url)
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        page = browser.new_page(viewport=WINDOW)
        page.goto(f"{url}/lab/tree/{LESSON}?reset&token={TOKEN}")
        page.wait_for_function(
            "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session"
            "?.kernel?.status === 'idle'"
        )
        page.evaluate(
            "() => { const app = window.jupyterapp;"
            " app.commands.execute('application:toggle-left-area');"
            " return app.commands.execute('notebook:run-all-cells') }"
        )
        view = page.locator(VIEW).nth(1)
        view.scroll_into_view_if_needed()
        view.focus()
        for _ in range(STEPS):
            page.keyboard.press("ArrowRight")
        view.evaluate("view => view.scrollIntoView({ block: 'center' })")
        page.wait_for_timeout(500)
        page.screenshot(path=PICTURE)
        browser.close()
        stop(server)


if __name__ == "__main__":
    main()
