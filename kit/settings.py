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

    def given(self) -> Any:
        """What the settings say, sound or not."""
        return getattr(settings, self.setting.name, self.default)

    def read(self) -> Any:
        """What they say, as a value of the type. Raises `msgspec.ValidationError` where type or bounds refuse it."""
        return convert(self.given(), self.type)

    def requirement(self) -> str:
        """What type and bounds ask for, such as "be 1 to 10"; empty where the type alone says it."""
        match self.setting.must or type_info(self.type):
            case str(must):
                return must
            case IntType(ge=least, le=most) | FloatType(ge=least, le=most) if least is not None:
                return f"be {least} or more" if most is None else f"be {least} to {most}"
            case LiteralType(values=values):
                return f"be one of {', '.join(map(str, values))}"
            case _:
                return ""


def reader(conf: type[Conf]) -> Callable[[], Conf]:
    """A function that reads the settings at its first call, and anew when a test has overridden one.

    What is refused is read as it is given: that is said by the system check, once and before anything starts.
    """

    @cache
    def read() -> Conf:
        return _filled(conf, instead=Declared.given)

    # Sent by tests that override settings, never in production.
    setting_changed.connect(lambda **_: read.cache_clear(), weak=False)
    return read


def sound(conf: type[Conf]) -> Conf:
    """The settings with the default in place of each that is refused: for checks of how several go together."""
    return _filled(conf, instead=lambda known: known.default)


def settings_check(*confs: type[Struct], check: str) -> Check:
    """Register a system check of the settings that these structs declare; `check` is the id of those without their own.

    What they inherit is checked where it is declared.
    """

    def settings_are_sound(**_: Any) -> list[CheckMessage]:
        return [problem for conf in confs for problem in problems(conf, check)]

    return register(settings_are_sound)


def problems(conf: type[Struct], check: str) -> Iterator[CheckMessage]:
    """What is wrong with the settings that the struct declares. No message shows a value: it may be a secret."""
    for known in declared(conf):
        try:
            known.read()
        except ValidationError as error:
            setting, requirement = known.setting, known.requirement()
            wrong = f" must {requirement}" if requirement else f": {error}"
            yield Error(f"{setting.name}{wrong}.", hint=setting.hint, id=setting.check or check)


def declared(conf: type[Struct]) -> Iterator[Declared]:
    """The settings that the struct declares, without those that it inherits."""
    own = inspect.get_annotations(conf)
    for name, found in _fields(conf):
        if name not in own:
            continue
        if isinstance(found, Declared):
            yield found
        else:
            yield from declared(found)


def _filled(conf: type[Conf], *, instead: Callable[[Declared], Any]) -> Conf:
    def value(found: Declared | type[Struct]) -> Any:
        if not isinstance(found, Declared):
            return _filled(found, instead=instead)
        try:
            return found.read()
        except ValidationError:
            return instead(found)

    return conf(**{name: value(found) for name, found in _fields(conf)})


def _fields(conf: type[Struct]) -> Iterator[tuple[str, Declared | type[Struct]]]:
    for field in structs.fields(conf):
        notes = getattr(field.type, "__metadata__", ())
        setting = next((note for note in notes if isinstance(note, Setting)), None)
        default = field.default if field.default_factory is NODEFAULT else field.default_factory()
        yield field.name, field.type if setting is None else Declared(setting, field.type, default)
