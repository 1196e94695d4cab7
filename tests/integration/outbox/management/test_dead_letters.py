"""Dead letters from the command line: listed, shown, retried, edited, archived and discarded."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from outbox.api import register_groups
from outbox.handling import handlers
from outbox.models import DeadLetter, DeadLetterOperation
from tests.support.dead_letters import Fussy, dead_lettered, fussy_group

pytestmark = pytest.mark.django_db
WHY = ("--reason", "mended")


@pytest.fixture
def fussy(monkeypatch: pytest.MonkeyPatch) -> Fussy:
    monkeypatch.setattr(handlers, "_groups", {})
    fussy = Fussy()
    fussy.content()
    register_groups([fussy_group(fussy)])
    return fussy


@pytest.fixture
def dead_letters(fussy: Fussy) -> list[int]:
    return dead_lettered(fussy_group(fussy), 1, 2, 3)


def run(*arguments: Any) -> str:
    out = StringIO()
    call_command("dead_letters", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_dead_letters_and_groups_are_listed_and_a_dead_letter_is_shown(dead_letters: list[int]) -> None:
    assert run("list").count("fussy") == 3
    assert run("list", "--consumer", "other") == "There is none.\n"
    group = DeadLetter.objects.values_list("failure_group", flat=True)[0]
    assert group in run("groups")
    assert json.loads(run("show", dead_letters[0]))["body"] == {"text": '{"n": 1}', "base64": None}


def test_dead_letters_are_retried_here_until_the_end(dead_letters: list[int], fussy: Fussy) -> None:
    out = run("retry", "--consumer", "fussy", "--rate", "1000", "--here", *WHY)

    assert "is done: 3 of 3 done, 0 failed, 0 skipped" in out
    assert fussy.offsets == [1, 2, 3]
    assert "(command line)" in DeadLetterOperation.objects.get().actor


def test_a_dry_run_counts_and_does_nothing(dead_letters: list[int]) -> None:
    assert run("discard", "--all", "--dry-run") == "3 dead letters; nothing was done.\n"
    assert not DeadLetterOperation.objects.exists()


def test_dead_letters_are_discarded_and_archived_by_number(dead_letters: list[int]) -> None:
    assert "1 of 1 done" in run("discard", dead_letters[0], *WHY)
    assert "1 of 1 done" in run("archive", dead_letters[1], *WHY)
    assert run("list").count("fussy") == 2
    assert run("list", "--archived").count("fussy") == 1


def test_an_edited_copy_is_handled(dead_letters: list[int], fussy: Fussy, tmp_path: Path) -> None:
    (tmp_path / "fixed.json").write_text('{"n": 7}')

    run("edit", dead_letters[0], "--body", tmp_path / "fixed.json", "--here", *WHY)

    assert fussy.handled[0].payload.data == {"n": 7}  # type: ignore[attr-defined]
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(CommandError):
        run("edit", dead_letters[1], "--body", tmp_path / "broken.json", *WHY)


def test_operations_are_seen_and_cancelled(dead_letters: list[int]) -> None:
    run("retry", "--all", "--detach", *WHY)
    number = DeadLetterOperation.objects.get().pk

    assert "queued" in run("status")
    assert "is cancelled: 0 of 3 done" in run("cancel", number, *WHY)
    assert DeadLetterOperation.objects.get().cancel_reason == "mended"
    assert "is cancelled" in run("status", number)
    with pytest.raises(CommandError, match="is cancelled"):
        run("cancel", number, *WHY)


@pytest.mark.parametrize(
    "arguments", [("retry",), ("retry", "--all"), ("retry", "--all", "--rate", "0", *WHY), ("show", "999999999"),
                  ("list", "--consumer", ""), ("discard", "0", *WHY), ("status", "99999999"),
                  ("retry", "--all", "--rate", "1e-300", *WHY), ("retry", "--all", "--rate", "0.009", *WHY),
                  ("retry", "--all", "--rate", "nan", *WHY), ("list", "--limit", "-1"), ("list", "--limit", "0"),
                  ("list", "--limit", "9" * 19), ("list", "--since", "0001-01-01T00:00:00+23:59")],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_a_reason(dead_letters: list[int], arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run(*arguments)
