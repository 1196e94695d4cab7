"""Files as the world writes them: each row is read, or rejected with its number and reason; nothing else is lost."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from msgspec import Struct

from events.transfer import csv_records
from events.transfer import rows as source_rows
from tests.support.database import rows

pytestmark = pytest.mark.usefixtures("committed_db")

MAP = """
name = "tea"
[stream]
type = "pot"
id = "1"
[event]
type = "tea.brewed"
id = { field = "id" }
"""
JSON = b'{"id":"a","n":1}\n{"id":"b","n":2}\n{"id":"c","n":3}\n'
CSV = b"id,n\na,1\nb,2\nc,3\n"
WHOLE = {"a": 1, "b": 2, "c": 3}
GZIPPED = gzip.compress(JSON, mtime=0)
DAMAGED = bytearray(gzip.compress(b"".join(b'{"id":"%d","n":%d}\n' % (n, n) for n in range(20_000)), mtime=0))
DAMAGED[-6] ^= 0xFF


class Case(Struct, frozen=True):
    """A file and what becomes of it."""

    name: str
    content: bytes
    appended: dict[str, Any]
    """Value by id, in the order of the log."""
    rejected: dict[int, str] = {}
    """A part of the reason by row."""
    map: str = ""
    """What the map begins with."""
    fault: str | None = None
    """A part of what the command fails with."""


CASES = {
    # Line ends and blank lines.
    "ndjson": Case("f.ndjson", JSON, WHOLE),
    "ndjson without the last end": Case("f.ndjson", JSON.rstrip(), WHOLE),
    "ndjson of Windows": Case("f.ndjson", JSON.replace(b"\n", b"\r\n"), WHOLE),
    "ndjson of old Macs": Case("f.ndjson", JSON.replace(b"\n", b"\r"), WHOLE),
    "ndjson with blank lines": Case("f.ndjson", b"\n \n" + JSON.replace(b"\n", b"\n\n\t\r\n"), WHOLE),
    "csv": Case("f.csv", CSV, WHOLE),
    "csv without the last end": Case("f.csv", CSV.rstrip(), WHOLE),
    "csv of Windows": Case("f.csv", CSV.replace(b"\n", b"\r\n"), WHOLE),
    "csv of old Macs": Case("f.csv", CSV.replace(b"\n", b"\r"), WHOLE),
    "csv with blank lines": Case("f.csv", b"\r\n \r\n" + CSV.replace(b"\n", b"\n\n  \n"), WHOLE),
    "a name in capitals": Case("F.CSV", CSV, WHOLE),
    # Encodings and their marks.
    "ndjson with a mark": Case("f.ndjson", b"\xef\xbb\xbf" + JSON, WHOLE),
    "ndjson files put together": Case(
        "f.ndjson", b"\xef\xbb\xbf" + JSON + b'\xef\xbb\xbf{"id":"d","n":4}', WHOLE | {"d": 4}
    ),
    "ndjson in utf-16": Case("f.ndjson", JSON.decode().encode("utf-16"), WHOLE),
    "ndjson in utf-16, the other way": Case("f.ndjson", b"\xfe\xff" + JSON.decode().encode("utf-16-be"), WHOLE),
    "ndjson in utf-32": Case("f.ndjson", JSON.decode().encode("utf-32"), WHOLE),
    "csv with a mark": Case("f.csv", b"\xef\xbb\xbf" + CSV, WHOLE),
    "csv with a mark and a quoted name": Case("f.csv", b'\xef\xbb\xbf"id","n"\na,1\nb,2\nc,3\n', WHOLE),
    "csv in utf-16": Case("f.csv", CSV.decode().encode("utf-16"), WHOLE),
    "csv said to be latin-1 with a mark of utf-8": Case(
        "f.csv", b"\xef\xbb\xbfid,n\na,\xc3\xa9\n", {"a": "é"}, map='encoding = "latin-1"'
    ),
    "csv said to be utf-16 with a mark of utf-8": Case(
        "f.csv", b"\xef\xbb\xbf" + CSV, WHOLE, map='encoding = "utf-16"'
    ),
    "csv in latin-1": Case("f.csv", b"id,n\na,\xe9\n", {"a": "é"}, map='encoding = "latin-1"'),
    "csv in latin-1 that says it is utf-8": Case("f.csv", b"id,n\na,\xe9\nb,2\n", {"b": 2}, {1: "surrogate"}),
    "csv in utf-8 that says it is utf-16": Case(
        "f.csv", CSV, {}, map='encoding = "utf-16"', fault="not utf-16|has no column"
    ),
    "ndjson that is not utf-8 in the middle": Case(
        "f.ndjson", JSON.replace(b'"b"', b'"\xff"'), {"a": 1, "c": 3}, {2: "not UTF-8"}
    ),
    "ndjson with half a pair in utf-16": Case(
        "f.ndjson",
        JSON.decode().replace('"b"', '"\ud800"').encode("utf-16", "surrogatepass"),
        {"a": 1, "c": 3},
        {2: ""},
    ),
    # What is no row.
    "ndjson with garbage": Case(
        "f.ndjson", b"\0\0\0\n" + JSON + b"[1]\n\x1a", WHOLE, {1: "", 5: "not a JSON object", 6: ""}
    ),
    "ndjson with a key twice": Case("f.ndjson", JSON.replace(b'"n":2', b'"n":2,"n":3'), {"a": 1, "c": 3}, {2: "twice"}),
    "ndjson with NUL": Case("f.ndjson", JSON.replace(b"2", b'"\\u0000"'), {"a": 1, "c": 3}, {2: "NUL"}),
    "ndjson with a large integer": Case(
        "f.ndjson", JSON.replace(b"2", b"9007199254740993"), {"a": 1, "c": 3}, {2: "/n: an integer beyond"}
    ),
    "ndjson nested without end": Case(
        "f.ndjson", JSON.replace(b"2", b"[" * 10_000 + b"]" * 10_000), {"a": 1, "c": 3}, {2: "nested"}
    ),
    "csv with NUL": Case("f.csv", CSV.replace(b"2", b"\0"), {"a": 1, "c": 3}, {2: "NUL"}),
    "csv of wrong widths": Case(
        "f.csv", b"id,n\na,1,\nb\nc,3\n", {"c": 3}, {1: "3 fields where the header has 2", 2: "1 fields"}
    ),
    # Names of columns.
    "csv with blanks in names": Case("f.csv", b" id ,\tn\na,1\n", {"a": 1}),
    "csv with blanks that the map wants": Case("f.csv", b" id,n\na,1\n", {"a": 1}, map='# id = { field = " id" }'),
    "csv without names": Case("f.csv", b"", {}, fault="is empty"),
    "csv with a mark and nothing else": Case("f.csv", b"\xef\xbb\xbf\r\n", {}, fault="is empty"),
    "csv with two columns of one name": Case("f.csv", b"id,n,n\na,1,2\n", {}, fault="two columns of one name"),
    "ndjson with nothing": Case("f.ndjson", b"", {}),
    # Quotation marks.
    "csv with quoted lines": Case("f.csv", b'id,n\na,"x\r\ny, ""z"""\nb,2\n', {"a": 'x\r\ny, "z"', "b": 2}),
    "csv with marks within": Case(
        "f.csv", b'id,n\na,5" pipe\nb,"say "hi" now"\n', {"a": '5" pipe', "b": 'say hi" now"'}
    ),
    "csv with a mark that stays open": Case(
        "f.csv", b'id,n\na,"1\nb,2\nc,3\n', {"b": 2, "c": 3}, {1: "a quotation mark is opened and not closed"}
    ),
    "csv with a mark that stays open before a quoted field": Case(
        "f.csv", b'id,n\na,"1\nb,2\nc,"3"\n', {"b": 2, "c": 3}, {1: "a quotation mark is opened and not closed"}
    ),
    "csv with careless marks in quoted lines": Case(
        "f.csv", b'id,n\na,"x\nthe "z" y"\nb,2\n', {"a": 'x\nthe z" y"', "b": 2}
    ),
    "csv of a wrong width in quoted lines": Case("f.csv", b'id,n\na,"x\nb,2\n",3\nc,3\n', {"c": 3}, {1: "3 fields"}),
    # Compression.
    "gzip": Case("f.ndjson.gz", GZIPPED, WHOLE),
    "gzip by another name": Case("f.ndjson", GZIPPED, WHOLE),
    "gzip of several members": Case(
        "f.ndjson.gz", b"".join(gzip.compress(JSON[place : place + 5]) for place in range(0, len(JSON), 5)), WHOLE
    ),
    "gzip with zeros behind": Case("f.ndjson.gz", GZIPPED + b"\0" * 100_000, WHOLE),
    "gzip with garbage behind": Case("f.ndjson.gz", GZIPPED + b"garbage", WHOLE, {4: "no gzip data"}),
    "gzip with one byte behind": Case("f.csv.gz", gzip.compress(CSV) + b"\x1f", WHOLE, {4: "no gzip data"}),
    "gzip that breaks off": Case("f.ndjson.gz", GZIPPED[:-9], WHOLE, fault="breaks off"),
    "gzip whose second member breaks off": Case(
        "f.ndjson.gz",
        GZIPPED + gzip.compress(b'{"id":"d","n":4}\n{"id":"e","n":5}\n')[:-12],
        WHOLE | {"d": 4},
        fault="breaks off",
    ),
    "gzip with a wrong checksum": Case(
        "f.ndjson.gz", bytes(DAMAGED), {str(n): n for n in range(20_000)}, fault="not a whole gzip file"
    ),
    "gzip of nothing": Case("f.ndjson.gz", gzip.compress(b""), {}),
    "nothing that should be gzip": Case("f.ndjson.gz", b"", {}, fault="not a whole gzip file"),
    "no gzip": Case("f.csv.gz", CSV, {}, fault="not a whole gzip file"),
    "zip": Case("f.csv", b"PK\x03\x04" + CSV, {}, fault="compressed by zip"),
    "zstd": Case("f.ndjson.zst", b"\x28\xb5\x2f\xfd" + JSON, {}, map='format = "ndjson"', fault="compressed by zstd"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_row_is_read_or_rejected_with_its_number_and_reason(case: Case, tmp_path: Path) -> None:
    said = imported(case, tmp_path, batch=2_000)

    events = rows("SELECT metadata->>'id', payload FROM domain_events ORDER BY position")
    told = {reject["row"]: reject["reason"] for reject in rejects(tmp_path)}
    assert {key: payload.get("n") for key, payload in events} == {
        key: str(value) if ".csv" in case.name.lower() else value for key, value in case.appended.items()
    }
    assert [key for key, _ in events] == list(case.appended)
    assert told.keys() == case.rejected.keys(), told
    assert all(part in told[row] for row, part in case.rejected.items()), told
    assert f"{len(case.appended)} events appended, 0 already there, {len(case.rejected)} rejected" in said or (
        case.fault and not case.appended
    )


def imported(case: Case, directory: Path, *, batch: int) -> str:
    """What the command says."""
    wanted_id = 'id = { field = " id" }' if case.map.startswith("#") else 'id = { field = "id" }'
    text = MAP.replace('id = { field = "id" }', wanted_id)
    text += f"[metadata]\n{wanted_id}\n"
    (directory / "map.toml").write_text(f"{case.map}\n{text}")
    (directory / case.name).write_bytes(case.content)
    with (directory / "said.txt").open("w") as out:
        options: dict[str, Any] = {"map": directory / "map.toml", "rejects": directory / "rejects", "stdout": out}
        if case.fault is None:
            call_command("import_events", str(directory / case.name), batch=batch, **options)
        else:
            with pytest.raises(CommandError, match=case.fault):
                call_command("import_events", str(directory / case.name), batch=batch, **options)
    return (directory / "said.txt").read_text()


def rejects(directory: Path) -> list[dict[str, Any]]:
    file = directory / "rejects"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


REPEATED = [
    {"id": "a", "n": 1},
    {"id": "b", "n": 2},
    {"id": "a", "n": 1},
    {"id": "b", "n": 3},
    {"n": 4},
    {"id": "c", "n": 5},
    {"id": "c", "n": 5},
    {"id": "a", "n": 6},
]


@pytest.mark.parametrize("batch", [1, 2, 3, 5, 500])
def test_rows_that_repeat_have_the_same_outcome_whatever_the_batch(batch: int, tmp_path: Path) -> None:
    text = "".join(json.dumps(row) + "\n" for row in REPEATED)

    said = imported(Case("f.ndjson", text.encode(), {}), tmp_path, batch=batch)

    assert "8 rows: 3 events appended, 2 already there, 3 rejected" in said
    assert rows("SELECT version, payload->>'n' FROM domain_events ORDER BY position") == [(1, "1"), (2, "2"), (3, "5")]
    reasons = {reject["row"]: reject["reason"] for reject in rejects(tmp_path)}
    assert list(reasons) == [4, 5, 8]
    assert all("stands twice in the file, or was in the store before" in reasons[row] for row in (4, 8))


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_no_event_shares_what_its_row_does_not_say_with_its_batch(batch: int, tmp_path: Path) -> None:
    imported(Case("f.ndjson", JSON, {}), tmp_path, batch=batch)

    assert rows("SELECT count(DISTINCT correlation_id) FROM domain_events") == [(3,)]


def test_lines_and_fields_beyond_all_bounds_are_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_rows, "MAX_LINE", 100)
    monkeypatch.setattr(csv_records, "MAX_FIELD", 50)
    long = b"a" * 1_000
    (tmp_path / "csv").mkdir()

    imported(Case("f.ndjson", b'{"id":"%s"}\n{"id":"b","n":2}\n"%s' % (long, long), {}), tmp_path, batch=9)
    imported(Case("f.csv", b"id,n\na,%s\nc,3\nd,%s\ne,5\n" % (long, long[:60]), {}), tmp_path / "csv", batch=9)

    assert rows("SELECT payload->>'n' FROM domain_events ORDER BY position") == [("2",), ("3",), ("5",)]
    assert [(reject["row"], reject["reason"]) for reject in rejects(tmp_path)] == [
        (1, "the line is too long"),
        (3, "the line is too long"),
    ]
    assert [reject["row"] for reject in rejects(tmp_path / "csv")] == [1, 3]


def test_a_file_with_a_fault_goes_on_after_it_when_it_is_mended(tmp_path: Path) -> None:
    imported(Case("f.ndjson.gz", GZIPPED[:-9], {}, fault="what stands before that is imported"), tmp_path, batch=2)

    said = imported(Case("f.ndjson.gz", GZIPPED, {}), tmp_path, batch=2)

    assert "3 rows: 0 events appended, 3 already there, 0 rejected" in said
