"""Keys and values by their C type: numbers, texts, addresses, structs by field.

    m[{"prefixlen": 24, "addr": "10.0.0.0"}] = 1       a struct, by field
    m["10.0.0.0/24"] = 1                                a prefix, in an lpm_trie
    m[key].packets, int(m[key]), m[key]["port"]         what was read, by type

What is read is bytes as ever, and knows its type beside (`Value`). Numbers of the types
__be16, __be32, __be64 stand in network byte order and are written as people write
them: port 443 is 443. Not here: BTF itself (`ebpflab/btf`).
"""

import socket
import struct
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from ebpflab.btf import Btf, Kind, Member, Type, btf_of
from ebpflab.btf.layout import MAX_DEPTH

BIG_ENDIAN = ("__be16", "__be32", "__be64")
FLOATS = {4: "<f", 8: "<d"}
ADDRESS_SIZES = {4: socket.AF_INET, 16: socket.AF_INET6}
MAC_SIZE = 6  # bytes
_TEXT_TYPES = ("char",)
_ADDRESS_NAMES = ("addr", "saddr", "daddr", "ip", "ipaddr", "ip4", "ip6", "address")


class Value(bytes):
    """Bytes of a map with their C type: equal to the same bytes, and readable by it."""

    layout: "Layout"

    @classmethod
    def of(cls, data: bytes, layout: "Layout") -> "Value":
        made = cls(data)
        made.layout = layout
        return made

    @property
    def value(self) -> Any:
        """The content by its type: an int, a str, or a dict of its fields."""
        return self.layout.decode(bytes(self))

    def __int__(self) -> int:
        """Return the number that this is. Raises TypeError: it is a struct."""
        return int(self.value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        found = self.value
        if isinstance(found, Mapping) and name in found:
            return found[name]
        raise AttributeError(f"{self.layout.name} has no field {name!r}")

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, str):
            return self.value[place]
        return super().__getitem__(place)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, int | str | Mapping):
            return bool(self.value == other)
        return super().__eq__(other)

    __hash__ = bytes.__hash__

    def __repr__(self) -> str:
        return repr(self.value)

    __str__ = __repr__


class Layout:
    """How the bytes of one C type are read and written."""

    def __init__(self, btf: Btf, type: int) -> None:
        self.btf, self.type = btf, type
        self.size = btf.size_of(type)

    @property
    def name(self) -> str:
        return self.btf.type(self.type).name or self.btf.resolve(self.type).kind.name

    @property
    def is_big_endian(self) -> bool:
        """Tell whether this is one number in network byte order."""
        return self._is_big_endian(self.type)

    def decode(self, data: bytes) -> Any:
        """Return what bytes of this type say."""
        return self._decode(self.type, "", data)

    def encode(self, value: Any) -> bytes:
        """Return the bytes of a value.

        Raises:  ValueError: it does not fit the type; the text says which part.
        """
        return self._encode(self.type, self.name, value)

    # ---- reading ---------------------------------------------------------------

    def _decode(self, id: int, field: str, data: bytes) -> Any:
        type = self.btf.resolve(id)
        if type.kind in (Kind.STRUCT, Kind.UNION):
            return dict(self._members(type, data))
        if type.kind is Kind.ARRAY:
            return self._array(type, field, data)
        if type.kind is Kind.FLOAT and type.size in FLOATS:
            return struct.unpack(FLOATS[type.size], data)[0]
        if self._is_big_endian(id):
            return _address_or_number(field, data)
        number = int.from_bytes(data, "little", signed=type.signed)
        return _enumerator(type, number) if type.members else number

    def _members(self, type: Type, data: bytes) -> Iterator[tuple[str, Any]]:
        for member in type.members:
            if member.bit_size:
                whole = int.from_bytes(data, "little") >> member.bit_offset
                yield member.name, whole & (1 << member.bit_size) - 1
                continue
            part = data[member.offset : member.offset + self.btf.size_of(member.type)]
            found = self._decode(member.type, member.name, part)
            if member.name:
                yield member.name, found
            elif isinstance(found, dict):  # an anonymous struct: its fields are ours
                yield from found.items()

    def _array(self, type: Type, field: str, data: bytes) -> Any:
        step = self.btf.size_of(type.type)
        if step == 1 and self._is_text(type.type):
            return data.split(b"\0")[0].decode(errors="replace")
        if step == 1:
            return _address(field, data)
        parts = (data[i * step : (i + 1) * step] for i in range(type.count))
        return [self._decode(type.type, field, part) for part in parts]

    # ---- writing ---------------------------------------------------------------

    def _encode(self, id: int, path: str, value: Any) -> bytes:
        type, size = self.btf.resolve(id), self.btf.size_of(id)
        if isinstance(value, bytes | bytearray):
            return _exact(bytes(value), size, path)
        if type.kind in (Kind.STRUCT, Kind.UNION):
            return self._struct(type, size, path, value)
        if type.kind is Kind.ARRAY:
            return self._elements(type, size, path, value)
        if type.kind is Kind.FLOAT and size in FLOATS:
            return struct.pack(FLOATS[size], value)
        return self._scalar(id, type, size, path, value)

    def _scalar(self, id: int, type: Type, size: int, path: str, value: Any) -> bytes:
        if isinstance(value, str):
            named = {member.name: member.value for member in type.members}
            if value not in named:
                return _exact(_parsed_address(value, path), size, path)
            value = named[value]
        if not isinstance(value, int):
            raise ValueError(f"{path}: {value!r} is no number")
        order = "big" if self._is_big_endian(id) else "little"
        try:
            return value.to_bytes(size, order, signed=value < 0)  # type: ignore[arg-type]
        except OverflowError as error:
            raise ValueError(f"{path}: {value} does not fit {size} bytes") from error

    def _struct(self, type: Type, size: int, path: str, value: Any) -> bytes:
        if not isinstance(value, Mapping):
            raise ValueError(f"{path}: a dict of its fields is wanted")
        places = dict(self._places(type, 0))
        unknown = [name for name in value if name not in places]
        if unknown:
            raise ValueError(
                f"{path} has no {unknown[0]!r}; it has {', '.join(places)}"
            )
        made = bytearray(size)
        for name, part in value.items():
            offset, member = places[name]
            if member.bit_size:
                made = _with_bits(made, offset, member, part)
                continue
            data = self._encode(member.type, f"{path}.{name}", part)
            made[offset : offset + len(data)] = data
        return bytes(made)

    def _places(
        self, type: Type, start: int, depth: int = 0
    ) -> Iterator[tuple[str, tuple[int, Member]]]:
        """Yield the fields with their offsets; those of an anonymous struct, too."""
        for member in type.members if depth < MAX_DEPTH else ():
            if member.name:
                yield member.name, (start + member.offset, member)
            else:
                inner = self.btf.resolve(member.type)
                yield from self._places(inner, start + member.offset, depth + 1)

    def _elements(self, type: Type, size: int, path: str, value: Any) -> bytes:
        if isinstance(value, str):
            if self._is_text(type.type):
                return _exact(value.encode().ljust(size, b"\0"), size, path)
            return _exact(_parsed_address(value, path), size, path)
        if not isinstance(value, list | tuple) or len(value) > type.count:
            raise ValueError(f"{path}: a list of at most {type.count} is wanted")
        parts = (
            self._encode(type.type, f"{path}[{i}]", one) for i, one in enumerate(value)
        )
        return b"".join(parts).ljust(size, b"\0")

    # ---- what a type is --------------------------------------------------------

    def _is_big_endian(self, id: int) -> bool:
        """Tell whether the type is, by its names, one of network byte order."""
        type = self.btf.type(id)
        for _ in range(MAX_DEPTH):
            if type.name in BIG_ENDIAN:
                return True
            if not type.type or type.kind in (Kind.PTR, Kind.ARRAY):
                return False
            type = self.btf.type(type.type)
        return False

    def _is_text(self, id: int) -> bool:
        return self.btf.resolve(id).name in _TEXT_TYPES


def _with_bits(made: bytearray, offset: int, member: Member, value: Any) -> bytearray:
    if not isinstance(value, int) or not 0 <= value < 1 << member.bit_size:
        raise ValueError(f"{member.name}: not a number of {member.bit_size} bits")
    shift = 8 * offset + member.bit_offset % 8
    mask = (1 << member.bit_size) - 1
    whole = int.from_bytes(made, "little") & ~(mask << shift) | value << shift
    return bytearray(whole.to_bytes(len(made), "little"))


def _enumerator(type: Type, number: int) -> str | int:
    names = {member.value: member.name for member in type.members}
    return names.get(number, number)


def _exact(data: bytes, size: int, path: str) -> bytes:
    if len(data) != size:
        raise ValueError(f"{path}: {len(data)} bytes, {size} are wanted")
    return data


def _address_or_number(field: str, data: bytes) -> str | int:
    if len(data) == 4 and field in _ADDRESS_NAMES:
        return socket.inet_ntop(socket.AF_INET, data)
    return int.from_bytes(data, "big")


def _address(field: str, data: bytes) -> str | bytes:
    """Return bytes as an address if that is what they are called."""
    if field in _ADDRESS_NAMES and len(data) in ADDRESS_SIZES:
        return socket.inet_ntop(ADDRESS_SIZES[len(data)], data)
    if field in ("mac", "h_dest", "h_source") and len(data) == MAC_SIZE:
        return data.hex(":")
    return data


def _parsed_address(text: str, path: str) -> bytes:
    """Return the bytes of an IPv4, IPv6 or Ethernet address."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    try:
        if text.count(":") == MAC_SIZE - 1 and len(text) == 3 * MAC_SIZE - 1:
            return bytes.fromhex(text.replace(":", ""))
        return socket.inet_pton(family, text)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: {text!r} is no address") from error


def prefix_bytes(text: str, size: int) -> bytes:
    """Return the lpm_trie key of a prefix as people write it: `10.0.0.0/8`.

    Raises:  ValueError: no prefix, or one of another family.
    """
    address, _, length = text.partition("/")
    data = _exact(_parsed_address(address, "prefix"), size - 4, "prefix")
    bits = int(length) if length else 8 * len(data)
    if not 0 <= bits <= 8 * len(data):
        raise ValueError(f"/{bits}: an address has {8 * len(data)} bits")
    return bits.to_bytes(4, "little") + data


@lru_cache(maxsize=256)
def layout_of(raw: bytes | None, type: int, size: int) -> Layout | None:
    """Return the layout of a map's keys or values; None where it has no type.

    A type of another size than the map says is none either.
    """
    if not raw or not type:
        return None
    found = Layout(btf_of(raw), type)
    return found if found.size == size else None
