"""Environment variables as settings. Each reader names the variable in its error, and never shows what it holds."""

import json
import logging
import os
import re
from collections.abc import Callable
from math import inf
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from msgspec import Struct
from msgspec.inspect import BoolType, DictType, FloatType, IntType, VarTupleType, type_info

from kit.settings import Declared, declared
from nova.settings.database_url import database as database  # noqa: PLC0414 - one of the readers
from nova.settings.database_url import databases as databases  # noqa: PLC0414 - one of the readers

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"", "0", "false", "no", "off"})
LOG_LEVELS: tuple[str, ...] = tuple(map(str.lower, logging.getLevelNamesMapping()))


def text(name: str, default: str = "") -> str:
    """The variable's value, or the default when it is unset."""
    return os.environ.get(name, default)


def flag(name: str, *, default: bool = False) -> bool:
    """A yes or no: 1/true/yes/on or 0/false/no/off."""
    value = os.environ.get(name)
    if value is None:
        return default
    if value.strip().lower() in TRUE:
        return True
    if value.strip().lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be 1/true/yes/on or 0/false/no/off.")


def choice(name: str, *choices: str, default: str = "") -> str:
    """One of these words, however it is written; the default when the variable is unset or empty."""
    value = os.environ.get(name, "").strip().lower()
    if value and value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}.")
    return value or default


def number(name: str, default: int = 0, *, least: float = -inf, most: float = inf) -> int:
    """A whole number within bounds."""
    value = os.environ.get(name)
    if value is None:
        return default
    try:
        given = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number.") from None
    if not least <= given <= most:
        bounds = f"{least} or more" if most == inf else f"{least} to {most}"
        raise ImproperlyConfigured(f"{name} must be {bounds}.")
    return given


def fraction(name: str, default: float = 0.0) -> float:
    """A number that need not be whole."""
    value = os.environ.get(name)
    if value is None:
        return default
    try:
        return float(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number.") from None


def words(name: str) -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


def urls(name: str) -> list[str]:
    """Database URLs, comma-separated; one with several hosts has commas of its own."""
    parts = re.split(r",(?=\s*postgres(?:ql)?://|\s*$)", os.environ.get(name, ""))
    return [url for part in parts if (url := part.strip())]


def document(name: str) -> Any:
    """A JSON document; an empty object when the variable is unset."""
    try:
        return json.loads(os.environ.get(name) or "{}")
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be JSON: {error}.") from None


def numbers(name: str) -> dict[str, int]:
    """A comma-separated list of `key=number`."""
    pairs = [word.partition("=")[::2] for word in words(name)]
    try:
        return {key.strip(): int(value) for key, value in pairs}
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be key=number, comma-separated.") from None


READERS: dict[type, Callable[[str], Any]] = {BoolType: flag, IntType: number, FloatType: fraction, VarTupleType: words}
"""By kind of type; any other is a text."""


def settings_of(*confs: type[Struct]) -> dict[str, Any]:
    """The settings that the apps declare in these structs, by name: from the environment, or as they are by default."""
    return {
        known.setting.name: _value(known) for conf in confs for known in declared(conf) if known.setting.in_environment
    }


def _value(known: Declared) -> Any:
    name = known.setting.name
    if name not in os.environ:
        return known.default
    kind = type_info(known.type)
    if isinstance(kind, DictType):
        return numbers(name) if isinstance(kind.value_type, IntType) else document(name)
    return READERS.get(type(kind), text)(name)
