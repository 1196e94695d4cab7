"""Settings: each is declared once, as a field of its app's struct, which gives its name, its default and its bounds.

    class EventsConf(Struct, frozen=True, kw_only=True):
        batch_events: Annotated[int, Setting("NOVA_BATCH_EVENTS"), Meta(ge=1, le=10_000)] = 1_000

    events_conf = reader(EventsConf)

A field that is annotated with no `Setting` is a struct of settings itself. Nothing is read before the reader is called,
so that a settings module may import the structs, and fill its names from them.
"""

import inspect
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeVar

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.signals import setting_changed
from msgspec import NODEFAULT, Struct, ValidationError, convert, structs
from msgspec.inspect import FloatType, IntType, LiteralType, type_info

Conf = TypeVar("Conf", bound=Struct)
Check = Callable[..., list[CheckMessage]]


class Setting(Struct, frozen=True):
    """What an annotation says of a setting, besides its type and its bounds."""

    name: str
    """In Django's settings; the environment variable of Nova's own settings modules is named alike."""
    check: str = ""
    """Id of the system check that refuses it; empty for that of its struct."""
    must: str = ""
    """What the check asks for, in words, where type and bounds do not tell a reader."""
    hint: str | None = None
    """What the check advises."""
    in_environment: bool = True
    """Whether it can be given as an environment variable."""


class Declared(Struct, frozen=True):
    """A setting as a struct declares it."""

    setting: Setting
    type: Any
    default: Any

    def read(self) -> Any:
        """Its value. Raises `msgspec.ValidationError` for one that its type or its bounds refuse."""
        return convert(getattr(settings, self.setting.name, self.default), self.type)

    def read_or_default(self) -> Any:
        """Its value if that is sound."""
        try:
            return self.read()
        except ValidationError:
            return self.default

    def read_as_it_is(self) -> Any:
        """Its value, sound or not: that one is not is said once, by the system check."""
        try:
            return self.read()
        except ValidationError:
            return getattr(settings, self.setting.name)


def reader(conf: type[Conf]) -> Callable[[], Conf]:
    """A function that reads the settings at its first call, and anew when a test has overridden one."""

    @cache
    def read() -> Conf:
        return _filled(conf, Declared.read_as_it_is)

    # Sent by tests that override settings, never in production.
    setting_changed.connect(lambda **_: read.cache_clear(), weak=False)
    return read


def sound(conf: type[Conf]) -> Conf:
    """The settings with the default in place of each that is refused: for checks of how several go together."""
    return _filled(conf, Declared.read_or_default)


def settings_check(*confs: type[Struct], check: str) -> Check:
    """Register a system check of the settings that these structs declare; `check` is the id of those without their own.

    What they inherit is checked where it is declared.
    """

    def settings_are_sound(**_: Any) -> list[CheckMessage]:
        return [problem for conf in confs for problem in _problems(conf, check)]

    return register(settings_are_sound)


def declared(conf: type[Struct]) -> Iterator[Declared]:
    """The settings that the struct declares, without those that it inherits."""
    own = inspect.get_annotations(conf)
    for field in structs.fields(conf):
        if field.name not in own:
            continue
        if (setting := _setting(field)) is None:
            yield from declared(field.type)
        else:
            yield Declared(setting, field.type, _default(field))


def _filled(conf: type[Conf], value_of: Callable[[Declared], Any]) -> Conf:
    values = {
        field.name: _filled(field.type, value_of)
        if (setting := _setting(field)) is None
        else value_of(Declared(setting, field.type, _default(field)))
        for field in structs.fields(conf)
    }
    return conf(**values)


def _setting(field: structs.FieldInfo) -> Setting | None:
    notes = getattr(field.type, "__metadata__", ())
    return next((note for note in notes if isinstance(note, Setting)), None)


def _default(field: structs.FieldInfo) -> Any:
    return field.default if field.default_factory is NODEFAULT else field.default_factory()


def _problems(conf: type[Struct], check: str) -> Iterator[CheckMessage]:
    for known in declared(conf):
        try:
            known.read()
        except ValidationError as error:
            setting = known.setting
            yield Error(
                f"{setting.name}{_requirement(known) or f': {error}'}.", hint=setting.hint, id=setting.check or check
            )


def _requirement(known: Declared) -> str:
    if known.setting.must:
        return f" must {known.setting.must}"
    match type_info(known.type):
        case IntType(ge=least, le=most) | FloatType(ge=least, le=most) if least is not None:
            return f" must lie between {least} and {most}" if most is not None else f" must be {least} or more"
        case LiteralType(values=values):
            return f" must be one of {', '.join(map(str, values))}"
        case _:
            return ""
