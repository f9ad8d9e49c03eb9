"""What stands in for anywidget where it is not installed: a view without a browser.

Such a view prints and saves; it does not display. The names are those of anywidget and
traitlets, of which it does only what a view needs.
"""

from typing import Any


class Trait:
    """An attribute with a default, told apart for each object."""

    def __init__(self, default: Any = None) -> None:
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, view: Any, owner: type) -> Any:
        return view.__dict__.get(self.name, self.default)

    def __set__(self, view: Any, value: Any) -> None:
        view.__dict__[self.name] = value

    def tag(self, **_: bool) -> "Trait":
        return self


Dict = Int = Unicode = Trait


class AnyWidget:
    """A widget that nothing displays."""

    def __init__(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)

    def _repr_mimebundle_(self, **_: Any) -> None:
        return None
