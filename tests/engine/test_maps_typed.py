"""Keys and values by C type: what is written is read, and the bytes are C's own."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ebpflab as lab
from ebpflab.maps.typed import prefix_bytes

SOURCE = """
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
enum mood { CALM, ANGRY = 7 };
struct key { __u32 prefixlen; __be32 addr; };
struct value {
    __u64 packets;
    __s16 delta;
    __be16 port;
    char comm[16];
    __u8 mac[6];
    __u32 counts[3];
    enum mood mood;
    struct { __u8 a; __u8 b; } inside;
    union { __u32 word; __u8 bytes[4]; };
    __u32 low : 4, high : 28;
};
struct { __uint(type, BPF_MAP_TYPE_LPM_TRIE); __type(key, struct key);
         __type(value, struct value); __uint(max_entries, 8);
         __uint(map_flags, BPF_F_NO_PREALLOC); } blocked SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __type(key, __u32);
         __type(value, __u64); __uint(max_entries, 4); } counts SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, __be16);
         __type(value, __u8); __uint(max_entries, 4); } ports SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __type(key, __u32);
         __type(value, __u32); __uint(max_entries, 1); } each SEC(".maps");
SEC("xdp") int f(void *c)
{
    struct key k = {};
    __u32 zero = 0;
    __be16 port = 0;
    bpf_map_lookup_elem(&ports, &port);
    bpf_map_lookup_elem(&each, &zero);
    bpf_map_lookup_elem(&counts, &zero);
    return bpf_map_lookup_elem(&blocked, &k) ? 1 : 2;
}
"""


@pytest.fixture(scope="module")
def obj() -> lab.Object:
    return lab.compile(SOURCE)


@pytest.fixture
def maps(obj) -> dict:
    return lab.maps(obj)


FULL = {
    "packets": 3,
    "delta": -2,
    "port": 443,
    "comm": "curl",
    "mac": "02:00:00:00:00:01",
    "counts": [1, 2, 3],
    "mood": "ANGRY",
    "inside": {"a": 1, "b": 2},
    "word": 0x01020304,
    "low": 5,
    "high": 6,
}


def test_what_is_written_by_field_is_read_by_field(maps):
    maps["blocked"][{"prefixlen": 24, "addr": "10.0.0.0"}] = FULL
    found = maps["blocked"]["10.0.0.9"].value
    assert found == FULL | {"bytes": bytes([4, 3, 2, 1])}


def test_the_bytes_are_those_of_c(maps):
    maps["blocked"]["10.0.0.0/24"] = {"packets": 1, "delta": -2, "port": 443}
    value = maps["blocked"]["10.0.0.0/24"]
    assert value[:12] == struct.pack("<Qh", 1, -2) + b"\x01\xbb"
    (key,) = maps["blocked"].keys()
    assert key == struct.pack("<I4B", 24, 10, 0, 0, 0)


def test_a_number_reads_as_a_number_and_stays_bytes(maps):
    maps["counts"][0] = 5
    value = maps["counts"][0]
    assert value == 5 == int(value)
    assert value == (5).to_bytes(8, "little")
    assert repr(value) == str(value) == "5"
    assert next(iter(maps["counts"].items())) == (0, 5)


def test_network_byte_order_is_written_as_people_write_it(maps):
    maps["ports"][443] = 1
    (key,) = maps["ports"]
    assert bytes(key) == b"\x01\xbb"
    assert key == 443
    assert maps["ports"][b"\x01\xbb"] == 1


def test_each_cpu_has_a_typed_value(maps):
    maps["each"][0] = 9
    assert maps["each"][0] == [9, 9]


def test_fields_are_attributes_and_items(maps):
    maps["blocked"]["10.0.0.0/8"] = {"port": 80}
    value = maps["blocked"]["10.1.2.3"]
    assert value.port == value["port"] == 80
    with pytest.raises(AttributeError, match="nothing"):
        _ = value.nothing


WRONG = [
    {"nothing": 1},
    {"packets": -(1 << 70)},
    {"packets": "many"},
    {"counts": [1, 2, 3, 4]},
    {"comm": "a name that is too long for it"},
    {"mac": "not an address"},
    {"low": 16},
    "text",
    [1],
]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_does_not_fit_is_said_and_nothing_is_lost(maps, wrong):
    maps["blocked"]["10.0.0.0/8"] = {"packets": 7}
    with pytest.raises(lab.MapError) as caught:
        maps["blocked"]["10.0.0.0/8"] = wrong
    assert caught.value.errno == 22
    assert maps["blocked"]["10.0.0.0/8"].packets == 7


def test_a_map_without_types_says_so():
    (counter,) = lab.maps(
        lab.Program(
            bytes.fromhex("b700000000000000 9500000000000000"),
            type="xdp",
            maps=[lab.MapSpec("array", 4, 8, 1, name="counter")],
        )
    ).values()
    with pytest.raises(lab.MapError, match="not known"):
        counter[0] = {"packets": 1}


@given(st.binary(min_size=4, max_size=4), st.integers(0, 32))
def test_a_prefix_is_what_its_text_says(address, bits):
    text = ".".join(map(str, address)) + f"/{bits}"
    assert prefix_bytes(text, 8) == bits.to_bytes(4, "little") + address


def test_ipv6_prefixes_are_taken(maps):
    assert prefix_bytes("2001:db8::/32", 20)[:8] == b"\x20\0\0\0\x20\x01\x0d\xb8"
    with pytest.raises(ValueError, match="bits"):
        prefix_bytes("10.0.0.0/33", 8)


def test_the_real_kernel_is_written_alike(linux, obj, maps):
    live = linux.maps(obj)
    for some in (maps, live):
        some["blocked"]["10.0.0.0/24"] = FULL
        some["ports"][443] = 2
    assert live["blocked"]["10.0.0.1"] == maps["blocked"]["10.0.0.1"]
    assert live["ports"][443] == 2


@given(st.binary(min_size=72, max_size=72))
def test_any_bytes_can_be_read_and_written_back(data):
    found = lab.maps(lab.compile(SOURCE))["blocked"].layout("value")
    data = data[: found.size].ljust(found.size, b"\0")
    read = found.decode(data)
    read["comm"] = data[12:28].decode(errors="ignore")[:0]
    assert found.decode(found.encode(read)) == read | {"comm": ""}
