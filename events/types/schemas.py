"""Event schemas: JSON Schema describes the payloads, and the committed descriptions have to hold still.

One document a type and version, draft 2020-12, from the very classes that read and write payloads. The documents of
earlier versions stay as they were written: the log holds such payloads for ever, and no class describes them any more.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from events.types.compatibility import breaking_changes
from events.types.registry import EventType
from kit.json.schema import storable

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_FILE = re.compile(r"(?P<name>.+)\.v(?P<version>[1-9]\d*)\.json")


class Findings(Struct, frozen=True, kw_only=True):
    """What is wrong with the committed documents."""

    outdated: list[str]
    """Documents that differ from the code in nothing that breaks anybody, are missing, or are too many."""
    breaking: list[str]
    """What stored events and consumers would stumble over."""


def file_name(name: str, version: int) -> str:
    """Where a type's version is described."""
    return f"{name}.v{version}.json"


def schema_text(event_type: EventType) -> str:
    """The JSON Schema of the version that the code writes, with sorted keys."""
    return json.dumps(_schema(event_type), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def schema_texts(types: Iterable[EventType]) -> dict[str, str]:
    """The documents of all types by their files."""
    return {file_name(known.name, known.version): schema_text(known) for known in types}


def compare(types: Iterable[EventType], committed: Mapping[str, str]) -> Findings:
    """Hold the committed documents, by their files, against the code."""
    written = {known.name: known for known in types}
    outdated: list[str] = []
    breaking: list[str] = []
    for file, text in schema_texts(written.values()).items():
        kept = committed.get(file)
        if kept is None:
            outdated.append(f"{file} is missing")
        elif kept != text:
            changes = breaking_changes(_parsed(kept), json.loads(text))
            breaking.extend(f"{file} {change}" for change in changes)
            if not changes:
                outdated.append(f"{file} is not what the code says")
    for known in written.values():
        outdated.extend(
            f"{file_name(known.name, version)}, an earlier version, is missing and cannot be written from the code"
            for version in range(1, known.version)
            if file_name(known.name, version) not in committed
        )
    for file in committed:
        match = _FILE.fullmatch(file)
        if match is None:
            outdated.append(f"{file} describes no event")
        elif match["name"] not in written:
            breaking.append(f"{file} /: no code knows the type any more")
        elif int(match["version"]) > written[match["name"]].version:
            breaking.append(f"{file} /: the code has gone back to version {written[match['name']].version}")
    return Findings(outdated=sorted(outdated), breaking=sorted(breaking))


def _schema(event_type: EventType) -> dict[str, Any]:
    schema: dict[str, Any] = storable(msgspec.json.schema(event_type.payload))
    return schema | {
        "$schema": DRAFT,
        "title": event_type.name,
        "x-version": event_type.version,
        "x-owner": event_type.owner,
        "x-topic": event_type.topic and event_type.topic.name,
        "x-key": event_type.key,
    }


def _parsed(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}
