"""One JupyterLab for all tests of this folder, and a browser in front of it.

The server stands on a free port, over a copy of the lessons, with settings of its own:
nothing of the machine's user is read, nothing in the tree is written. Not here: what a
learner does there.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.lab.recorded import ROOT

TOKEN = "learner"
TRIES = 3
START_S = 90
OWN_FOLDERS = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
OPTIONS = (
    "--no-browser",
    "--allow-root",
    "--expose-app-in-browser",
    "--ServerApp.port_retries=0",
    "--LabApp.extension_manager=readonly",
    f"--IdentityProvider.token={TOKEN}",
)
LOCAL = {"127.0.0.1", "localhost"}
NO_HOST = {"data", "blob", "file", "about"}


@dataclass
class Lab:
    """A running JupyterLab: where it is, and what left the machine."""

    url: str
    folder: Path  # the copy of the lessons
    settings: Path  # what a learner changed
    left: list[str] = field(default_factory=list)

    def page(self, path: Path) -> str:
        """Return the address of a notebook, in a workspace that is empty."""
        return f"{self.url}/lab/tree/{path.relative_to(ROOT)}?reset&token={TOKEN}"

    def watch(self, url: str) -> None:
        """Note a request that goes to another machine."""
        parts = urlsplit(url)
        if parts.scheme not in NO_HOST and parts.hostname not in LOCAL:
            self.left.append(url)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Start JupyterLab, or skip where it is not installed."""
    pytest.importorskip("jupyterlab", reason="jupyterlab is not installed")
    home = tmp_path_factory.mktemp("jupyter")
    folder = home / "tree"
    for name in ("notebooks", "slides"):
        shutil.copytree(ROOT / name, folder / name)
    for _ in range(TRIES):
        port = free_port()
        server = start(port, home, folder)
        if answers(server, f"http://127.0.0.1:{port}"):
            yield Lab(f"http://127.0.0.1:{port}", folder, home / "SETTINGS")
            stop(server)
            return
        stop(server)
    pytest.fail(f"JupyterLab does not start:\n{(home / 'log').read_text()[-3000:]}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(port: int, home: Path, folder: Path) -> "subprocess.Popen[bytes]":
    own = {f"JUPYTER_{name}": str(home / name) for name in OWN_FOLDERS}
    own |= {f"JUPYTERLAB_{n}_DIR": str(home / n) for n in ("SETTINGS", "WORKSPACES")}
    # The lessons find their language by their folder, as on a learner's machine.
    usual = {k: v for k, v in os.environ.items() if k != "EBPFLAB_LANG"}
    command = [sys.executable, "-m", "jupyterlab", *OPTIONS]
    command += [f"--ServerApp.port={port}", f"--ServerApp.root_dir={folder}"]
    with (home / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            env=usual | own | {"IPYTHONDIR": str(home / "ipython")},
            cwd=folder,
            stdout=log,
            stderr=log,
        )


def answers(server: "subprocess.Popen[bytes]", url: str) -> bool:
    """Wait until the server answers; return False if it ended or took too long."""
    end = time.monotonic() + START_S
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/api/status?token={TOKEN}", timeout=5):
                return True
        except OSError:
            time.sleep(0.2)
    return False


def stop(server: "subprocess.Popen[bytes]") -> None:
    """End the server; it ends its kernels."""
    server.terminate()
    try:
        server.wait(timeout=20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@pytest.fixture
def page(browser: Any, lab: Lab) -> Iterator[Any]:
    """A page whose requests are watched; afterwards none has left the machine."""
    lab.left.clear()
    # JupyterLab remembers that a deck is shown, and would show the next notebook so.
    shutil.rmtree(lab.settings, ignore_errors=True)
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.on("request", lambda request: lab.watch(request.url))
    page.on("websocket", lambda connection: lab.watch(connection.url))
    page.set_default_timeout(60_000)
    yield page
    page.close()
    assert lab.left == []
