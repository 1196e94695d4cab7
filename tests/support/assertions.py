"""Assertions of a suite, read from its source: which tests nothing but an error could fail."""

import ast
from collections.abc import Iterable, Iterator

# What fails without the word `assert`.
PYTESTS_OWN = {"raises", "warns", "fail"}
ASSERTION = "assert"

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


class Suite:
    """The functions and classes of some modules, and which of them assert, also through others.

    Functions and classes are called by their module and name. Methods are known by a dot and their name alone, so that
    one that asserts excuses all of its name.
    """

    def __init__(self, sources: Iterable[tuple[str, str]]) -> None:
        self.tests: dict[str, set[str]] = {}
        """Where each is, and what it calls or hands on."""
        self._helpers: list[tuple[str, set[str]]] = []
        """By what name each is called, and what it calls itself."""
        for path, text in sources:
            self._add(path, ast.parse(text))

    def _add(self, path: str, tree: ast.Module) -> None:
        module = path.removesuffix(".py").replace("/", ".")
        nodes = list(ast.walk(tree))
        imported = {
            alias.asname or alias.name: f"{node.module}:{alias.name}"
            for node in nodes
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }

        def names(node: ast.AST) -> set[str]:
            return {imported.get(name, name if is_whole else f"{module}:{name}") for name, is_whole in names_in(node)}

        for node in nodes:
            if isinstance(node, Function) and node.name.startswith("test_"):
                self.tests[f"{path}::{node.name}"] = names(node)
            elif isinstance(node, ast.ClassDef):
                methods = [part for part in node.body if isinstance(part, Function)]
                self._helpers += [(f".{method.name}", names(method)) for method in methods]
        top = [node for node in tree.body if isinstance(node, Definition)]
        self._helpers += [(f"{module}:{node.name}", names(node)) for node in top]

    def without_assertion(self) -> list[str]:
        """Where the tests are that nothing but an error can fail."""
        asserting = {ASSERTION}
        while more := {name for name, calls in self._helpers if name not in asserting and calls & asserting}:
            asserting |= more
        return [place for place, calls in self.tests.items() if not calls & asserting]


def names_in(node: ast.AST) -> Iterator[tuple[str, bool]]:
    """What is called or handed on; and whether that is the whole name, or one of the module's."""
    for part in ast.walk(node):
        if is_assertion(part):
            yield ASSERTION, True
        elif isinstance(part, ast.Name):
            yield part.id, False
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
            yield f".{part.func.attr}", True


def is_assertion(part: ast.AST) -> bool:
    """An assert, the error of one, or `pytest.raises` and its like; not an assert that only narrows a type."""
    match part:
        case ast.Assert(test=ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(), _])):
            return False
        case ast.Assert() | ast.Raise(exc=ast.Call(func=ast.Name(id="AssertionError"))):
            return True
        case ast.Attribute(value=ast.Name(id="pytest"), attr=attr):
            return attr in PYTESTS_OWN
    return False
