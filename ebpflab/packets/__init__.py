"""What the bytes of a packet are: its headers, field by field, as people write them.

Start with `headers.py`, the tables.
"""

from ebpflab.packets.capture import read_capture
from ebpflab.packets.describe import describe
from ebpflab.packets.dissect import dissect

__all__ = ["describe", "dissect", "read_capture"]
