"""Explicit congestion notification: two bits of an IP header (RFC 3168).

    00 the sender does not know it    01, 10 it does    11 congestion was met

Source: RFC 3168; docs of bpf_skb_ecn_set_ce.
"""

IPV4, IPV6 = 0x0008, 0xDD86  # ethertypes, as a little-endian machine reads them
CONGESTED = 0b11
IPV4_BYTES, CHECKSUM = 20, slice(10, 12)


def marked_congested(header: bytes, protocol: int) -> bytes | None:
    """Return the start of an IP header, marked; None: its sender knows no marks."""
    if protocol == IPV4 and len(header) >= IPV4_BYTES:
        return _marked_ipv4(header[:IPV4_BYTES])
    if protocol == IPV6 and len(header) >= 2 * IPV4_BYTES:
        if not header[1] >> 4 & CONGESTED:
            return None
        return bytes([header[0], header[1] | CONGESTED << 4])
    return None


def _marked_ipv4(header: bytes) -> bytes | None:
    """The checksum changes by as much as the byte, in ones' complement."""
    if not header[1] & CONGESTED:
        return None
    grown = (header[1] | CONGESTED) - header[1]
    total = (~int.from_bytes(header[CHECKSUM], "big") & 0xFFFF) + grown
    folded = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    marked = bytes([header[0], header[1] | CONGESTED]) + header[2:]
    return marked[:10] + folded.to_bytes(2, "big") + marked[12:]
