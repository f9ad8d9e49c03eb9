"""C in, programs and maps out: the talk's program, cpus, macros, folders, the cache."""

import json
import sys
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from ebpflab.c import cache, compiler, toolchain
from ebpflab.c.compiler import compile
from ebpflab.errors import CompileError, EbpfLabError, ProgramError
from ebpflab.program import Variable

TALK = """\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define SAMPLE_SIZE 64
#define min(a, b) ((a) < (b) ? (a) : (b))

struct event {
    __u64 time;
    __u16 pkt_len;
    __u8 pad[6]; /* written out: padding would be bytes nobody set */
};

struct {
    __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
    __uint(key_size, sizeof(int));
    __uint(value_size, sizeof(__u32));
} my_map SEC(".maps");

SEC("xdp")
int xdp_sample_prog(struct xdp_md *ctx)
{
    void *data_end = (void *)(long)ctx->data_end;
    void *data = (void *)(long)ctx->data;
    struct event metadata = {};
    __u16 sample_size;
    __u64 flags;

    if (data >= data_end)
        return XDP_DROP;
    metadata.pkt_len = (__u16)(data_end - data);
    metadata.time = bpf_ktime_get_ns();
    sample_size = min(metadata.pkt_len, SAMPLE_SIZE);
    flags = BPF_F_CURRENT_CPU | (__u64)sample_size << 32;
    bpf_perf_event_output(ctx, &my_map, flags, &metadata, sizeof(metadata));
    return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
"""
SLIDE = TALK.replace('SEC("xdp")', 'SEC("xdp_sample")').replace(
    "data >= data_end", "data < data_end"
)
NOTHING = '#include <bpf/bpf_helpers.h>\nSEC("xdp") int p(void *ctx) { return %s; }'


def returned(text: str, **options: object) -> int:
    """Return the constant that a one-line program answers with."""
    (program,) = compile(text, **options).programs.values()
    return program.insns[0].imm


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of its own."""
    monkeypatch.setenv(cache.CHOOSE, str(tmp_path / "cache"))
    return tmp_path / "cache"


# ---- the talk's program ---------------------------------------------------------


def test_the_talks_program() -> None:
    made = compile(TALK, file="talk.c")
    program, spec = made.programs["xdp_sample_prog"], made.maps["my_map"]
    assert (program.type, program.expected_attach_type) == ("xdp", "xdp")
    assert (made.name, made.license, made.notices) == ("talk", "GPL", ())
    assert (spec.type, spec.key_size, spec.value_size) == ("perf_event_array", 4, 4)
    assert spec.max_entries == 0  # the number of CPUs, decided at load
    assert program.maps == (spec,)
    assert (program.source, program.source_name) == (TALK, "talk.c")


def test_every_line_that_is_told_stands_in_the_source() -> None:
    program = compile(TALK, file="talk.c").programs["xdp_sample_prog"]
    rows = TALK.splitlines()
    assert len(program.lines) > 10
    assert {line.file for line in program.lines} == {"talk.c"}
    assert all(rows[line.line - 1] == line.text for line in program.lines)


def test_the_variables_of_the_talks_program() -> None:
    program = compile(TALK).programs["xdp_sample_prog"]
    assert program.variables == (
        Variable("metadata", "", -16, 16),
        Variable("metadata", "time", -16, 8),
        Variable("metadata", "pkt_len", -8, 2),
        Variable("metadata", "pad", -6, 6),
    )


def test_the_slides_section_is_understood_and_remarked() -> None:
    made = compile(SLIDE)
    assert made.programs["xdp_sample_prog"].type == "xdp"
    assert made.notices == (
        'SEC("xdp_sample") is read as SEC("xdp"); '
        "libbpf 1.0 and later refuse the longer name",
    )


@pytest.mark.parametrize("text", [TALK, SLIDE], ids=["talk", "slide"])
@pytest.mark.parametrize("cpu", toolchain.CPUS)
def test_linux_accepts_it_for_every_cpu(linux, text: str, cpu: str) -> None:
    program = compile(text, cpu=cpu).programs["xdp_sample_prog"]
    assert linux.verify(program).message == ""


def test_linux_refuses_it_when_its_code_is_spoiled(linux) -> None:
    program = compile(TALK).programs["xdp_sample_prog"]
    assert not linux.verify(replace(program, code=program.code[:-8])).accepted


# ---- what can be given ------------------------------------------------------------


def test_the_cpu_decides_the_instructions() -> None:
    division = "volatile int d;\n" + NOTHING % "d / d"
    assert compile(division, cpu="v4").programs["p"]
    with pytest.raises(CompileError):
        compile(division, cpu="v3")
    assert compile(NOTHING % 0, cpu="v1").programs["p"].code[0] == 0xB7  # r0 = 0
    assert compile(NOTHING % 0, cpu="v3").programs["p"].code[0] == 0xB4  # w0 = 0


def test_macros_and_folders(tmp_path: Path) -> None:
    (tmp_path / "answer.h").write_text("#define ANSWER 7\n")
    assert returned(NOTHING % "FOUR", defines={"FOUR": 4}) == 4
    assert returned(NOTHING % "ONE", defines={"ONE": None}) == 1
    text = '#include "answer.h"\n' + NOTHING % "ANSWER"
    assert returned(text, include=[tmp_path]) == 7
    assert returned(text, file=tmp_path / "x.c") == 7  # the file's own folder


def test_text_a_path_or_a_file(tmp_path: Path) -> None:
    path = tmp_path / "three.c"
    path.write_text(NOTHING % 3)
    for made in (compile(path), compile(str(path)), compile(file=path)):
        assert made.name == "three"
        assert made.programs["p"].source_name == "three.c"
        assert made.programs["p"].insns[0].imm == 3


def test_a_type_given_overrides_the_section() -> None:
    made = compile("int f(void *ctx) { return 1; }", type="socket_filter")
    assert made.programs["f"].type == "socket_filter"
    other = compile(NOTHING % 1, type="sched_cls").programs["p"]
    assert (other.type, other.expected_attach_type) == ("sched_cls", None)


def test_a_function_without_section_is_remarked() -> None:
    made = compile("int f(void *ctx) { return 1; }")
    assert not made.programs
    assert "SEC" in made.notices[0]


def test_warnings_are_kept(kept: Path) -> None:
    text = "int x;\n" + NOTHING % "({ int y; y; })"
    for _ in range(2):  # compiled, then from the cache
        (notice,) = compile(text, file="w.c").notices
        assert notice.startswith("w.c:3:")
        assert "uninitialized" in notice


WRONG = [
    ({}, "c-nothing"),
    ({"source": "", "cpu": "v9"}, "c-cpu"),
    ({"source": "", "defines": {"a b": 1}}, "c-macro"),
    ({"source": "nowhere.c"}, "c-unreadable"),
    ({"source": "", "include": "a\0b"}, "c-nul"),
    ({"source": "", "defines": {"A": "\0"}}, "c-nul"),
]
KINDS = [
    {"source": 5},
    {"source": "int \udcff;"},
    {"file": 5},
    {"source": "", "include": None},
    {"source": "", "defines": ["A"]},
    {"source": "", "defines": {1: 2}},
]


@pytest.mark.parametrize("given", KINDS, ids=str)
def test_arguments_of_another_kind(given: dict[str, object]) -> None:
    with pytest.raises(ProgramError):
        compile(**given)


def test_one_folder_alone_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "answer.h").write_text("#define ANSWER 2\n")
    text = '#include "answer.h"\n' + NOTHING % "ANSWER"
    assert compile(text, include=str(tmp_path)).programs


@pytest.mark.parametrize(("given", "key"), WRONG, ids=[key for _, key in WRONG])
def test_what_cannot_be_given(given: dict[str, object], key: str) -> None:
    with pytest.raises(CompileError) as caught:
        compile(**given)
    assert caught.value.key == key


@pytest.mark.parametrize("name", ["-o.c", "a b.c", "../é.c", "..", "x", "/"])
def test_odd_names_for_messages(name: str) -> None:
    assert returned(NOTHING % 5, file=name) == 5


# ---- the compiler -----------------------------------------------------------------


def test_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "_wheel", lambda: None)
    with pytest.raises(CompileError) as caught:
        compile(NOTHING % 1)
    assert caught.value.key == "c-no-compiler"
    assert "pip install" in caught.value.hint


def test_another_compiler_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, kept: Path
) -> None:
    monkeypatch.setenv(toolchain.CHOOSE, "/nowhere/clang")
    with pytest.raises(CompileError) as caught:
        compile(NOTHING % 1)
    assert caught.value.key == "c-not-started"


def test_a_compiler_that_does_not_end_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kept: Path
) -> None:
    slow = tmp_path / "clang"
    slow.write_text("#!/bin/sh\nsleep 60 &\necho $! > child\nwait\n")
    slow.chmod(0o755)
    monkeypatch.setenv(toolchain.CHOOSE, str(slow))
    monkeypatch.setattr(toolchain, "TIME_LIMIT", 0.3)
    with pytest.raises(CompileError) as caught:
        compile(NOTHING % 1)
    assert caught.value.key == "c-too-long"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits others")
def test_a_compiler_that_takes_all_memory_is_refused_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kept: Path
) -> None:
    greedy = tmp_path / "clang"
    greedy.write_text(f'#!/bin/sh\nsleep 0.2\n{sys.executable} -c "bytes(1 << 31)"\n')
    greedy.chmod(0o755)
    monkeypatch.setenv(toolchain.CHOOSE, str(greedy))
    monkeypatch.setattr(toolchain, "MEMORY_LIMIT", 1 << 30)
    with pytest.raises(CompileError) as caught:
        compile(NOTHING % 1)
    assert "MemoryError" in caught.value.why


def test_files_without_end_or_without_contents(kept: Path) -> None:
    for path in ("/dev/zero", "/proc/self/mem", "/dev/full"):
        with suppress(EbpfLabError):
            compile(f'#include "{path}"')


def test_a_failure_of_the_compiler_itself_is_an_error_like_others(
    kept: Path,
) -> None:
    text = "__int128 m(__int128 a, __int128 b) { return a / b; }"
    with pytest.raises(CompileError):
        compile(text)


# ---- the cache --------------------------------------------------------------------


def count(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows with each run of the compiler."""
    runs: list[str] = []
    real = compiler._compile_now

    def counted(tools, settings, text, name):
        runs.append(name)
        return real(tools, settings, text, name)

    monkeypatch.setattr(compiler, "_compile_now", counted)
    return runs


def test_the_same_text_is_compiled_once(
    monkeypatch: pytest.MonkeyPatch, kept: Path
) -> None:
    runs = count(monkeypatch)
    first, second = compile(TALK), compile(TALK)
    assert len(runs) == 1
    assert first.programs["xdp_sample_prog"] == second.programs["xdp_sample_prog"]


@pytest.mark.parametrize(
    "other",
    [{"cpu": "v1"}, {"defines": {"X": 1}}, {"file": "other.c"}],
    ids=["cpu", "defines", "file"],
)
def test_other_options_are_compiled_again(
    monkeypatch: pytest.MonkeyPatch, kept: Path, other: dict[str, object]
) -> None:
    runs = count(monkeypatch)
    compile(TALK)
    compile(TALK, **other)
    assert len(runs) == 2


def test_a_changed_header_is_compiled_again(
    monkeypatch: pytest.MonkeyPatch, kept: Path, tmp_path: Path
) -> None:
    runs = count(monkeypatch)
    header = tmp_path / "a header.h"
    text = '#include "a header.h"\n' + NOTHING % "ANSWER"
    for answer in (7, 7, 8):
        header.write_text(f"#define ANSWER {answer}\n")
        assert returned(text, include=[tmp_path]) == answer
    assert len(runs) == 2


@pytest.mark.parametrize("broken", ["", "{}", "[]", '{"headers": 3}', "\0\xff"])
def test_a_broken_entry_is_compiled_again(kept: Path, broken: str) -> None:
    compile(NOTHING % 1)
    (entry,) = (kept / "compiled").glob("*.json")
    entry.write_text(broken)
    assert returned(NOTHING % 1) == 1
    assert json.loads(entry.read_text())["object"]


def test_the_cache_forgets_the_oldest(
    monkeypatch: pytest.MonkeyPatch, kept: Path
) -> None:
    monkeypatch.setattr(cache, "LIMIT", 2)
    for answer in (1, 2, 3):
        compile(NOTHING % answer)
    assert len(list((kept / "compiled").glob("*.json"))) == 2


def test_a_cache_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.CHOOSE, "/dev/null/nowhere")
    assert returned(NOTHING % 6) == 6
    private = cache.folder()
    assert private != Path(tempfile.gettempdir())
    assert private.stat().st_mode & 0o077 == 0


def test_nothing_but_kit_errors() -> None:
    for text in ("", "\0", "#include __FILE__", "#error no"):
        with suppress(EbpfLabError):
            compile(text)
