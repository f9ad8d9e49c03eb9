"""SYN cookies: the number that a listener answers with, so that it keeps no state.

    cookie = hash of both addresses, ports and the peer's number, with the largest
             segment size in its two lowest bits

Who acknowledges cookie + 1 has seen it, so its address is real.

Kernel differs: the secret and the hash are others, and a cookie does not grow old.
Source: RFC 4987, section 3.6; sizes as observed on Linux 6.18.
"""

import hashlib

MSS = {4: (536, 1300, 1440, 1460), 6: (1220, 1420, 1440, 8940)}  # bytes, by IP version
DEFAULT = {4: 536, 6: 1220}
ADDRESSES = {4: slice(12, 20), 6: slice(8, 40)}  # in the IP header
TCP_BYTES = 20
SECRET = b"ebpflab"
OPTION_END, OPTION_NOTHING, OPTION_MSS = 0, 1, 2


def is_whole(tcp: bytes) -> bool:
    """Tell whether a TCP header is as long as it says."""
    return len(tcp) >= TCP_BYTES and len(tcp) == (tcp[12] >> 4) * 4


def made(version: int, ip: bytes, tcp: bytes) -> tuple[int, int]:
    """Return a cookie for a SYN, and the segment size that it holds."""
    wanted = wanted_mss(tcp) or DEFAULT[version]
    sizes = MSS[version]
    index = max((i for i, size in enumerate(sizes) if size <= wanted), default=0)
    number = int.from_bytes(tcp[4:8], "big")
    return _hashed(version, ip, tcp, number) | index, sizes[index]


def is_valid(version: int, ip: bytes, tcp: bytes) -> bool:
    """Tell whether a header acknowledges a cookie of ours."""
    number = int.from_bytes(tcp[4:8], "big") - 1 & 0xFFFFFFFF
    cookie = int.from_bytes(tcp[8:12], "big") - 1 & 0xFFFFFFFF
    return cookie & ~0b11 == _hashed(version, ip, tcp, number)


def _hashed(version: int, ip: bytes, tcp: bytes, number: int) -> int:
    parts = ip[ADDRESSES[version]] + tcp[:4] + number.to_bytes(4, "big")
    digest = hashlib.sha256(SECRET + parts).digest()
    return int.from_bytes(digest[:4], "big") & ~0b11


def wanted_mss(tcp: bytes) -> int:
    """Return the segment size that a TCP header asks for; 0 = it does not."""
    at = TCP_BYTES
    while at < len(tcp) and tcp[at] != OPTION_END:
        length = (
            1 if tcp[at] == OPTION_NOTHING else int.from_bytes(tcp[at + 1 : at + 2])
        )
        if tcp[at] == OPTION_MSS and length == 4:
            return int.from_bytes(tcp[at + 2 : at + 4], "big")
        at += max(length, 1)
    return 0
