"""What an object asks of the kernel that is there: options, functions, variables.

Another kernel is made of files: its configuration and its BTF, written here. Then the
real one, which must take the program.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from ebpflab.btf import kernel as kernel_btf
from ebpflab.btf import symbols
from ebpflab.c.compiler import compile
from ebpflab.elf import kernel_config
from ebpflab.elf.relocations import POISONED_CALL
from ebpflab.errors import ObjectError
from ebpflab.isa.words import WORD32, WORD64
from ebpflab.program import Object

HEAD = "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n"
LICENSE = 'char _license[] SEC("license") = "GPL";\n'
OPTIONS = (
    HEAD
    + """
extern int LINUX_KERNEL_VERSION __kconfig;
extern _Bool LINUX_HAS_SYSCALL_WRAPPER __kconfig;
extern unsigned long CONFIG_BIG __kconfig __weak;
extern short CONFIG_SMALL __kconfig __weak;
extern _Bool CONFIG_YES __kconfig __weak;
extern char CONFIG_LETTER __kconfig __weak;
extern char CONFIG_TEXT[6] __kconfig __weak;
extern enum libbpf_tristate CONFIG_MODULE __kconfig __weak;
extern int CONFIG_NOT_SET __kconfig __weak;
volatile long out;
SEC("socket") int p(void *ctx)
{
    out = LINUX_KERNEL_VERSION + LINUX_HAS_SYSCALL_WRAPPER + CONFIG_BIG;
    out = CONFIG_SMALL + CONFIG_YES + CONFIG_TEXT[0] + CONFIG_MODULE;
    out = CONFIG_NOT_SET + CONFIG_LETTER;
    return out;
}
"""
    + LICENSE
)
CONFIG = """\
# Linux/x86 5.10.7 Kernel Configuration
CONFIG_BIG=0xdead0000beef
CONFIG_SMALL=-7
CONFIG_YES=y
CONFIG_LETTER=m
CONFIG_TEXT="some text"
CONFIG_MODULE=m
# CONFIG_NOT_SET is not set
"""
EXPECTED = {  # where libbpf puts each: wide alignment first, then small, then by name
    "CONFIG_BIG": (0, (0xDEAD0000BEEF).to_bytes(8, "little")),
    "CONFIG_MODULE": (8, b"\x02\0\0\0"),
    "CONFIG_NOT_SET": (12, b"\0\0\0\0"),
    "LINUX_KERNEL_VERSION": (16, b"\x07\x0a\x05\0"),
    "CONFIG_SMALL": (20, (-7).to_bytes(2, "little", signed=True)),
    "CONFIG_LETTER": (22, b"m"),
    "CONFIG_YES": (23, b"\x01"),
    "LINUX_HAS_SYSCALL_WRAPPER": (24, b"\x01"),
    "CONFIG_TEXT": (25, b"some \0"),
}


def with_config(text: bytes, tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"config-{len(text)}"
    path.write_bytes(text)
    patch.setenv(kernel_config.CHOOSE, str(path))


@pytest.mark.parametrize("packed", [False, True])
def test_options_of_another_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    text = gzip.compress(CONFIG.encode()) if packed else CONFIG.encode()
    with_config(text, tmp_path, monkeypatch)
    made = compile(OPTIONS)
    (contents,) = made.maps[".kconfig"].init.values()
    for offset, value in EXPECTED.values():
        assert contents[offset : offset + len(value)] == value
    assert len(contents) == 31
    assert made.maps[".kconfig"].frozen
    loads = [i for i in made.programs["p"].insns if i and i.is_wide and i.next_imm]
    assert {i.next_imm for i in loads} <= {place for place, _ in EXPECTED.values()}


def test_an_option_that_must_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_config(CONFIG.encode(), tmp_path, monkeypatch)
    text = OPTIONS.replace("CONFIG_NOT_SET __kconfig __weak", "CONFIG_NO __kconfig")
    with pytest.raises(ObjectError) as caught:
        compile(text.replace("CONFIG_NOT_SET", "CONFIG_NO"))
    assert caught.value.key == "kconfig-missing"


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("CONFIG_SMALL=70000", "object-broken"),
        ("CONFIG_YES=m", "object-broken"),
        ("CONFIG_BIG=text", "object-broken"),
        ('CONFIG_SMALL="7"', "object-broken"),
    ],
)
def test_values_that_do_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, key: str
) -> None:
    with_config(line.encode(), tmp_path, monkeypatch)
    with pytest.raises(ObjectError) as caught:
        compile(OPTIONS)
    assert caught.value.key == key


def test_no_configuration_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(kernel_config.CHOOSE, str(tmp_path / "none"))
    made = compile(OPTIONS)
    (remark,) = made.notices
    assert "CONFIG_BIG" in remark
    (contents,) = made.maps[".kconfig"].init.values()
    assert contents[8:16] == bytes(8)


def test_linux_takes_its_options(linux) -> None:
    made = compile(OPTIONS)
    verdict = linux.verify(made.programs["p"])
    assert verdict.accepted, verdict.log


def test_linux_does_not_enter_code_for_other_kernels(linux) -> None:
    text = (
        HEAD
        + "extern int LINUX_KERNEL_VERSION __kconfig;\n"
        + 'SEC("socket") int p(void *ctx) {\n'
        + "if (LINUX_KERNEL_VERSION < KERNEL_VERSION(%s, 0))"
        + ' asm volatile("r1 = *(u64 *)(r1 + 4096)" ::: "r1");\nreturn 0; }\n'
        + LICENSE
    )
    assert linux.verify(compile(text % "3, 2").programs["p"]).accepted
    assert not linux.verify(compile(text % "99, 9").programs["p"]).accepted


# ---- functions and variables ------------------------------------------------------

SYMBOLS = (
    HEAD
    + """
extern int bpf_there(int x) __ksym __weak;
extern int bpf_there___other(int x, int y) __ksym __weak;
extern int bpf_absent(int x) __ksym __weak;
extern const int a_variable __ksym __weak;
extern const void an_address __ksym __weak;
volatile long out;
SEC("tc") int p(struct __sk_buff *skb)
{
    if (bpf_ksym_exists(bpf_there)) out = bpf_there(1);
    if (bpf_ksym_exists(bpf_there___other)) out = bpf_there___other(1, 2);
    if (bpf_ksym_exists(bpf_absent)) out = bpf_absent(1);
    out = (long)&a_variable;
    out = (long)&an_address;
    return 0;
}
"""
    + LICENSE
)
KERNEL = """
int a_variable = 3;
__attribute__((noinline)) int bpf_there(int x) { return x + a_variable; }
"""


@pytest.fixture
def other_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Object]:
    """A kernel with one function and one variable, and its symbols' addresses."""
    made = compile(KERNEL + "int use(void) { return bpf_there(1); }\n")
    (tmp_path / "btf").write_bytes(made.btf or b"")
    (tmp_path / "kallsyms").write_text(
        "ffffffff81234560 D an_address\nffffffffc0000000 t an_address\t[module]\n"
    )
    monkeypatch.setenv(kernel_btf.CHOOSE, str(tmp_path / "btf"))
    monkeypatch.setattr(symbols, "LIST", tmp_path / "kallsyms")
    symbols.addresses.cache_clear()
    yield compile(SYMBOLS)
    symbols.addresses.cache_clear()


def test_symbols_of_another_kernel(other_kernel: Object) -> None:
    btf = kernel_btf.kernel_btf()
    assert btf
    function, variable = btf.find("bpf_there"), btf.find("a_variable")
    assert function
    assert variable
    insns = [i for i in other_kernel.programs["p"].insns if i]
    named = [i.imm for i in insns if i.is_wide and i.src == 3]
    assert named == [function.id, variable.id]
    calls = [(i.src, i.imm) for i in insns if i.opcode == 0x85]
    assert calls == [(2, function.id), (0, POISONED_CALL), (0, POISONED_CALL)]
    plain = [i for i in insns if i.is_wide and not i.src]
    numbers = [(i.next_imm << 32 | i.imm & WORD32) & WORD64 for i in plain]
    assert numbers == [0, 0, 0xFFFFFFFF81234560]


def test_a_symbol_that_must_be_there(other_kernel: Object) -> None:
    strong = SYMBOLS.replace("an_address __ksym __weak", "an_address __ksym")
    assert compile(strong).programs
    with pytest.raises(ObjectError) as caught:
        compile(strong.replace("an_address", "no_address"))
    assert caught.value.key == "extern-unknown"


def test_an_address_of_the_real_kernel(linux) -> None:
    text = SYMBOLS.replace("an_address", "_stext").replace("bpf_there", "bpf_no_such")
    made = compile(text.replace("a_variable", "no_such_variable"))
    verdict = linux.verify(made.programs["p"])
    assert verdict.accepted, verdict.log


# ---- what is told ------------------------------------------------------------------


def test_slots_pins_and_extras_are_in_the_blueprint() -> None:
    text = (
        HEAD
        + """
    struct { __uint(type, BPF_MAP_TYPE_BLOOM_FILTER); __uint(max_entries, 9);
         __uint(value_size, 4); __uint(map_extra, 5); } bloom SEC(".maps");
    struct { __uint(type, BPF_MAP_TYPE_ARENA); __uint(max_entries, 9);
         __uint(map_flags, BPF_F_MMAPABLE); __ulong(map_extra, 0x1ull << 44);
    } arena SEC(".maps");
    """
    )
    maps = compile(text).maps
    assert maps["bloom"].extra == 5
    assert maps["arena"].extra == 1 << 44


def test_usdt_is_remarked() -> None:
    text = HEAD + 'SEC("usdt//bin/x:a:b") int p(void *ctx) { return 0; }\n'
    made = compile(text)
    assert made.programs["p"].type == "kprobe"
    assert made.notices[0].startswith('SEC("usdt"): where the arguments')
