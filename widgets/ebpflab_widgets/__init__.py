"""The views of ebpflab: what a learner sees of a run, in Jupyter, on a page, as text.

Each name below makes a view of something that the engine answered. A view displays
itself, prints itself, and saves itself as one file. The package draws; it computes
nothing that the engine should know. It needs the standard library, and anywidget for
the notebook.
"""

from typing import Any

from ebpflab_widgets.costs import costs
from ebpflab_widgets.explain import explain
from ebpflab_widgets.paths import paths
from ebpflab_widgets.stepper import step
from ebpflab_widgets.watch import watch

__all__ = ["costs", "explain", "paths", "step", "watch"]


def load_ipython_extension(shell: Any) -> None:
    """Add the magics `%%ebpf`, `%step`, `%explain`: `%load_ext ebpflab_widgets`."""
    from ebpflab_widgets.magic import add

    add(shell)
