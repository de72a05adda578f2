"""Which definitions and statements does source code have? By tree-sitter, with grammars installed as packages.

It parses half-written and older code too, in time linear in its size, and all languages in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module

import numpy as np
from tree_sitter import Language, Node, Parser

from vstash.text.readers.base import one_line
from vstash.types import Heading

SIGNATURE = 120  # code points of a definition's first line, as a heading
DEEPEST = 12  # definitions inside of one another

# Node types that are definitions, over all grammars; each names what it defines in the field "name", "declarator"
# or "type".
_DEFINITIONS = """
class_definition function_definition class_declaration function_declaration generator_function_declaration
method_definition method_declaration constructor_declaration destructor_declaration interface_declaration
enum_declaration record_declaration struct_declaration namespace_declaration namespace_definition module
abstract_class_declaration internal_module type_alias_declaration type_spec function_item impl_item trait_item
struct_item enum_item mod_item union_item macro_definition class_specifier struct_specifier enum_specifier
union_specifier class method singleton_method singleton_class trait_declaration property_declaration
annotation_type_declaration delegate_declaration operator_declaration local_function_statement"""
DEFINITIONS = frozenset(_DEFINITIONS.split())
SCOPES = frozenset({"module"})  # also the name of some grammars' root
FUNCTIONS = frozenset({"arrow_function", "function_expression", "function", "generator_function", "class"})
HOLDERS = frozenset({"variable_declarator", "public_field_definition", "field_definition", "assignment_expression"})
# What may stand around a definition and belongs to it.
_AROUND = """decorated_definition export_statement template_declaration lexical_declaration variable_declaration
type_declaration expression_statement ambient_declaration linkage_specification"""
AROUND = frozenset(_AROUND.split())
BEFORE = frozenset({"comment", "line_comment", "block_comment", "attribute_item", "decorator", "attribute"})
BODIES = ("body", "consequence")
_CLOSING = re.compile(rb"[})\];,]|(?:end|fi|done|esac)\b|\?>")
GRAMMARS = {
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "java": ("tree_sitter_java", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "c_sharp": ("tree_sitter_c_sharp", "language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "bash": ("tree_sitter_bash", "language"),
}


@dataclass(frozen=True, slots=True)
class Definition:
    """One definition: the bytes it spans with its comments and decorators, its depth and its signature."""

    start: int
    end: int
    level: int
    signature: str


def structure(text: str, language: str) -> tuple[tuple[Heading, ...], tuple[tuple[int, int], ...]]:
    """Headings, one for each definition, and spans that should stay whole: definitions and statements, nested.

    After a definition a heading without words returns to what is around it.
    """
    module, function = GRAMMARS[language]
    grammar = Language(getattr(import_module(module), function)())
    data = text.encode("utf-8", "replace")
    root = Parser(grammar).parse(data).root_node
    offset = _offsets(text, data)
    found = list(_definitions(root, data))
    headings = tuple(
        Heading(offset(one.start), one.level, one.signature) for one in sorted(_with_returns(found, data), key=_order)
    )
    spans = {(one.start, one.end) for one in found} | set(_statements(root))
    return headings, tuple((offset(start), offset(end)) for start, end in _nested(sorted(spans, key=_outer_first)))


def _order(one: Definition) -> tuple[int, int]:
    return one.start, one.level


def _outer_first(span: tuple[int, int]) -> tuple[int, int]:
    return span[0], -span[1]


def _offsets(text: str, data: bytes) -> Callable[[int], int]:
    """From bytes to code points."""
    if len(text) == len(data):
        return int
    starts = np.flatnonzero((np.frombuffer(data, dtype=np.uint8) & 0xC0) != 0x80)
    return lambda position: int(np.searchsorted(starts, position))


def _definitions(root: Node, data: bytes) -> Iterator[Definition]:
    """All definitions, outer ones first."""
    waiting: list[tuple[Node, int]] = [(child, 1) for child in reversed(root.named_children)]
    while waiting:
        node, level = waiting.pop()
        inner = _defined(node) if level <= DEEPEST else None
        if inner is not None:
            outer = _outermost(node)
            yield Definition(_begin(outer, data), outer.end_byte, level, _signature(inner, node, data))
            level = level + 1 if not _is_function(inner) else DEEPEST + 1
        if node.end_point.row > node.start_point.row:  # what is on one line holds nothing of its own
            waiting += [(child, level) for child in reversed(node.named_children)]


def _defined(node: Node) -> Node | None:
    """The node that carries name and body, when this one is a definition."""
    kind = node.type
    if kind in DEFINITIONS and (kind not in SCOPES or node.child_by_field_name("name") is not None):
        alone = kind.endswith("_specifier") and node.child_by_field_name("body") is None
        short = kind in {"property_declaration", "type_spec", "type_alias_declaration"} and _lines(node) < 3
        return None if alone or short or (kind == "class" and not node.named_children) else node
    if kind in HOLDERS:
        value = node.child_by_field_name("value") or node.child_by_field_name("right")
        if value is not None and value.type in FUNCTIONS:
            return value
    return None


def _is_function(node: Node) -> bool:
    """What is defined inside of a function is part of it."""
    named = any(word in node.type for word in ("function", "method", "constructor", "destructor", "operator"))
    return named and not _is_namespace(node)


def _is_namespace(node: Node) -> bool:
    """Whether it holds functions, as no function of C++ does: macros before `namespace` make it look like one."""
    body = node.child_by_field_name("body")
    return (
        body is not None
        and body.type == "compound_statement"
        and any(child.type in {node.type, "template_declaration", "class_specifier"} for child in body.named_children)
    )


def _lines(node: Node) -> int:
    return node.end_point.row - node.start_point.row + 1


def _outermost(node: Node) -> Node:
    """What belongs to the definition around it: decorators, `export`, `template`, `const`."""
    while node.parent is not None and node.parent.type in AROUND and node.parent.parent is not None:
        node = node.parent
    return node


def _begin(node: Node, data: bytes) -> int:
    """Where it begins: its line's start, with the comments and attributes right above."""
    first = node
    before = node.prev_sibling
    while before is not None and before.type in BEFORE and _touches(before, first):
        first, before = before, before.prev_sibling
    line = data.rfind(b"\n", 0, first.start_byte) + 1
    return line if not data[line : first.start_byte].strip() else first.start_byte


def _touches(above: Node, below: Node) -> bool:
    """Whether a comment ends right above, and does not trail other code."""
    previous = above.prev_sibling
    alone = previous is None or _last_row(previous) < above.start_point.row
    return alone and below.start_point.row - _last_row(above) <= 1


def _last_row(node: Node) -> int:
    """The row of its last character; some grammars count the line end to a comment."""
    return node.end_point.row - (node.end_point.column == 0)


def _signature(inner: Node, node: Node, data: bytes) -> str:
    """The definition up to its body: name, parameters and result on one line."""
    body = next((found for name in BODIES if (found := inner.child_by_field_name(name)) is not None), None)
    if body is None:
        body = next((child for child in inner.named_children if child.type.endswith(("_list", "body", "block"))), None)
    end = body.start_byte if body is not None and body.start_byte > node.start_byte else node.end_byte
    words = data[node.start_byte : end].decode("utf-8", "replace")
    words = "\n".join(line for line in words.split("\n") if not line.lstrip().startswith(("//", "#", "@", "*", "/*")))
    if body is None:
        words = words.split("\n")[0]
    flat = one_line(words).rstrip(" :{").removesuffix("=>").rstrip(" =")  # not the ">" of a type's parameters
    return flat if len(flat) <= SIGNATURE else f"{flat[: SIGNATURE - 1]}…"


def _with_returns(found: Sequence[Definition], data: bytes) -> Iterator[Definition]:
    """The definitions, and after each one what follows it on the same level, unless that is one too."""
    starts = {one.start for one in found}
    for one in found:
        yield one
        at = one.end
        while at < len(data) and data[at : at + 1].isspace():
            at += 1
        if at < len(data) and not _CLOSING.match(data, at):
            line = data.rfind(b"\n", 0, at) + 1
            begin = line if line >= one.end else at
            if not starts & {begin, at}:
                starts.add(begin)
                yield Definition(begin, begin, one.level, "")


def _statements(root: Node) -> Iterator[tuple[int, int]]:
    """Spans of what takes several lines: statements, and the larger expressions in them."""
    waiting = list(root.named_children)
    while waiting:
        node = waiting.pop()
        if node.end_point.row > node.start_point.row:
            yield node.start_byte, node.end_byte
            waiting += node.named_children if "string" not in node.type else ()


def _nested(spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Those that are disjoint or one inside the other, outer ones first."""
    around: list[int] = []
    for start, end in spans:
        while around and around[-1] <= start:
            around.pop()
        if not around or end <= around[-1]:
            around.append(end)
            yield start, end
