"""A setting is declared once: reading, default, environment variable and check follow from its field."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pytest
from django.core.exceptions import ImproperlyConfigured
from msgspec import Meta, Struct, structs

from kit.settings import Setting, declared, problems, reader, sound
from nova.settings.base import confs
from nova.settings.environment import settings_of


class Common(Struct, frozen=True, kw_only=True):
    url: Annotated[str, Setting("T_URL")] = ""


class Secrets(Struct, frozen=True, kw_only=True):
    password: Annotated[str, Setting("T_PASSWORD", check="t.E002")] = "none"


class Conf(Common, frozen=True, kw_only=True):
    number: Annotated[int, Setting("T_NUMBER"), Meta(ge=1, le=10)] = 3
    seconds: Annotated[float, Setting("T_SECONDS", hint="Wait."), Meta(ge=0)] = 0.5
    flag: Annotated[bool, Setting("T_FLAG")] = False
    kind: Annotated[Literal["a", "b"], Setting("T_KIND")] = "a"
    name: Annotated[str, Setting("T_NAME", check="t.E003", must="be lower case"), Meta(pattern=r"\A[a-z]+\Z")] = "x"
    words: Annotated[tuple[str, ...], Setting("T_WORDS")] = ()
    counts: Annotated[Mapping[str, Annotated[int, Meta(ge=1)]], Setting("T_COUNTS")] = {}
    document: Annotated[Mapping[str, Common], Setting("T_DOCUMENT")] = {}
    hidden: Annotated[bool, Setting("T_HIDDEN", in_environment=False)] = False
    secrets: Secrets = Secrets()


conf = reader(Conf)


def found() -> list[tuple[str | None, str]]:
    return [(problem.id, problem.msg) for problem in problems(Conf, "t.E001")]


def test_what_is_not_set_is_as_it_is_by_default() -> None:
    assert conf() == Conf()
    assert found() == []


def test_settings_are_read_once_and_anew_when_one_is_overridden(settings: Any) -> None:
    settings.T_NUMBER, settings.T_WORDS, settings.T_PASSWORD, settings.T_URL = 5, ["a", "b"], "p", "u"

    assert conf() == Conf(number=5, words=("a", "b"), secrets=Secrets(password="p"), url="u")
    assert conf() is conf()

    settings.T_NUMBER = 6
    assert conf().number == 6


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("T_NUMBER", 11, ("t.E001", "T_NUMBER must be 1 to 10.")),
        ("T_NUMBER", "5", ("t.E001", "T_NUMBER must be 1 to 10.")),
        ("T_SECONDS", -1, ("t.E001", "T_SECONDS must be 0 or more.")),
        ("T_FLAG", "yes", ("t.E001", "T_FLAG: Expected `bool`, got `str`.")),
        ("T_KIND", "c", ("t.E001", "T_KIND must be one of a, b.")),
        ("T_NAME", "X", ("t.E003", "T_NAME must be lower case.")),
        ("T_WORDS", "a,b", ("t.E001", "T_WORDS: Expected `array`, got `str`.")),
        ("T_COUNTS", {"a": 0}, ("t.E001", "T_COUNTS: Expected `int` >= 1 - at `$[...]`.")),
        ("T_PASSWORD", 5, ("t.E002", "T_PASSWORD: Expected `str`, got `int`.")),
    ],
)
def test_what_type_or_bounds_refuse_is_said_by_the_check_and_read_as_it_is(
    settings: Any, name: str, value: object, problem: tuple[str, str]
) -> None:
    setattr(settings, name, value)

    assert found() == [problem]
    assert value in [*structs.astuple(conf()), conf().secrets.password]
    assert sound(Conf) == Conf()


def test_a_check_says_what_to_do(settings: Any) -> None:
    settings.T_SECONDS = -1
    assert [problem.hint for problem in problems(Conf, "t.E001")] == ["Wait."]


def test_what_is_inherited_is_checked_where_it_is_declared(settings: Any) -> None:
    settings.T_URL = 5

    assert found() == []
    assert [problem.id for problem in problems(Common, "t.E009")] == ["t.E009"]


def test_the_environment_gives_values_of_the_declared_types(monkeypatch: pytest.MonkeyPatch) -> None:
    by_default = {known.setting.name: known.default for known in declared(Conf)}
    assert settings_of(Conf) == {name: value for name, value in by_default.items() if name != "T_HIDDEN"}
    given = {
        "T_NUMBER": ("7", 7),
        "T_SECONDS": ("2.5", 2.5),
        "T_FLAG": ("yes", True),
        "T_KIND": ("b", "b"),
        "T_WORDS": ("a, b,", ["a", "b"]),
        "T_COUNTS": ("a=1,b=2", {"a": 1, "b": 2}),
        "T_DOCUMENT": ('{"a": {"url": "u"}}', {"a": {"url": "u"}}),
        "T_PASSWORD": ("p", "p"),
    }
    for name, (text, _) in given.items():
        monkeypatch.setenv(name, text)
    monkeypatch.setenv("T_HIDDEN", "1")

    assert settings_of(Conf) == {"T_NAME": "x"} | {name: value for name, (_, value) in given.items()}


@pytest.mark.parametrize("name", ["T_NUMBER", "T_SECONDS", "T_FLAG", "T_COUNTS", "T_DOCUMENT"])
def test_a_variable_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "a=b")
    with pytest.raises(ImproperlyConfigured, match=re.escape(name)):
        settings_of(Conf)


@pytest.mark.parametrize("declaring", confs)
def test_the_defaults_of_nova_are_what_the_checks_ask_for(declaring: type[Struct], settings: Any) -> None:
    for known in declared(declaring):
        if hasattr(settings, known.setting.name):
            delattr(settings, known.setting.name)
    assert list(problems(declaring, "nova.E000")) == []
