"""Projections in a test that is rolled back: what `docs/testing-with-the-log.md` shows works as it stands there."""

import io
import re
import unittest
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from nova.services.identity.models import User
from projections.engine.checkpoints import current
from projections.engine.engine import Outcome, run_pass
from projections.models import ProjectionCheckpoint
from tests.support.assertions import Suite
from tests.support.database import scalar
from tests.support.projections import Recording, created, record

PAGE = Path(__file__).parents[4] / "docs" / "testing-with-the-log.md"


def test_the_page_shows_tests_that_pass(committed_db: None) -> None:
    code = "".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL))
    assert Suite([(PAGE.name, code)]).without_assertion() == []
    namespace: dict[str, Any] = {"__name__": "page"}
    exec(compile(code, str(PAGE), "exec"), namespace)  # noqa: S102 - our own page
    tests = unittest.defaultTestLoader.loadTestsFromTestCase(namespace["UsersTest"])

    said = io.StringIO()
    result = unittest.TextTestRunner(stream=said).run(tests)

    assert (result.testsRun, result.wasSuccessful()) == (2, True), said.getvalue()
    assert (scalar("SELECT count(*) FROM domain_events"), User.objects.count()) == (0, 0)


def test_events_that_are_rolled_back_take_the_checkpoint_with_them(committed_db: None) -> None:
    projection = Recording()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record(created("ann"))
        assert run_pass(projection).outcome == Outcome.ADVANCED
        assert projection.seen == ["ann"]
        raise ZeroDivisionError
    assert not ProjectionCheckpoint.objects.filter(position__gt=0).exists()

    record(created("bob"))
    run_pass(projection)
    assert projection.seen == ["ann", "bob"]
    assert current(projection).position == 2
