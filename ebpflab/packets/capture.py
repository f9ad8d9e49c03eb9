"""Packets from a capture file, read by dpkt (loaded when first used)."""

import io
import struct
from pathlib import Path
from typing import Any

from ebpflab.errors import EbpfLabError

_ETHERNET_LINK = 1  # DLT_EN10MB
_FILE_HEADER, _RECORD_HEADER = 24, 16  # bytes, of a pcap file
_PCAPNG = bytes.fromhex("0a0d0d0a")


class _WholeReads(io.BytesIO):
    """A file in memory that does not give less than was asked for."""

    def read(self, size: int | None = -1) -> bytes:
        piece = super().read(size)
        if size is not None and 0 < len(piece) < size:
            raise ValueError(f"{len(piece)} bytes where {size} should be")
        return piece


def read_capture(path: str | Path) -> list[bytes]:
    """Return the packets of a capture file (pcap or pcapng, Ethernet), in order.

    Raises:  EbpfLabError: no such file, broken or cut, another kind of link, or dpkt
             is not installed.
    """
    try:
        import dpkt
    except ImportError as error:
        raise EbpfLabError.of("capture-no-dpkt") from error
    try:
        raw = Path(path).read_bytes()
        reader: Any = dpkt.pcap.UniversalReader(_WholeReads(raw))
        link, packets = reader.datalink(), [bytes(packet) for _, packet in reader]
        _check_whole(raw, packets)
    except OSError as error:
        raise EbpfLabError.of(
            "capture-unreadable", at=str(path), error=error
        ) from error
    except (ValueError, TypeError, LookupError, struct.error, dpkt.Error) as error:
        raise EbpfLabError.of("capture-broken", at=str(path), error=error) from error
    if link != _ETHERNET_LINK:
        raise EbpfLabError.of("capture-link", at=str(path), link=link)
    return packets


def _check_whole(raw: bytes, packets: list[bytes]) -> None:
    """Refuse a pcap file that ends in a record, or between its header and bytes."""
    if b"" in packets:
        raise ValueError("a packet without bytes")
    whole = _FILE_HEADER + sum(_RECORD_HEADER + len(packet) for packet in packets)
    if not raw.startswith(_PCAPNG) and len(raw) != whole:
        raise ValueError(f"{len(raw)} bytes where {whole} should be")
