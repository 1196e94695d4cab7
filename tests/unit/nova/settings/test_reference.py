"""The page of settings lists what is declared, with defaults and bounds, and nothing else."""

import re
from pathlib import Path

import msgspec

from kit.settings import declared
from nova.settings.base import confs

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "settings.md").read_text()
ROW = re.compile(r"^\| `([A-Z_]+)` \| .*\|$", re.MULTILINE)
READ_FROM_ENVIRONMENT = re.compile(r'\benv\.\w+\("([A-Z_]+)"')


def test_each_setting_is_listed_once_and_none_that_is_not() -> None:
    settings = {known.setting.name for conf in confs for known in declared(conf)}
    modules = (ROOT / "nova" / "settings").glob("*.py")
    variables = {name for module in modules for name in READ_FROM_ENVIRONMENT.findall(module.read_text())}

    assert {"REDIS_URL", "KAFKA_SSL_KEY_PASSWORD"} <= settings
    assert {"SECRET_KEY", "KAFKA_EVENTS_TOPIC"} <= variables
    assert sorted(ROW.findall(PAGE)) == sorted(settings | variables)


def test_defaults_and_bounds_are_those_of_the_code() -> None:
    rows = [
        f"| `{known.setting.name}` | `{msgspec.json.encode(known.default).decode()}` | {known.requirement()} | "
        for conf in confs
        for known in declared(conf)
    ]
    assert [row for row in rows if f"\n{row}" not in PAGE] == []
