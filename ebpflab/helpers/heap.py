"""What a program makes by kfuncs: objects, cpumasks, lists and trees, while it runs."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Heap:
    """What kfuncs have made in one run, by address."""

    counts: dict[int, int] = field(default_factory=dict)  # holders of an object
    masks: dict[int, int] = field(default_factory=dict)  # bits of a cpumask
    lists: dict[int, list[int]] = field(default_factory=dict)  # nodes, by their head
    trees: dict[int, list[int]] = field(default_factory=dict)  # nodes, by their root

    def holds(self, node: int) -> bool:
        """Tell whether a node stands in a list or a tree."""
        return any(
            node in held for held in (*self.lists.values(), *self.trees.values())
        )
