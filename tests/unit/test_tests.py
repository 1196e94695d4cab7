"""The suite itself: every test has an assertion that can fail, its own or that of a helper that it calls."""

from pathlib import Path

import pytest

from tests.support.assertions import Suite

ROOT = Path(__file__).parents[2]
# The test kits that Nova ships assert for their users, and for its own tests.
SOURCES = sorted([*ROOT.glob("tests/**/*.py"), *ROOT.glob("*/testing.py")])


def test_every_test_can_fail() -> None:
    suite = Suite((str(path.relative_to(ROOT)), path.read_text()) for path in SOURCES)

    assert len(suite.tests) > 1_000
    assert suite.without_assertion() == []


HELPERS = """
import pytest
def check(): assert work()
def check_more(): check()
def refuse(): raise AssertionError(work())
def work(): return 1
def narrow(x): assert isinstance(x, int)
class Machine:
    def rule(self): check()
class Idle:
    def idle(self): work()
"""


@pytest.mark.parametrize(
    ("body", "can_fail"),
    [
        ("work()", False),
        ("narrow(work())", False),
        ("check", False),
        ("helpers.Idle().idle()", False),
        ("run(Idle)", False),
        ("assert work()", True),
        ("assert isinstance(work(), int)", True),
        ("with pytest.raises(ValueError): work()", True),
        ("with self.raises(ValueError): work()", False),
        ("verify()", True),
        ("run(verify)", True),
        ("refuse()", True),
        ("run(Machine)", True),
        ("made.rule()", True),
    ],
)
def test_an_assertion_is_the_tests_own_or_that_of_a_helper(body: str, can_fail: bool) -> None:
    imports = "from helpers import Idle, Machine, narrow, refuse, work\nfrom helpers import check_more as verify\n"
    suite = Suite([("helpers.py", HELPERS), ("test.py", f"{imports}def test_it():\n    {body}")])

    assert suite.without_assertion() == ([] if can_fail else ["test.py::test_it"])
