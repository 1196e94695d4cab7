"""A sequence behind its rows, as after an incomplete restore, is found, said and mended; meanwhile nothing is lost."""

import json
import threading
from io import StringIO
from typing import Any

import pytest
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.db import connection, transaction
from msgspec import to_builtins

from events.api import (
    BatchWriter,
    Expected,
    SequenceBehind,
    StreamWrite,
    append_events,
    append_streams,
    get_events,
    last_position,
    read_log,
    replay,
    safe_position,
    stream_version,
)
from events.store.sequences import SequenceBehindRows, repair_sequence, sequences_behind
from kit.outages import is_outage
from nova.health.checks import NotReady, check_database
from nova.rest.rules import problem_of
from nova.rest.tokens import create_token
from outbox.models import DeadLetter, OutboxEvent
from tests.support.callers import bearer
from tests.support.database import rows, scalar
from tests.support.dead_letters import Fussy, dead_lettered, fussy_group
from tests.support.events import new_event, new_stream, post_created
from tests.support.outbox import unique
from tests.support.problems import assert_problem

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url")

COLUMNS = {
    "domain_events": "position",
    "outbox_events": "id",
    "dead_letters": "id",
    "api_tokens": "id",
    "auth_group": "id",
}


def fill(count: int = 30) -> None:
    for number in range(count):
        append_events(new_stream(), Expected.NO_STREAM, [new_event(str(number))])


def set_back(table: str, number: int = 1) -> None:
    """Restore the rows of a table without its sequence."""
    rows("SELECT setval(pg_get_serial_sequence(%s, %s), %s)", table, COLUMNS[table], number)


def restart_with(position: int) -> None:
    """Let the log begin there, as a sequence of which nothing was drawn."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER SEQUENCE domain_events_position_seq RESTART WITH {position}")


def repaired() -> str:
    said = StringIO()
    call_command("repair_sequences", stdout=said)
    return said.getvalue()


@pytest.fixture
def log_behind(committed_db: None) -> None:
    fill()
    set_back("domain_events")


@pytest.mark.usefixtures("log_behind")
class TestALogWhoseSequenceIsBehind:
    def test_says_so_to_whoever_follows_it(self) -> None:
        for read in (safe_position, lambda: read_log(0, 10), lambda: read_log(30, 10), lambda: replay({})):
            with pytest.raises(SequenceBehind, match="repair_sequences") as raised:
                read()
            assert raised.value.table == "domain_events"
            assert is_outage(raised.value)

    def test_takes_no_event_and_says_why(self) -> None:
        one, two = new_stream(), new_stream()
        with pytest.raises(SequenceBehind):
            append_events(one, Expected.ANY, [new_event()])
        with pytest.raises(SequenceBehind):
            append_events(one, Expected.ANY, [new_event(), new_event()])
        with pytest.raises(SequenceBehind):
            append_streams(
                [StreamWrite(stream=s, expected_version=Expected.ANY, events=[new_event()]) for s in (one, two)]
            )
        with BatchWriter(max_delay=0.01) as writer, pytest.raises(SequenceBehind):
            writer.append(one, Expected.ANY, [new_event()])
        assert scalar("SELECT count(*) FROM domain_events") == 30
        # Not twenty attempts each, as after a lost race.
        assert last_position() < 10

    def test_lets_an_open_transaction_go_on(self) -> None:
        with transaction.atomic():
            for events in ([new_event()], [new_event(), new_event()]):
                with pytest.raises(SequenceBehind):
                    append_events(new_stream(), Expected.ANY, events)
            assert scalar("SELECT count(*) FROM domain_events") == 30

    def test_takes_no_event_into_a_gap_below_its_end(self) -> None:
        # Given positions that were drawn in vain, so that no row is in the way of the next one
        set_back("domain_events", 30)
        rows("SELECT nextval('domain_events_position_seq') FROM generate_series(1, 20)")
        fill(3)
        set_back("domain_events", 35)
        # When somebody connects and appends, then it is refused: followers stand above the gap
        for count in (1, 2):
            connection.close()
            with pytest.raises(SequenceBehind):
                append_events(new_stream(), Expected.ANY, [new_event() for _ in range(count)])
        assert scalar("SELECT max(position) FROM domain_events WHERE position < 51") == 30

    def test_is_a_problem_that_says_what_to_run(self) -> None:
        api = bearer(create_token("caller", scopes=["events:append", "events:read"])[0])
        body = [{"event_type": "content.post.created", "payload": to_builtins(post_created())}]
        answers = (
            api.generic("POST", "/api/v1/streams/post/p1/events", json.dumps(body), "application/json"),
            api.get("/api/v1/events"),
        )
        for answer in answers:
            problem = assert_problem(answer, 503, "sequence-behind")
            assert "manage.py repair_sequences" in problem["detail"]
            assert problem["table"] == "domain_events"

    def test_goes_on_behind_its_rows_once_repaired(self) -> None:
        stream = new_stream()
        seen = rows("SELECT max(position) FROM domain_events")[0][0]
        assert "domain_events.position: 2 was next, now 31" in repaired()
        (position,) = append_events(stream, Expected.NO_STREAM, [new_event()]).positions
        assert position == 31
        assert [event.position for event in read_log(seen, 10).events] == [31]


def test_a_sequence_that_has_drawn_nothing_yet_is_behind_rows_as_well(committed_db: None) -> None:
    fill(3)
    restart_with(1)
    assert sequences_behind() == [SequenceBehindRows("domain_events", "position", 1, 3)]
    with pytest.raises(SequenceBehind):
        append_events(new_stream(), Expected.ANY, [new_event()])
    restart_with(4)
    assert sequences_behind() == []
    assert append_events(new_stream(), Expected.ANY, [new_event()]).positions == (4,)


def test_outbox_rows_whose_sequence_is_behind_keep_the_event_out_too(committed_db: None) -> None:
    fill()
    set_back("outbox_events")
    for count in (1, 2):
        with pytest.raises(SequenceBehind) as raised:
            append_events(new_stream(), Expected.ANY, [new_event() for _ in range(count)])
        assert raised.value.table == "outbox_events"
    assert (scalar("SELECT count(*) FROM domain_events"), OutboxEvent.objects.count()) == (30, 30)


def test_a_dead_letter_that_cannot_be_kept_for_it_is_waited_for(committed_db: None) -> None:
    group = fussy_group(Fussy())
    dead_lettered(group, 1, 2, 3)
    set_back("dead_letters")
    with pytest.raises(Exception, match="dead_letters_pkey") as raised:
        dead_lettered(group, 4)
    assert is_outage(raised.value)
    problem = problem_of(raised.value)
    assert problem is not None
    assert (problem.status, problem.slug, problem.members) == (503, "sequence-behind", {"table": "dead_letters"})
    assert DeadLetter.objects.count() == 3


@pytest.fixture
def several_behind(committed_db: None) -> None:
    fill()
    for number in range(5):
        create_token(unique("token"), scopes=["events:read"])
        rows("INSERT INTO auth_group (name) VALUES (%s) RETURNING id", f"group {number}")
    for table in ("domain_events", "outbox_events", "api_tokens", "auth_group"):
        set_back(table, 2)


@pytest.mark.usefixtures("several_behind")
class TestSequencesBehind:
    expected = ("api_tokens", "auth_group", "domain_events", "outbox_events")

    def test_are_found_in_every_table(self) -> None:
        found = sequences_behind()
        assert [(one.table, one.column, one.next_number) for one in found] == [
            (table, COLUMNS[table], 3) for table in self.expected
        ]

    def test_are_refused_by_the_check_of_the_database(self) -> None:
        assert [problem for problem in run_checks() if problem.id == "events.E009"] == []
        problems = [p for p in run_checks(tags=[Tags.database], databases=["default"]) if p.id == "events.E009"]
        assert len(problems) == 4
        assert problems[2].msg == "The next number of domain_events.position would be 3, and its rows go up to 30."
        assert "repair_sequences" in str(problems[2].hint)

    def test_are_not_ready(self) -> None:
        with pytest.raises(NotReady, match=r"4 sequences are behind their rows; run manage\.py repair_sequences"):
            check_database()
        repaired()
        check_database()
        assert sequences_behind() == []

    def test_are_repaired_by_what_the_check_and_the_dry_run_say(self) -> None:
        said = StringIO()
        call_command("repair_sequences", dry_run=True, stdout=said)
        assert len(sequences_behind()) == 4
        for line in said.getvalue().splitlines():
            rows(line)
        assert sequences_behind() == []
        assert repaired() == "No sequence is behind its rows.\n"


def test_a_sequence_that_others_have_moved_on_is_left_alone(committed_db: None) -> None:
    fill(5)
    before = SequenceBehindRows("domain_events", "position", 2, 5)
    assert repair_sequence(before) is False
    assert last_position() == 5


def test_appends_and_followers_go_on_when_it_is_repaired_beside_them(committed_db: None) -> None:
    fill(40)
    set_back("domain_events", 3)
    set_back("outbox_events", 3)
    streams = [new_stream() for _ in range(3)]
    failures: list[BaseException] = []

    def persist(stream: Any) -> None:
        try:
            for _ in range(10):
                appended = False
                while not appended:
                    try:
                        append_events(stream, Expected.ANY, [new_event()])
                        appended = True
                    except SequenceBehind:
                        pass
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=persist, args=(stream,)) for stream in streams]
    for thread in threads:
        thread.start()
    repaired()
    for thread in threads:
        thread.join()

    assert failures == []
    assert [stream_version(stream) for stream in streams] == [10, 10, 10]
    assert all(event.position > 40 for stream in streams for event in get_events(stream))
    assert len(read_log(40, 100).events) == 30


def test_a_sound_sequence_is_never_taken_for_one_behind(committed_db: None) -> None:
    done = threading.Event()
    failures: list[BaseException] = []

    def write() -> None:
        try:
            while not done.is_set():
                append_events(new_stream(), Expected.ANY, [new_event()])
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        assert [sequences_behind() for _ in range(100)] == [[]] * 100
        assert [safe_position() >= 0 for _ in range(300)] == [True] * 300
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert failures == []
