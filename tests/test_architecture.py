"""Does the code keep to its own layout? Who imports whom, where SQL and the driver live, and how large things are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# From the interfaces down. A module may import what stands below its own line, and its own package.
LAYERS = (
    ("cli",),
    ("watch",),
    ("memory", "doctor"),
    ("why",),
    ("sync", "gather", "check"),
    ("pages",),
    ("ingest", "search", "evaluate", "exchange", "reindex", "history", "handed"),
    ("ahead", "beside"),
    ("passages", "parts"),
    ("plan", "opening", "intake", "asking"),
    ("rank", "encode", "store", "text", "fetch"),
    ("filters", "claims"),
    ("types", "extras", "config", "arguments", "signs", "salvage", "walk", "unmounted", "names", "publish", "metadata"),
    ("rules",),
    ("errors",),
)
# no I/O: these may not touch the outside
PURE = ("plan", "rank", "filters", "opening", "types", "rules", "signs", "errors")
OUTSIDE = {"apsw", "sqlite_vec", "os", "pathlib", "subprocess", "socket", "shutil", "tempfile", "time", "random"}
DRIVER = {"apsw", "sqlite_vec", "sqlite3"}
DRIVER_HOME = "vstash.store.sqlite.connection"
LAZY = ("vstash.cli", "vstash.store", "vstash.__main__")  # command bodies; the choice of a store; the command line
BY_NAME = {  # what is loaded when it is first needed, by name
    "vstash": "public names",
    "vstash.extras": "optional packages",
    "vstash.cli.app": "the commands",
    "vstash.config": "the parser of a settings file, if there is one",
    "vstash.text.read": "the reader of a format",
    "vstash.text.readers.grammar": "the grammar of a language",
    "vstash.text.readers.source": "the grammars, for code alone",
    "vstash.text.readers.workbook": "the reader of old workbooks",
    "vstash.text.confined": "the reader of a format; limits that not every system has",
    "vstash.text.decode": "the detector of old encodings",
    "vstash.encode.minilm": "torch, once, to prepare the model",
    "vstash.encode.onnx": "the model runtime",
    "vstash.encode.vocabulary": "the tokenizer",
    "vstash.encode.transformer": "sentence-transformers",
}
SQL = re.compile(r"\b(SELECT\s|INSERT INTO|UPDATE\s+\w+\s+SET|DELETE FROM|CREATE TABLE|PRAGMA\s|BEGIN IMMEDIATE)")
MUTATING = {"append", "extend", "insert", "remove", "pop", "popitem", "clear", "update", "setdefault", "add", "discard"}
FILE_LINES, FUNCTION_LINES, PARAMETERS, DOCSTRING_LINES = 400, 60, 6, 5
CONTRACT_SIGNATURES = {"Memory.search"}  # the contract gives it its options one by one
DRAWN_DOCSTRINGS = {"vstash.errors"}  # the error tree
VAGUE = {"utils", "util", "common", "helpers", "helper", "manager", "handler", "misc"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """A file of the package: its dotted name and its syntax tree."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def part(self) -> str:
        """The name below vstash: "store" for vstash.store.sqlite.store."""
        return [*self.name.split("."), ""][1]


def read(path: Path) -> Module:
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(name, path, ast.parse(path.read_text(encoding="utf-8")))


MODULES = tuple(read(path) for path in sorted((ROOT / "vstash").rglob("*.py")))
OWN_FILES = tuple(sorted(path for part in ("vstash", "tests", "scripts") for path in (ROOT / part).rglob("*.py")))

each_module = pytest.mark.parametrize("module", MODULES, ids=lambda one: one.name)
each_file = pytest.mark.parametrize("path", OWN_FILES, ids=lambda one: one.relative_to(ROOT).as_posix())


def at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but what only the type checker sees."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from at_run_time(node)


def imported(tree: ast.AST) -> Iterator[str]:
    """The dotted names of what is imported."""
    for node in at_run_time(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def functions(tree: ast.AST, inside: str = "") -> Iterator[tuple[str, Function]]:
    """Every function with its name, preceded by those it stands in."""
    for node in ast.iter_child_nodes(tree):
        name = f"{inside}.{node.name}".lstrip(".") if isinstance(node, Function | ast.ClassDef) else inside
        if isinstance(node, Function):
            yield name, node
        yield from functions(node, name)


def bound(tree: ast.Module) -> set[str]:
    """The names that the module itself binds to values."""
    targets = [
        target
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    return {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}


def layer(part: str) -> int:
    [found] = [at for at, parts in enumerate(LAYERS) if part in parts]
    return found


@each_module
def test_imports_go_down(module: Module) -> None:
    if module.part in ("", "__main__"):
        return
    above = [
        name
        for name in imported(module.tree)
        if (part := [*name.split("."), ""][1]) != module.part
        and name.startswith("vstash.")
        and any(part in parts for parts in LAYERS)
        and layer(part) <= layer(module.part)
    ]
    assert above == []


@each_module
def test_every_module_has_its_place(module: Module) -> None:
    assert module.part in ("", "__main__") or isinstance(layer(module.part), int)


@each_module
def test_what_is_pure_touches_nothing_outside(module: Module) -> None:
    if module.part in PURE:
        assert OUTSIDE & {name.split(".")[0] for name in imported(module.tree)} == set()


@each_module
def test_the_driver_is_known_in_one_place(module: Module) -> None:
    found = DRIVER & {name.split(".")[0] for name in imported(module.tree)}
    assert found == ({"apsw", "sqlite_vec"} if module.name == DRIVER_HOME else set())


@each_module
def test_sql_lives_in_the_store(module: Module) -> None:
    if module.part == "store":
        return
    documentation = {id(node.value) for node in ast.walk(module.tree) if isinstance(node, ast.Expr)}
    texts = [
        node.value
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
    ]
    assert [text for text in texts if SQL.search(text)] == []


@each_module
def test_imports_stand_at_the_top(module: Module) -> None:
    if module.name.startswith("vstash.cli") or module.name in LAZY:
        return
    inside = [f"{name}: {found}" for name, one in functions(module.tree) for found in imported(one)]
    assert inside == []


@each_module
def test_what_is_imported_by_name_is_listed(module: Module) -> None:
    called = {ast.unparse(node.func) for node in ast.walk(module.tree) if isinstance(node, ast.Call)}
    assert not called & {"__import__", "importlib.import_module"}
    if "import_module" in called:
        assert module.name in BY_NAME


@each_module
def test_no_error_is_swallowed_unseen(module: Module) -> None:
    """A handler for everything is one that cleans up and raises again."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            assert not re.search(r"\bException\b", caught)
            if caught in ("everything", "BaseException"):
                assert ast.unparse(node.body[-1]) == "raise"


@each_module
def test_what_a_module_binds_is_never_changed(module: Module) -> None:
    names = bound(module.tree)
    for node in ast.walk(module.tree):
        assert not isinstance(node, ast.Global)
        changed: list[ast.expr] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATING:
            changed = [node.func.value]
        elif isinstance(node, ast.Assign | ast.Delete):
            changed = [target.value for target in node.targets if isinstance(target, ast.Subscript | ast.Attribute)]
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Subscript | ast.Attribute):
            changed = [node.target.value]
        assert [ast.unparse(one) for one in changed if isinstance(one, ast.Name) and one.id in names] == []


@each_module
def test_no_function_remembers_across_calls(module: Module) -> None:
    kept = {"cache", "lru_cache", "functools.cache", "functools.lru_cache"}
    for name, one in functions(module.tree):
        used = {ast.unparse(each.func if isinstance(each, ast.Call) else each) for each in one.decorator_list}
        assert not used & kept, name


@each_module
def test_a_module_opens_with_what_it_answers(module: Module) -> None:
    said = ast.get_docstring(module.tree)
    assert said
    assert module.name in DRAWN_DOCSTRINGS or len(said.splitlines()) <= DOCSTRING_LINES


@each_module
def test_names_say_what_things_are(module: Module) -> None:
    words = [*module.name.split("."), *(node.name for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef))]
    parts = {part.lower() for word in words for part in re.findall(r"[A-Z]?[a-z]+", word)}
    assert parts & VAGUE == set()


@each_module
def test_signatures_are_short(module: Module) -> None:
    for name, one in functions(module.tree):
        parameters = [*one.args.posonlyargs, *one.args.args, *one.args.kwonlyargs]
        taken = [parameter.arg for parameter in parameters if parameter.arg not in ("self", "cls")]
        # a command's parameters are its options
        if name not in CONTRACT_SIGNATURES and not (module.part == "cli" and taken[:1] == ["context"]):
            assert len(taken) <= PARAMETERS, name


@each_file
def test_files_and_functions_are_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= FILE_LINES
    for name, one in functions(ast.parse(text)):
        assert (one.end_lineno or 0) - one.lineno < FUNCTION_LINES, name


@each_file
def test_nothing_is_left_undone_or_bound_to_one_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for word in ("todo", "fixme", "xxx"):
        assert not re.search(rf"\b{word.upper()}\b", text)
    assert not re.search(r"(?<![\w.>}])/(?:work|root)/", text)
