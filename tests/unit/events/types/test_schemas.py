"""`manage.py event_schemas`: what events look like is written down, and nobody changes it unnoticed."""

import json
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import msgspec
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from msgspec import Struct, defstruct

from events.api import event
from events.types.registry import registry
from events.types.schemas import schema_text, schema_texts
from tests.support.events import post_created
from tests.support.versions import own_registry

TYPE = "tea.brewed"


@pytest.fixture(autouse=True)
def own_types() -> Iterator[None]:
    with own_registry():
        # Types of other tests, which have no file.
        for known in [known for known in registry if known.payload.__module__.startswith("tests.")]:
            registry._by_name.pop(known.name)
        yield


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The schemas of Nova's own types and of one with two fields."""
    tea(cups=int, sort=(str, "green"))
    run(tmp_path)
    return tmp_path


def tea(version: int = 1, **fields: Any) -> type[Struct]:
    """Register the test's type in another shape."""
    registry._by_name.pop(TYPE, None)
    described = [(name, *field) if isinstance(field, tuple) else (name, field) for name, field in fields.items()]
    return event(TYPE, version=version, owner="tests")(defstruct("TeaBrewed", described, kw_only=True))


def run(directory: Path, **options: Any) -> str:
    out = StringIO()
    call_command("event_schemas", directory=directory, stdout=out, stderr=out, **options)
    return out.getvalue()


def test_the_committed_schemas_are_those_of_the_code() -> None:
    out = StringIO()

    call_command("event_schemas", check=True, stdout=out, stderr=out)

    assert out.getvalue() == ""
    committed = {path.name: path.read_text() for path in (settings.BASE_DIR / "docs" / "event-schemas").iterdir()}
    assert schema_texts(registry).items() <= committed.items()


def test_each_type_and_version_has_a_file_that_payloads_fit(written: Path) -> None:
    run(written, check=True)

    assert {path.name for path in written.iterdir()} == {f"{known.name}.v{known.version}.json" for known in registry}
    schema = json.loads((written / "content.post.created.v1.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(msgspec.to_builtins(post_created()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(msgspec.to_builtins(post_created()) | {"status": "lost"}, schema)


def test_keys_are_sorted_and_the_same_code_writes_the_same_text(written: Path) -> None:
    text = (written / f"{TYPE}.v1.json").read_text()

    assert text == schema_text(registry.named(TYPE))  # type: ignore[arg-type]
    assert json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n" == text
    assert run(written) == ""


def test_a_change_that_breaks_nobody_is_drift(written: Path) -> None:
    tea(cups=int, sort=(str, "green"), pot=(str, ""))

    with pytest.raises(CommandError, match=r"^tea\.brewed\.v1\.json is not what the code says") as found:
        run(written, check=True)
    assert "BREAKING" not in str(found.value)
    assert run(written) == f"{TYPE}.v1.json is written.\n"
    run(written, check=True)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda: tea(cups=int), "/sort: the field is gone"),
        (lambda: tea(cups=int, sort=str), "/sort: optional before, required now"),
        (lambda: tea(cups=bool, sort=(str, "")), "/cups: integer has become boolean"),
        (lambda: registry._by_name.pop(TYPE), "/: no code knows the type any more"),
    ],
)
def test_a_breaking_change_is_refused_loudly_and_not_written(
    written: Path, change: Callable[[], object], finding: str
) -> None:
    before = (written / f"{TYPE}.v1.json").read_text()
    change()

    for options in ({"check": True}, {}):
        with pytest.raises(CommandError, match=r"^BREAKING CHANGES") as found:
            run(written, **options)
        assert f"{TYPE}.v1.json {finding}" in str(found.value)
    assert (written / f"{TYPE}.v1.json").read_text() == before


def test_a_new_version_may_break_and_the_earlier_description_stays(written: Path) -> None:
    before = (written / f"{TYPE}.v1.json").read_text()
    tea(version=2, litres=float)

    with pytest.raises(CommandError, match=r"tea\.brewed\.v2\.json is missing"):
        run(written, check=True)
    run(written)
    run(written, check=True)

    assert (written / f"{TYPE}.v1.json").read_text() == before
    (written / f"{TYPE}.v1.json").unlink()
    with pytest.raises(CommandError, match=r"tea\.brewed\.v1\.json, an earlier version, is missing"):
        run(written, check=True)


def test_going_back_to_an_earlier_version_is_breaking(written: Path) -> None:
    tea(version=2, litres=float)
    run(written)
    tea(cups=int, sort=(str, "green"))

    with pytest.raises(CommandError, match="the code has gone back to version 1"):
        run(written, check=True)


def test_what_was_never_stored_may_break(written: Path) -> None:
    tea(litres=float)

    run(written, allow_breaking=True)

    assert run(written, check=True) == ""
    assert "litres" in (written / f"{TYPE}.v1.json").read_text()
