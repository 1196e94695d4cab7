"""Assertions of a suite, read from its source: which tests nothing but an error could fail."""

import ast
from collections.abc import Iterable, Iterator
from functools import cached_property

# What fails without the word `assert`.
PYTESTS_OWN = {"raises", "warns", "fail"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


class Suite:
    """The functions and classes of some modules, and which of them assert, also through others.

    Functions and classes are called by their module and name. Methods are known by a dot and their name alone, so that
    one that asserts excuses all of its name.
    """

    def __init__(self, sources: Iterable[tuple[str, str]]) -> None:
        self.tests: list[tuple[str, str, Function]] = []
        """Where each is, its module, and itself."""
        self._helpers: list[tuple[str, str, Definition]] = []
        """By what name each is called, its module, and itself."""
        self._imported: dict[str, str] = {}
        for path, text in sources:
            self._add(path.removesuffix(".py").replace("/", "."), path, ast.parse(text))

    def _add(self, module: str, path: str, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                names = {alias.asname or alias.name: f"{node.module}:{alias.name}" for alias in node.names}
                self._imported |= {f"{module}:{name}": target for name, target in names.items()}
            elif isinstance(node, Function) and node.name.startswith("test_"):
                self.tests.append((f"{path}::{node.name}", module, node))
            elif isinstance(node, ast.ClassDef):
                methods = [part for part in node.body if isinstance(part, Function)]
                self._helpers += [(f".{method.name}", module, method) for method in methods]
        self._helpers += [(f"{module}:{node.name}", module, node) for node in tree.body if isinstance(node, Definition)]

    @cached_property
    def _asserting(self) -> set[str]:
        """By what names helpers are called that assert."""
        found: set[str] = set()
        while more := {
            name for name, module, node in self._helpers if name not in found and self._asserts(module, node, found)
        }:
            found |= more
        return found

    def _asserts(self, module: str, node: ast.AST, helpers: set[str]) -> bool:
        return any(is_assertion(part) for part in ast.walk(node)) or any(
            self._imported.get(name, name) in helpers for name in names_in(module, node)
        )

    def without_assertion(self) -> list[str]:
        """Where the tests are that nothing but an error can fail."""
        return [place for place, module, test in self.tests if not self._asserts(module, test, self._asserting)]


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


def names_in(module: str, node: ast.AST) -> Iterator[str]:
    """Whatever is called or handed on: names with their module, methods with a dot."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield f"{module}:{part.id}"
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
            yield f".{part.func.attr}"
