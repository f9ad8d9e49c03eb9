"""What things cost: measured here, published by others, or a model. Never mixed.

figure.py      one cost with its source and conditions; several as a table
measuring.py   native loops (loops.c) in a process of their own (child.py), and
               small eBPF programs in the real kernel (ebpf.py), with the machine
published.py   figures of others as data (published.toml), our models (models.toml)

lab.cost.measure()      all that can be measured here, with spread
lab.cost.published()    what others measured
"""

from ebpflab.cost.figure import Cost, Costs
from ebpflab.cost.machine import describe_machine
from ebpflab.cost.measuring import measurable, measure
from ebpflab.cost.published import crossover, published, stages

__all__ = [
    "Cost",
    "Costs",
    "crossover",
    "describe_machine",
    "measurable",
    "measure",
    "published",
    "stages",
]
