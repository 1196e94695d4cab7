"""Names speak the field's vocabulary: none of modules, classes, functions and constants has a word that was retired."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("kit", "events", "outbox", "sagas", "projections", "nova", "tests", "benchmarks")

IN_ANY_NAME = {
    "letter": "dead letter, always in full",
    "letters": "dead letters, always in full",
    "marks": "idempotency keys, or layered map",
    "hint": "wake-up",
    "hints": "wake-ups",
    "lane": "partition queue, key order, or replay worker",
    "lanes": "partition queues, key order, or replay workers",
    "foreign": "external",
    "steering": "consumer control",
    "quick event": "fast path",
    "pairs": "relationship ids",
    "group effect": "processor",
    "worklist": "batch",
}
IN_CODE = {
    "moment": "timestamp",
    "moments": "timestamps",
    "flow": "consumer control",
    "weight": "page byte limit",
    "refusal": "conflict",
    "refusals": "conflicts",
    "repetition": "idempotency",
    "repetitions": "idempotency",
    "direct": "libpq",
    "portion": "adaptive batch size",
    "portions": "adaptive batch sizes",
    "bury": "dead-letter",
    "take in": "enqueue",
    "let go": "release",
    "said": "payload, or fields",
    "wanted": "filter",
    "meant": "selection",
}
"""Not in the names of tests, which are plain sentences."""
IN_CONSTANTS = {
    "held": "BLOCKED",
    "patience": "..._TIMEOUT",
    "look": "POLL_INTERVAL",
    "away": "..._TIMEOUT",
    "turn": "POLL_INTERVAL or RETRY_DELAY",
    "most": "MAX_...",
    "largest": "MAX_...",
    "longest": "MAX_...",
}


def retired_words(root: Path, *packages: str) -> Iterator[str]:
    """Each name below the packages that has a retired word: where it is, and what to say instead."""
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            for name, table in _names(path):
                words = f" {_words(name)} "
                for retired, instead in table.items():
                    if f" {retired} " in words.replace(" dead letter", " deadletter"):
                        yield f"{path.relative_to(root)}: {name}: not {retired}, but {instead}"


def _names(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    yield path.stem, IN_ANY_NAME if path.stem.startswith("test_") else IN_ANY_NAME | IN_CODE
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name.startswith("test_"):
                yield name, IN_ANY_NAME
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, IN_ANY_NAME | IN_CODE
            case ast.Assign(targets=targets):
                yield from _constants(*targets)
            case ast.AnnAssign(target=target):
                yield from _constants(target)


def _constants(*targets: ast.expr) -> Iterator[tuple[str, dict[str, str]]]:
    for target in targets:
        # Settings keep their names: whoever runs Nova has written them down.
        if isinstance(target, ast.Name) and target.id.isupper() and not target.id.startswith("NOVA_"):
            yield target.id, IN_ANY_NAME | IN_CODE | IN_CONSTANTS


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_+", " ", name).lower().strip()


def test_no_name_has_a_retired_word() -> None:
    assert list(retired_words(ROOT, *PACKAGES)) == []


@pytest.mark.parametrize(
    ("module", "code", "found"),
    [
        ("lanes", "", "lanes"),
        ("code", "class QuickEvent: ...", "QuickEvent"),
        ("code", "def store_letter(): ...", "store_letter"),
        ("code", "async def deadLetterAndLetter(): ...", "deadLetterAndLetter"),
        ("code", "class A:\n    def what_was_said(self): ...", "what_was_said"),
        ("code", "def test_a_letter_is_kept(): ...", "test_a_letter_is_kept"),
        ("code", "RABBIT_PATIENCE = 1", "RABBIT_PATIENCE"),
        ("code", "MOST: int = 1", "MOST"),
    ],
)
def test_a_retired_word_is_found(tmp_path: Path, module: str, code: str, found: str) -> None:
    (tmp_path / "planted").mkdir()
    (tmp_path / "planted" / f"{module}.py").write_text(code)

    (line,) = retired_words(tmp_path, "planted")

    assert line.startswith(f"planted/{module}.py: {found}: not ")


@pytest.mark.parametrize(
    "code",
    [
        "def store_dead_letter(): ...",
        "class DeadLetters: ...",
        "def test_what_was_said_is_kept(): ...",
        "NOVA_CONSUMER_LANES = 4",
        "def redirect(): ...",
        "def utmost(): ...",
    ],
)
def test_words_of_the_field_are_left_alone(tmp_path: Path, code: str) -> None:
    (tmp_path / "planted").mkdir()
    (tmp_path / "planted" / "code.py").write_text(code)

    assert list(retired_words(tmp_path, "planted")) == []
