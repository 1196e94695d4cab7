"""The id of a system check stands for one thing."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
APPS = ("kit", "events", "outbox", "projections", "sagas", "nova")
ID = re.compile(r"[a-z_]+\.[EWCI]\d{3}")


def owners(source: str) -> Iterator[tuple[str, str]]:
    """Each id with what it stands for: a setting that names it itself, or the function or assignment around it."""
    for statement in ast.parse(source).body:
        of_settings: dict[ast.AST, str] = {}
        for call in ast.walk(statement):
            match call:
                case ast.Call(func=ast.Name(id="Setting"), args=[ast.Constant(value=str(name)), *_], keywords=keywords):
                    of_settings |= {keyword.value: name for keyword in keywords}
        for node in ast.walk(statement):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and ID.fullmatch(node.value):
                yield node.value, of_settings.get(node, f"line {statement.lineno}")


def meanings(sources: dict[str, str]) -> dict[str, set[str]]:
    """What each id stands for."""
    found = defaultdict(set)
    for place, source in sources.items():
        for check, owner in owners(source):
            found[check].add(owner if owner.isupper() else f"{place}, {owner}")
    return found


def test_each_id_belongs_to_one_setting_or_one_function() -> None:
    modules = [module for app in APPS for module in (ROOT / app).rglob("*.py") if "migrations" not in module.parts]
    found = meanings({str(module.relative_to(ROOT)): module.read_text() for module in modules})

    assert len(found) > 25
    assert {check: places for check, places in found.items() if len(places) > 1} == {}


def test_an_id_that_stands_for_two_things_is_found() -> None:
    planted = """
class Conf:
    a: Annotated[int, Setting("NOVA_A", check="x.E001")] = 1
    b: Annotated[int, Setting("NOVA_B", check="x.E001")] = 1
    c: Annotated[int, Setting("NOVA_C", check="x.E002")] = 1

def check():
    return [Error("a", id="x.E002"), Error("b", id="x.E003"), Error("c", id="x.E003")]
"""
    assert meanings({"planted": planted}) == {
        "x.E001": {"NOVA_A", "NOVA_B"},
        "x.E002": {"NOVA_C", "planted, line 7"},
        "x.E003": {"planted, line 7"},
    }
