"""Code is split along its definitions; what is too large, between statements."""

from __future__ import annotations

import ast

import pytest

from vstash.text.passage import estimate_starts
from vstash.text.read import extract
from vstash.text.split import split
from vstash.types import Chunk, Source

SAMPLES = {
    "x.js": (
        """\
/** doc */
export function a(x) {
  return 1;
}
const b = (y) => {
  return y;
};
class C extends D {
  m(z) {
    return z;
  }
}
module.exports = a;
""",
        [(1, "function a(x)"), (1, "b = (y)"), (1, "class C extends D"), (2, "m(z)"), (1, "")],
    ),
    "x.ts": (
        """\
interface P {
  a: string;
}
export class Q<T> implements P {
  constructor(a: T) {
    this.a = a;
  }
  get v(): number {
    return 1;
  }
}
class R implements S<T> {
  w = async (): Promise<T> => {
    return 1;
  };
}
""",
        [
            (1, "interface P"),
            (1, "class Q<T> implements P"),
            (2, "constructor(a: T)"),
            (2, "get v(): number"),
            (1, "class R implements S<T>"),
            (2, "w = async (): Promise<T>"),
        ],
    ),
    "x.tsx": (
        """\
function V() {
  return <b>1</b>;
}
""",
        [(1, "function V()")],
    ),
    "x.go": (
        """\
package m

// T
type T struct {
  A int
  B int
}

func (t *T) Run(x int) error {
  return nil
}
""",
        [(1, "T struct"), (1, "func (t *T) Run(x int) error")],
    ),
    "x.rs": (
        """\
/// doc
#[derive(Debug)]
struct A {
  x: i32,
}
impl A {
  pub fn new(x: i32) -> Self {
    A { x }
  }
}
impl B<'a> {
  fn next(&self) -> Option<char> {
    None
  }
}
""",
        [
            (1, "struct A"),
            (1, "impl A"),
            (2, "pub fn new(x: i32) -> Self"),
            (1, "impl B<'a>"),
            (2, "fn next(&self) -> Option<char>"),
        ],
    ),
    "x.java": (
        """\
/** d */
public class A {
  private int x;
  @Override
  public int run(int y) {
    return y;
  }
}
""",
        [(1, "public class A"), (2, "public int run(int y)")],
    ),
    "x.c": (
        """\
#include <a.h>
/* d */
static int
main(int argc, char **argv)
{
  return 0;
}
""",
        [(1, "static int main(int argc, char **argv)")],
    ),
    "x.cpp": (
        """\
namespace n {
template <class T>
class A : public B {
  int run(int x) {
    return x;
  }
};
}
""",
        [(1, "namespace n"), (2, "class A : public B"), (3, "int run(int x)")],
    ),
    "x.cs": (
        """\
namespace N {
  public class A {
    public int Run(int x) {
      return x;
    }
  }
}
""",
        [(1, "namespace N"), (2, "public class A"), (3, "public int Run(int x)")],
    ),
    "x.rb": (
        """\
module M
  class A < B
    # doc
    def run(x)
      x
    end
  end
end
""",
        [(1, "module M"), (2, "class A < B"), (3, "def run(x)")],
    ),
    "x.php": (
        """\
<?php
class A {
  public function run($x) {
    return $x;
  }
}
function f() {
  return 1;
}
""",
        [(1, "class A"), (2, "public function run($x)"), (1, "function f()")],
    ),
    "x.sh": (
        """\
set -e
run() {
  echo 1
}
function go {
  echo 2
}
run
""",
        [(1, "run()"), (1, "function go"), (1, "")],
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_definitions_carry_their_signature(name: str):
    text, expected = SAMPLES[name]
    assert [(one.level, one.title) for one in extract(text.encode(), name).headings] == expected


def test_comments_and_decorators_belong_to_what_follows():
    text = "x = 1\n\n# why\n# and how\n@cache\ndef f():\n    return 1  # trailing\n\ndef g(): ...\n"
    headings = extract(text.encode(), "x.py").headings
    assert [text[one.start :].split("\n")[0] for one in headings] == ["# why", "def g(): ..."]


def test_a_namespace_behind_a_macro_is_no_function():
    text = "LIBRARY_API namespace LIBRARY_VERSION {\nint a() {\n  return 1;\n}\nint b() {\n  return 2;\n}\n}\n"
    found = extract(text.encode(), "x.hpp").headings
    assert [(heading.level, heading.title) for heading in found][1:] == [(2, "int a()"), (2, "int b()")]


def test_offsets_are_code_points():
    text = '"""Größe – 船"""\n\ndef länge(ß):\n    return "é"\n'
    [heading] = extract(text.encode(), "x.py").headings
    assert (text[heading.start :].startswith("def länge"), heading.title) == (True, "def länge(ß)")


@pytest.mark.parametrize(
    "data", [b"def f(:\n  x\n class", b"class A:\n" * 50, b"(" * 20_000, b"}{][", b"def \xff(): pass"]
)
def test_half_written_code_is_still_text(data: bytes):
    assert extract(data, "x.py").text


def test_unknown_languages_are_text_with_lines():
    found = extract(b"(defun f (x) x)\n", "x.lisp")
    assert (found.headings, found.places[0].labels) == ((), {"line": 1})


def module(functions: int, lines: int) -> str:
    """Python source of so many functions, every seventh one far too long for a window."""
    out = ['"""A module."""', "import os", ""]
    for number in range(functions):
        out += [f"def compute_{number}(value, retry_delay={number}):"]
        for line in range(lines * (8 if number % 7 == 0 else 1)):
            out += [f"    if value > {line}:", f"        value = retry_delay * {line} + len(os.sep)"]
        out += ["    return value", "", ""]
    return "\n".join(out)


def test_functions_are_whole_or_cut_between_statements():
    text = module(60, 6)
    assert text.count("\n") > 1500
    chunks = passages(text, 254)
    starts = {chunk.start for chunk in chunks}
    offsets = [0]
    for line in text.split("\n"):
        offsets.append(offsets[-1] + len(line) + 1)
    statements = {node.lineno for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)}
    split_functions = 0
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.end_lineno:
            first, last = offsets[node.lineno - 1], offsets[node.end_lineno]
            inside = [start for start in starts if first < start < last]
            size = len(estimate_starts(text[first:last]))
            assert not inside or size > 200
            split_functions += bool(inside)
            assert all(text.count("\n", 0, start) + 1 in statements for start in inside)
    assert split_functions == 9


def test_every_part_of_a_function_says_which_one():
    chunks = passages(module(8, 6), 254)
    parts = [chunk for chunk in chunks if "compute_7" in chunk.heading]
    assert len(parts) > 1
    assert all(chunk.place["line"] < chunk.place["line_end"] for chunk in parts)


def passages(text: str, window: int) -> list[Chunk]:
    found = extract(text.encode(), "x.py")
    source = Source("x", found.text, "x.py", headings=found.headings, atoms=found.atoms, places=found.places)
    chunks = split(source, window, estimate_starts)
    assert "".join(chunk.text for chunk in chunks) == text
    return chunks
