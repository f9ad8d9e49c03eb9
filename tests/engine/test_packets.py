"""Packets: every byte named once, values equal to dpkt's own reading of them."""

import io
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ebpflab as lab
from ebpflab.errors import EbpfLabError
from ebpflab.packets import describe, dissect, read_capture
from ebpflab.packets.headers import HEADERS
from ebpflab.timeline import Field

dpkt = pytest.importorskip("dpkt")

NOTEBOOKS = Path(__file__).parent.parent.parent / "notebooks"
CAPTURE = NOTEBOOKS / "en" / "traffic.pcap"
PACKETS = read_capture(CAPTURE)
SYN = PACKETS[6]


def text_of(packet: bytes) -> dict[str, str]:
    """Return {"IPv4 ttl": "64", ...}."""
    return {f"{f.group} {f.name}": f.text for f in dissect(packet)}


def gaps(packet: bytes, fields: tuple[Field, ...]) -> list[str]:
    """Return where the fields do not follow each other, first to last byte."""
    ends = [0, *(f.offset + f.size for f in fields)]
    starts = [*(f.offset for f in fields), len(packet)]
    empty = [f"{f.name} is empty" for f in fields if f.size <= 0]
    pairs = enumerate(zip(ends, starts, strict=True))
    return empty + [f"field {n}: {a} != {b}" for n, (a, b) in pairs if a != b]


# ---- the recorded traffic --------------------------------------------------------


def test_the_capture_is_small_and_the_same_in_both_languages() -> None:
    assert 20 <= len(PACKETS) <= 30
    assert CAPTURE.stat().st_size < 10_000
    assert CAPTURE.read_bytes() == (NOTEBOOKS / "fr" / "traffic.pcap").read_bytes()


def test_the_capture_holds_what_lessons_need() -> None:
    lines = "\n".join(describe(packet) for packet in PACKETS)
    for part in (
        "ARP 10.0.0.1 asks who has 10.0.0.2, 42 bytes",
        "ARP 10.0.0.2 is at 02:42:ac:11:00:02, 42 bytes",
        "ICMP 10.0.0.1 → 10.0.0.2 echo request, 74 bytes",
        "TCP 10.0.0.1:54321 → 10.0.0.2:80 SYN, 74 bytes",
        "TCP 10.0.0.2:80 → 10.0.0.1:54321 SYN ACK, 74 bytes",
        "FIN ACK",
        "RST ACK",
        "UDP 10.0.0.1:40000 → 10.0.0.2:53 DNS, 90 bytes",
        "neighbor solicitation",
        "ICMPv6 fe80::42:acff:fe11:3 → fe80::42:acff:fe11:2 echo request",
    ):
        assert part in lines


def internet_checksum(data: bytes) -> int:
    padded = data + bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def wrong_checksums(packet: bytes) -> list[str]:
    """Return which checksums of an IPv4 packet are not those of a wire."""
    ip = packet[14:34]
    body = packet[34:]
    wrong = [] if internet_checksum(ip) == 0xFFFF else ["IPv4"]
    if ip[9] in (socket.IPPROTO_TCP, socket.IPPROTO_UDP):
        body += ip[12:20] + struct.pack(">HH", ip[9], len(body))
    return wrong if internet_checksum(body) == 0xFFFF else [*wrong, "body"]


def test_the_checksums_in_the_capture_are_right() -> None:
    packets = [p for p in PACKETS if p[12:14] == b"\x08\x00"]
    assert len(packets) >= 20
    assert [p for p in packets if wrong_checksums(p)] == []
    assert wrong_checksums(packets[0][:-1] + b"\xff") == ["body"]


# ---- dpkt as the oracle -----------------------------------------------------------


def mac(raw: bytes) -> str:
    return ":".join(f"{byte:02x}" for byte in raw)


def ethernet_rows(frame) -> Iterator[tuple[str, str]]:
    yield "Ethernet dst", mac(frame.dst)
    yield "Ethernet src", mac(frame.src)


def arp_rows(arp) -> Iterator[tuple[str, str]]:
    yield "ARP op", {1: "request", 2: "reply"}[arp.op]
    yield "ARP sender mac", mac(arp.sha)
    yield "ARP sender", socket.inet_ntoa(arp.spa)
    yield "ARP target", socket.inet_ntoa(arp.tpa)


def ipv4_rows(ip) -> Iterator[tuple[str, str]]:
    yield "IPv4 length", str(ip.len)
    yield "IPv4 ttl", str(ip.ttl)
    yield "IPv4 flags", "DF" if ip.df else ""
    yield "IPv4 proto", {1: "ICMP", 6: "TCP", 17: "UDP"}[ip.p]
    yield "IPv4 src", socket.inet_ntoa(ip.src)
    yield "IPv4 dst", socket.inet_ntoa(ip.dst)


def ipv6_rows(ip) -> Iterator[tuple[str, str]]:
    yield "IPv6 length", str(ip.plen)
    yield "IPv6 hops", str(ip.hlim)
    yield "IPv6 next", {58: "ICMPv6"}[ip.nxt]
    yield "IPv6 src", socket.inet_ntop(socket.AF_INET6, ip.src)
    yield "IPv6 dst", socket.inet_ntop(socket.AF_INET6, ip.dst)


def tcp_rows(tcp) -> Iterator[tuple[str, str]]:
    names = ("FIN", "SYN", "RST", "PUSH", "ACK", "URG", "ECE", "CWR")
    spelled = {"PUSH": "PSH"}
    set_bits = [n for n in names if tcp.flags & getattr(dpkt.tcp, f"TH_{n}")]
    yield "TCP sport", str(tcp.sport)
    yield "TCP dport", str(tcp.dport)
    yield "TCP window", str(tcp.win)
    yield "TCP flags", " ".join(spelled.get(n, n) for n in set_bits)


def udp_rows(udp) -> Iterator[tuple[str, str]]:
    yield "UDP sport", str(udp.sport)
    yield "UDP dport", str(udp.dport)
    yield "UDP length", str(udp.ulen)


def icmp_rows(icmp) -> Iterator[tuple[str, str]]:
    yield "ICMP type", {0: "echo reply", 8: "echo request"}[icmp.type]
    yield "ICMP id", str(icmp.data.id)
    yield "ICMP seq", str(icmp.data.seq)


ORACLE: dict[type, Callable] = {
    dpkt.ethernet.Ethernet: ethernet_rows,
    dpkt.arp.ARP: arp_rows,
    dpkt.ip.IP: ipv4_rows,
    dpkt.ip6.IP6: ipv6_rows,
    dpkt.tcp.TCP: tcp_rows,
    dpkt.udp.UDP: udp_rows,
    dpkt.icmp.ICMP: icmp_rows,
}


def differences(packet: bytes) -> list[str]:
    """Return where our reading of a packet is not dpkt's."""
    texts, layer, wrong = text_of(packet), dpkt.ethernet.Ethernet(packet), []
    while type(layer) in ORACLE:
        for name, expected in ORACLE[type(layer)](layer):
            if texts.get(name) != expected:
                wrong.append(f"{name}: {texts.get(name)} != {expected}")
        layer = layer.data
    return wrong


@pytest.mark.parametrize("packet", PACKETS, ids=describe)
def test_a_recorded_packet(packet: bytes) -> None:
    assert gaps(packet, dissect(packet)) == []
    assert differences(packet) == []


def test_the_oracle_finds_a_planted_error(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = list(HEADERS["TCP"].rows)
    rows[0], rows[1] = ("dport", *rows[0][1:]), ("sport", *rows[1][1:])
    planted = HEADERS["TCP"].__class__("TCP", tuple(rows))
    monkeypatch.setitem(HEADERS, "TCP", planted)
    assert differences(SYN) == ["TCP sport: 80 != 54321", "TCP dport: 54321 != 80"]


def test_a_planted_gap_is_found() -> None:
    fields = dissect(SYN)
    assert gaps(SYN, fields[:3] + fields[4:]) != []
    assert gaps(SYN, fields[:-1]) != []


# ---- shapes the capture does not have -----------------------------------------------


def groups(packet: bytes) -> list[str]:
    return list(dict.fromkeys(f.group for f in dissect(packet)))


def test_the_rows_of_a_syn() -> None:
    """The fields that the stepper shows, in its order."""
    names = [f"{f.group} {f.name}" for f in dissect(SYN)]
    ethernet = "dst src type"
    ip = "ver·ihl tos length id flags ttl proto csum src dst"
    tcp = "sport dport seq ack off flags window csum urg options"
    rows = {"Ethernet": ethernet, "IPv4": ip, "TCP": tcp}
    assert names == [f"{group} {x}" for group, row in rows.items() for x in row.split()]


@pytest.mark.parametrize("size", range(len(SYN) + 1))
def test_a_cut_packet(size: int) -> None:
    cut = SYN[:size]
    fields = dissect(cut)
    assert gaps(cut, fields) == []
    whole = {(f.offset, f.name) for f in dissect(SYN)}
    assert {(f.offset, f.name) for f in fields if f.group != "payload"} <= whole
    assert [f.group for f in fields].count("payload") <= 1


def ipv4(first: int = 0x45, fragment: int = 0, proto: int = 6) -> bytes:
    head = struct.pack(">BBHHHBBH", first, 0, 0, 0, fragment, 64, proto, 0)
    return SYN[:14] + head + bytes([10, 0, 0, 1, 10, 0, 0, 2])


ETHERNET_IPV6 = SYN[:12] + b"\x86\xdd"
TCP = SYN[34:46] + b"\x50" + SYN[47:54]  # without options


def ipv6(next_header: int, rest: bytes) -> bytes:
    head = struct.pack(">IHBB", 6 << 28, len(rest), next_header, 64)
    return ETHERNET_IPV6 + head + bytes(32) + rest


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (SYN[:12] + b"\x81\x00\x00\x05" + SYN[12:], "Ethernet VLAN IPv4 TCP"),
        (ipv4(0x47) + bytes(8) + TCP, "Ethernet IPv4 TCP"),
        (ipv4(0x4F) + TCP, "Ethernet IPv4 payload"),  # options cut
        (ipv4(0x41) + TCP, "Ethernet IPv4 payload"),  # a header shorter than itself
        (ipv4(fragment=0x2000) + TCP, "Ethernet IPv4 TCP"),
        (ipv4(fragment=0x0010) + TCP, "Ethernet IPv4 payload"),
        (ipv4(proto=4) + SYN[14:], "Ethernet IPv4 IPv4_2 TCP"),
        (ipv4(proto=99) + TCP, "Ethernet IPv4 payload"),
        (ipv6(6, TCP), "Ethernet IPv6 TCP"),
        (
            ipv6(0, b"\x06\0" + bytes(6) + TCP),
            "Ethernet IPv6 IPv6_extension TCP",
        ),
        (
            ipv6(44, b"\x06\0\0\1" + bytes(4) + TCP),
            "Ethernet IPv6 IPv6_fragment TCP",
        ),
        (
            ipv6(44, b"\x06\0\0\x10" + bytes(4) + TCP),
            "Ethernet IPv6 IPv6_fragment payload",
        ),
        (SYN + bytes(6), "Ethernet IPv4 TCP padding"),
        (SYN[:12] + b"\x88\xcc" + bytes(46), "Ethernet payload"),
        (
            ipv4(proto=17) + struct.pack(">4H", 1, 4789, 0, 0) + bytes(8) + SYN,
            "Ethernet IPv4 UDP VXLAN Ethernet_2 IPv4_2 TCP",
        ),
    ],
)
def test_which_headers(packet: bytes, expected: str) -> None:
    found = [group.replace(" ", "_") for group in groups(packet)]
    assert found == expected.split()
    assert gaps(packet, dissect(packet)) == []


@pytest.mark.parametrize(
    ("packet", "line"),
    [
        (b"", "0 bytes"),
        (SYN[:13], "Ethernet 02:42:ac:11:00:03 → 02:42:ac:11:00:02, 13 bytes"),
        (SYN[:36], "TCP 10.0.0.1:54321 → 10.0.0.2:?, 36 bytes"),
        (SYN[:34], "IPv4 10.0.0.1 → 10.0.0.2 TCP, 34 bytes"),
        (ipv6(6, TCP), "TCP [::]:54321 → [::]:80 SYN, 74 bytes"),
    ],
)
def test_a_line_about_a_packet(packet: bytes, line: str) -> None:
    assert describe(packet) == line


def test_a_line_in_french(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EBPFLAB_LANG", "fr")
    assert describe(SYN) == "TCP 10.0.0.1:54321 → 10.0.0.2:80 SYN, 74 octets"
    assert describe(PACKETS[0]) == "ARP 10.0.0.1 demande qui a 10.0.0.2, 42 octets"


@given(st.binary(max_size=120))
def test_any_bytes(packet: bytes) -> None:
    assert gaps(packet, dissect(packet)) == []
    assert describe(packet).endswith(f"{len(packet)} bytes")


@given(st.sampled_from(PACKETS), st.integers(0, 99), st.integers(0, 255), st.data())
def test_damaged_packets(
    packet: bytes, at: int, value: int, data: st.DataObject
) -> None:
    damaged = bytearray(packet[: data.draw(st.integers(0, len(packet)))])
    if at < len(damaged):
        damaged[at] = value
    assert gaps(bytes(damaged), dissect(damaged)) == []
    assert describe(damaged)


def test_a_chain_without_end_takes_no_time() -> None:
    packet = SYN[:12] + b"\x81\x00\x00\x05" * 100_000
    assert len(dissect(packet)) == 2 + 1 + 2 * 99_999 + 1


# ---- captures --------------------------------------------------------------------


def pcapng() -> bytes:
    """The first packets of the capture in the other format."""
    file = io.BytesIO()
    writer = dpkt.pcapng.Writer(file)
    for packet in PACKETS[:5]:
        writer.writepkt(packet, ts=1.0)
    return file.getvalue()


def test_both_formats(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    path.write_bytes(pcapng())
    assert read_capture(path) == read_capture(str(path)) == PACKETS[:5]


@pytest.mark.parametrize("whole", [CAPTURE.read_bytes(), pcapng()], ids=["pcap", "ng"])
def test_a_cut_capture_says_so(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cut.pcap"
    for size in (0, 3, 20, 30, 41, 100, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(EbpfLabError) as caught:
            read_capture(path)
        assert caught.value.key == "capture-broken"


def test_other_wrong_captures(tmp_path: Path) -> None:
    path = tmp_path / "wrong.pcap"
    whole = bytearray(CAPTURE.read_bytes())
    whole[20] = 113  # LINUX_SLL, what `tcpdump -i any` writes
    path.write_bytes(whole)
    for wrong, key in ((path, "capture-link"), (tmp_path, "capture-unreadable")):
        with pytest.raises(EbpfLabError) as caught:
            read_capture(wrong)
        assert caught.value.key == key


def test_without_dpkt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dpkt", None)
    with pytest.raises(EbpfLabError, match="dpkt"):
        read_capture(CAPTURE)


def test_a_capture_that_ends_behind_a_record_header_is_cut(tmp_path: Path) -> None:
    whole = (CAPTURE).read_bytes()
    first = 24 + 16 + 42
    for size, good in ((first, True), (first + 16, False), (first + 5, False)):
        file = tmp_path / "cut.pcap"
        file.write_bytes(whole[:size])
        if good:
            assert len(read_capture(file)) == 1
        else:
            with pytest.raises(EbpfLabError):
                read_capture(file)


def test_a_packet_may_begin_with_its_ip_header() -> None:
    """So it does for cgroup_skb: its first bytes are no Ethernet addresses."""
    made = lab.assemble("r0 = 1\nexit", type="cgroup_skb")
    firsts = []
    for packet in (PACKETS[2], PACKETS[24], PACKETS[0]):  # IPv4, IPv6, ARP
        fields = lab.run(made, packet).timeline.fields
        firsts.append(next(f.group for f in fields if f.region == "packet"))
    assert firsts == ["IPv4", "IPv6", "payload"]
