"""The mistakes that are made most often in C, and what the kit says about them."""

import re

import pytest

from ebpflab.c.compiler import compile
from ebpflab.c.diagnostics import error_from, parse
from ebpflab.errors import CompileError

BPF = "#include <linux/bpf.h>\n"
HELPERS = BPF + "#include <bpf/bpf_helpers.h>\n"
MISTAKES = {
    "c-include": "#include <stdio.h>\n",
    "c-helper-undeclared": BPF + "int f(void) { return bpf_ktime_get_ns(); }",
    "c-function-undeclared": "int f(void) { return other(); }",
    "c-sec-undeclared": "int f(void) { return SEC; }",
    "c-undeclared": "int f(void) { return XDP_PASS; }",
    "c-type-unknown": "int f(__u32 x) { return x; }",
    "c-semicolon": "int f(void) { return 1 }",
    "c-brace": "int f(void) { return 1;",
    "c-float": "float half(int x) { return x / 2.0f; }",
    "c-memory-builtin": "void f(char *p) { __builtin_memset(p, 0, 4096); }",
    "c-builtin": "void f(__int128 *a) { a[0] /= a[1]; }",
    "c-stack": "int g(int *); int f(void) { int big[200]; return g(big); }",
    "c-signed-division": "long f(long a, long b) { return a / b; }",
    "c-five-arguments": "int g(int, int, int, int, int, int);"
    "int f(void) { return g(1, 2, 3, 4, 5, 6); }",
    "c-incomplete": "struct ethhdr; int f(struct ethhdr *h) { return h->h_proto; }",
    "c-struct-return": "struct s { long a, b, c; };"
    "struct s f(void) { struct s x = {1, 2, 3}; return x; }",
    "c-atomic": "void f(short *a) { __sync_fetch_and_add(a, 1); }",
    "c-section-name": HELPERS + 'char license[] SEC("license") = "GPL";',
    "c-map-def": HELPERS + "struct bpf_map_def { int type; };",
    "c-refused": "int f(void) { return 1 +* ; }",
}


@pytest.mark.parametrize(("key", "text"), MISTAKES.items(), ids=MISTAKES)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_mistake_is_explained(
    key: str, text: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EBPFLAB_LANG", language)
    with pytest.raises(CompileError) as caught:
        compile(text, file="lesson.c")
    error = caught.value
    assert error.key == key
    assert error.hint or key == "c-refused"
    assert re.match(r"lesson\.c:\d+:\d+\n", error.at) or key == "c-section-name"
    assert "{" not in error.problem + error.why


def test_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {}
    for language in ("en", "fr"):
        monkeypatch.setenv("EBPFLAB_LANG", language)
        with pytest.raises(CompileError) as caught:
            compile(MISTAKES["c-semicolon"], file="lesson.c")
        said[language] = str(caught.value)
    assert said["en"].startswith("a semicolon is missing\n  at ")
    assert said["fr"].startswith("il manque un point-virgule\n  où ")
    assert all("expected ';' after return statement" in text for text in said.values())


def test_the_line_and_a_caret_below_it() -> None:
    with pytest.raises(CompileError) as caught:
        compile(HELPERS + "int f(void)\n{\n\treturn nothing;\n}\n", file="lesson.c")
    place, line, caret = caught.value.at.splitlines()
    assert place == "lesson.c:5:9"
    assert line.strip() == "return nothing;"
    assert line.index("nothing") == caret.index("^")


def test_several_mistakes_are_named_the_first_is_explained() -> None:
    with pytest.raises(CompileError) as caught:
        compile("int a = b;\nint c = d;\nint e = f;\nint g = h;\n", file="lesson.c")
    assert "b" in caught.value.problem
    assert "lesson.c:2:9" in caught.value.at
    assert "lesson.c:4" not in caught.value.at


def test_a_mistake_in_a_macro_or_a_header_is_placed(tmp_path) -> None:
    (tmp_path / "own.h").write_text("int f(void) { return nothing; }\n")
    with pytest.raises(CompileError) as caught:
        compile('#include "own.h"\n', include=[tmp_path])
    assert "own.h:1:22" in caught.value.at


def test_words_without_a_place_are_an_error_too() -> None:
    error = error_from("fatal error: error in backend: unknown\nstack dump")
    assert error.key == "c-back-end"
    assert error.why == "fatal error: error in backend: unknown"
    assert error_from("").problem
    assert list(parse("note: no place here")) == []
