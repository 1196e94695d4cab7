"""Importing and exporting: any CSV or NDJSON, resumable, nothing twice, nothing lost."""

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from events.api import (
    Expected,
    StreamId,
    StreamTombstoned,
    append_events,
    get_events,
    get_stream_metadata,
    read_log,
    tombstone_stream,
    uuid7,
)
from events.management.commands.import_events import _RejectFile
from events.models import EventImport
from events.transfer import importer
from tests.support.database import empty_all_tables, scalar
from tests.support.events import new_event, new_stream

EXAMPLES = Path(__file__).parents[4] / "examples" / "import"
pytestmark = pytest.mark.usefixtures("committed_db")

MAP = """
name = "tea"
[stream]
type = "pot"
id = { field = "pot" }
[event]
type = { field = "what", prefix = "tea.", slug = true }
id = { field = "id" }
timestamp = { field = "at" }
user_id = { field = "who" }
[payload.fields]
cups = { field = "cups", kind = "integer" }
"""
HEADER = ["id", "pot", "what", "at", "who", "cups", "note"]


def row(number: int, **changes: str) -> list[str]:
    values = {
        "id": f"e{number}",
        "pot": f"pot-{number % 3}",
        "what": "Was Brewed!",
        "at": f"2024-01-01T00:{number % 60:02}:00+01:00",
        "who": "ann",
        "cups": str(number),
        "note": "",
    } | changes
    return [values[name] for name in HEADER]


@pytest.fixture
def tea(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Imports rows and returns what the command says."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tea.toml").write_text(MAP)

    def run(rows: list[list[str]], name: str = "tea.csv", **options: Any) -> str:
        with Path(name).open("w", newline="") as file:
            csv.writer(file).writerows([HEADER, *rows])
        out = Path("out.txt")
        with out.open("w") as stdout:
            call_command("import_events", name, map=Path("tea.toml"), stdout=stdout, **options)
        return out.read_text()

    return run


def rejects(name: str = "tea.csv.rejects.ndjson") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(name).read_text().splitlines()]


def test_rows_become_events_in_their_order(tea: Callable[..., str]) -> None:
    said = tea([row(number) for number in range(10)], batch=4)

    assert said.startswith("10 rows: 10 events appended, 0 already there, 0 rejected")
    events = get_events(StreamId("pot", "pot-1"))
    assert [event.payload.data for event in events] == [{"cups": 1}, {"cups": 4}, {"cups": 7}]  # type: ignore[attr-defined]
    assert {(event.event_type, event.user_id) for event in events} == {("tea.was_brewed", "ann")}
    assert events[0].timestamp.isoformat() == "2023-12-31T23:01:00+00:00"


def test_a_second_import_adds_nothing(tea: Callable[..., str]) -> None:
    rows = [row(number) for number in range(10)]
    tea(rows)
    assert tea(rows).startswith("10 rows: 0 events appended, 10 already there")
    assert scalar("SELECT count(*) FROM domain_events") == 10


def test_a_longer_file_adds_what_is_new(tea: Callable[..., str]) -> None:
    tea([row(number) for number in range(10)], batch=4)
    assert tea([row(number) for number in range(15)], batch=7).startswith(
        "15 rows: 5 events appended, 10 already there"
    )


def test_bad_rows_are_told_with_their_reason_and_the_rest_goes_in(tea: Callable[..., str]) -> None:
    bad = {
        1: row(1, cups="many"),
        2: row(2, at="2024-01-01T00:00:00"),
        3: row(3, at="soon"),
        4: row(4, pot=""),
        5: row(5, id=""),
        6: row(6, what="!!"),
        7: row(7)[:-1],
        8: [*row(8), "extra"],
        9: row(9, pot="a/b"),
        10: row(10, id="e0"),
        11: row(11, note="\0"),
        12: row(12, cups="9007199254740993"),
    }
    said = tea([bad.get(number, row(number)) for number in range(14)], batch=20)

    assert said.startswith("14 rows: 2 events appended, 0 already there, 12 rejected")
    told = {reject["row"] - 1: reject["reason"] for reject in rejects()}
    assert told.keys() == bad.keys()
    assert "'cups' holds no integer" in told[1]
    assert "offset" in told[2]
    assert "no stream id in 'pot'" in told[4]
    assert "6 fields where the header has 7" in told[7]
    assert "stands twice in the file" in told[10]
    assert "NUL" in told[11]
    assert rejects()[0]["values"]["cups"] == "many"


def test_a_row_whose_id_is_in_use_for_something_else_is_rejected(tea: Callable[..., str]) -> None:
    tea([row(1), row(2)])
    said = tea([row(1), row(2, cups="99"), row(3)], name="other.csv")
    assert said.startswith("3 rows: 1 events appended, 1 already there, 1 rejected")
    assert "used before with other content" in rejects("other.csv.rejects.ndjson")[0]["reason"]


def test_bytes_that_are_not_utf_8_reject_their_row_only(tea: Callable[..., str], tmp_path: Path) -> None:
    tea([row(1)], name="first.csv")
    data = (tmp_path / "first.csv").read_bytes()
    bad = ",".join(row(2, note="X")).replace("X", "\xff").encode("latin-1")
    Path("broken.csv").write_bytes(data + bad + b"\r\n" + ",".join(row(3)).encode() + b"\r\n")
    call_command("import_events", "broken.csv", map=Path("tea.toml"))
    assert scalar("SELECT count(*) FROM domain_events") == 2
    assert "surrogate" in rejects("broken.csv.rejects.ndjson")[0]["reason"]


@pytest.mark.parametrize("id_line", ['id = { field = "id" }', ""])
def test_bytes_that_are_not_utf_8_in_what_names_the_event_reject_its_row(
    tea: Callable[..., str], tmp_path: Path, id_line: str
) -> None:
    tea([row(1)], name="first.csv")
    (tmp_path / "tea.toml").write_text(MAP.replace('id = { field = "id" }', id_line))
    bad = ",".join(row(2, id="X")).replace("X", "\xff").encode("latin-1")
    Path("broken.csv").write_bytes(
        ",".join(HEADER).encode() + b"\r\n" + bad + b"\r\n" + ",".join(row(3)).encode() + b"\r\n"
    )
    call_command("import_events", "broken.csv", map=Path("tea.toml"))
    assert scalar("SELECT count(*) FROM domain_events") == 2
    assert [reject["row"] for reject in rejects("broken.csv.rejects.ndjson")] == [1]


def test_a_column_whose_name_is_not_utf_8_can_be_told_too(tea: Callable[..., str]) -> None:
    tea([row(1)], name="first.csv")
    header = ",".join([*HEADER, "X"]).replace("X", "\xff").encode("latin-1")
    Path("broken.csv").write_bytes(header + b"\r\n" + ",".join([*row(2), "extra"]).encode() + b"\r\n")
    call_command("import_events", "broken.csv", map=Path("tea.toml"))
    assert rejects("broken.csv.rejects.ndjson")[0]["values"]["?"] == "extra"


def test_rows_of_a_closed_stream_are_rejected_however_often_they_come(tea: Callable[..., str]) -> None:
    tombstone_stream(StreamId("pot", "pot-1"), reason="broken")
    data = [row(number) for number in range(6)]
    assert tea(data).startswith("6 rows: 4 events appended, 0 already there, 2 rejected")
    assert tea(data).startswith("6 rows: 0 events appended, 4 already there, 2 rejected")
    assert "was closed for ever: broken" in rejects()[0]["reason"]


@pytest.mark.parametrize(
    ("field", "text", "kind"),
    [
        ("schema_version", "99999999999", "integer"),
        ("schema_version", "-3", "integer"),
        ("schema_version", "0", "integer"),
        ("schema_version", "1e400", "number"),
        ("correlation_id", "[" * 2_000 + "]" * 2_000, "json"),
        ("correlation_id", "[" * 100_000 + "]" * 100_000, "json"),
    ],
)
def test_a_value_beyond_all_bounds_rejects_its_row_only(
    tea: Callable[..., str], tmp_path: Path, field: str, text: str, kind: str
) -> None:
    more = f'[event]\n{field} = {{ field = "note", kind = "{kind}" }}\n'
    (tmp_path / "tea.toml").write_text(MAP.replace("[event]\n", more))
    assert tea([row(1, note=text), row(2)]).startswith("2 rows: 1 events appended, 0 already there, 1 rejected")


def test_a_payload_nested_beyond_all_bounds_rejects_its_row_only(tea: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "tea.toml").write_text(MAP.replace('"integer"', '"json"'))
    deep = [row(number, cups="[" * depth + "]" * depth) for number, depth in enumerate((200, 2_000, 100_000))]
    assert tea([*deep, row(3)]).startswith("4 rows: 1 events appended, 0 already there, 3 rejected")


def test_a_reject_is_told_before_its_row_counts_as_done(
    tea: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    data = [row(1, cups="many"), row(2), row(3, cups="few")]
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(_RejectFile, "__call__", killed)
        tea(data, batch=1)
    assert EventImport.objects.get().rows == 0

    tea(data, batch=1)

    assert [reject["row"] for reject in rejects()] == [1, 3]


def test_an_interrupted_import_goes_on_where_it_stopped(
    tea: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, batches = importer._import_batch, iter(range(100))

    def interrupted(*arguments: Any) -> Any:
        if next(batches) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(importer, "_import_batch", interrupted)
    rows = [row(number) for number in range(10)]
    with pytest.raises(KeyboardInterrupt):
        tea(rows, batch=3)
    assert scalar("SELECT count(*) FROM domain_events") == 6
    monkeypatch.setattr(importer, "_import_batch", real)

    said = tea(rows, batch=3)

    assert said.startswith("10 rows (resumed after row 6): 10 events appended, 0 already there")
    assert scalar("SELECT count(*) FROM domain_events") == 10
    assert [event.payload.data["cups"] for event in get_events(StreamId("pot", "pot-0"))] == [0, 3, 6, 9]  # type: ignore[attr-defined]
    assert EventImport.objects.get().finished_at is not None


def test_a_database_that_went_away_is_waited_for(tea: Callable[..., str], django_db_blocker: Any) -> None:
    real, killed = importer._import_batch, iter([True])

    def killing(*arguments: Any) -> Any:
        if next(killed, False):
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return real(*arguments)

    importer._import_batch, kept = killing, real  # type: ignore[assignment]
    try:
        said = tea([row(number) for number in range(10)], batch=3)
    finally:
        importer._import_batch = kept
    assert said.startswith("10 rows: 10 events appended, 0 already there")


def test_ndjson_with_inner_objects_and_gzip(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(
        'name = "n"\n[stream]\ntype = "user"\nid = { field = "who.id" }\n'
        '[event]\ntype = { field = "kind" }\n[payload]\nobject = "data"\n'
    )
    lines = [
        {"who": {"id": "u1"}, "kind": "user.followed", "data": {"follower_id": "u1", "followed_id": "u2"}},
        {"who": {"id": "u1"}, "kind": "user.followed", "data": {"follower_id": "u1"}},
        {"who": {"id": "u1"}, "kind": "odd.happened", "data": {"x": [1, 2.5, None]}},
    ]
    with gzip.open(tmp_path / "data.ndjson.gz", "wt") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
        file.write("{]\n\n[1]\n")
    call_command(
        "import_events", str(tmp_path / "data.ndjson.gz"), map=tmp_path / "map.toml", rejects=tmp_path / "bad.ndjson"
    )
    assert [event.event_type for event in get_events(StreamId("user", "u1"))] == ["user.followed", "odd.happened"]
    assert [reject["row"] for reject in rejects(str(tmp_path / "bad.ndjson"))] == [2, 4, 5]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("tea.csv", b"", "is empty"),
        ("tea.csv", b"id,pot\n", "has no column"),
        ("utf-16.csv", (",".join(HEADER) + "\n").encode("utf-16")[:-1], "not utf-16"),
        ("tea.txt", b"", "format"),
        ("tea.csv.gz", b"no gzip", "not a whole gzip file"),
        ("tea.csv.gz", gzip.compress(b"id,pot,what,at,who,cups\n" * 1000, mtime=0)[:40], "not a whole gzip file"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_clear_error(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / "tea.toml").write_text('encoding = "utf-16"' * name.startswith("utf-16") + MAP)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CommandError, match=message):
        call_command("import_events", str(tmp_path / name), map=tmp_path / "tea.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "Invalid value"),
        ('name = "x"', "stream"),
        (MAP + 'colour = "red"\n', "cups|colour|Expected"),
        (MAP.replace("[event]", "[event]\ncolour = 1"), "unknown field `colour`"),
        (MAP.replace('kind = "integer"', 'kind = "tea"'), "Invalid enum value 'tea'"),
        ('delimiter = ";;"' + MAP, "delimiter"),
        ('delimiter = "\\n"' + MAP, "delimiter"),
        ('encoding = "utf-77"' + MAP, "utf-77"),
        ('encoding = "hex"' + MAP, "hex"),
        ('encoding = "a\\u0000b"' + MAP, "encoding"),
    ],
)
def test_a_map_that_cannot_be_understood_is_a_clear_error(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "tea.toml").write_text(text)
    (tmp_path / "tea.csv").write_text("id\n")
    with pytest.raises(CommandError, match=message):
        call_command("import_events", str(tmp_path / "tea.csv"), map=tmp_path / "tea.toml")


def test_an_export_can_be_taken_back(tmp_path: Path) -> None:
    stream = new_stream()
    append_events(stream, Expected.ANY, [new_event("a", user_id="ann", event_id=uuid7()), new_event("b")])
    before = read_log(0, 10).events
    call_command("export_events", str(tmp_path / "log.ndjson.gz"))

    call_command("import_events", str(tmp_path / "log.ndjson.gz"), map=EXAMPLES / "nova.toml")

    assert read_log(0, 10).events == before
    line = json.loads(gzip.decompress((tmp_path / "log.ndjson.gz").read_bytes()).splitlines()[0])
    assert line["payload"]["caption"] == "a"
    with pytest.raises(CommandError, match="--force"):
        call_command("export_events", str(tmp_path / "log.ndjson.gz"))


def test_a_closed_stream_is_closed_where_it_is_taken_to(tmp_path: Path) -> None:
    stream = new_stream()
    append_events(stream, Expected.ANY, [new_event("a")])
    tombstone_stream(stream, reason="wrong customer", actor="ann")
    before = get_events(stream)
    call_command("export_events", str(tmp_path / "log.ndjson"))
    empty_all_tables()

    for _ in range(2):
        call_command("import_events", str(tmp_path / "log.ndjson"), map=EXAMPLES / "nova.toml")

        assert [(e.event_id, e.timestamp, e.user_id, e.payload) for e in get_events(stream)] == [
            (e.event_id, e.timestamp, e.user_id, e.payload) for e in before
        ]
        said = get_stream_metadata(stream)
        assert (said.reason, said.updated_by) == ("wrong customer", "ann")
        with pytest.raises(StreamTombstoned):
            append_events(stream, Expected.ANY, [new_event("b")])


@pytest.fixture
def receipt_like(tmp_path: Path) -> Path:
    """A log of the shape that receipt.toml reads, with the columns of the XES standard."""
    names = [
        "case:channel", "case:concept:name", "case:deadline", "case:department", "case:enddate", "case:enddate_planned",
        "case:group", "case:responsible", "case:startdate", "concept:instance", "concept:name", "lifecycle:transition",
        "org:group", "org:resource", "time:timestamp",
    ]  # fmt: skip
    with (tmp_path / "receipt.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for number in range(50):
            when = f"2011-10-{number % 28 + 1:02} 13:41:31.788000+02:00"
            writer.writerow(
                [
                    *("Internet", f"case-{number % 7}", when, "General", "", when, "Group 2", "Resource21", when),
                    *(f"task-{number}", "T02 Check confirmation of receipt", "complete", "Group 1", "Resource10", when),
                ]
            )
    return tmp_path / "receipt.csv"


def test_the_example_map_reads_a_process_log(receipt_like: Path) -> None:
    call_command("import_events", str(receipt_like), map=EXAMPLES / "receipt.toml")
    event = get_events(StreamId("receipt", "case-0"))[0]
    assert event.event_type == "receipt.t02_check_confirmation_of_receipt"
    assert (event.user_id, event.source_service) == ("Resource10", "municipality")
    assert event.payload.data["deadline"] == "2011-10-01T13:41:31.788000+02:00"  # type: ignore[attr-defined]
    assert "ended" not in event.payload.data  # type: ignore[attr-defined]
