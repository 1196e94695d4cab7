"""Commands say in one line which of their arguments is wrong, whatever it is."""

import pytest
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db

HALF = "a\udcff"
REASON = ("--reason", "a test")


@pytest.mark.parametrize(
    "arguments",
    [
        ("export_events", "-", "--after", "-1"),
        ("export_events", "-", "--event-type", HALF),
        ("export_events", "-", "--aggregate-type", HALF),
        ("import_events", __file__, "--map", __file__, "--batch", "0"),
        ("import_events", __file__, "--map", __file__, "--patience", "nan"),
        ("import_events", __file__, "--map", __file__, "--patience", "-1"),
        ("snapshots", "prune", "--keep", "-1"),
        ("snapshots", "prune", "--keep", str(2**63)),
        ("snapshots", "rebuild", "--type", HALF),
        ("dead_letters", "list", "--consumer", HALF),
        ("dead_letters", "list", "--text", "a\0"),
        ("dead_letters", "list", "--since", "0001-01-01T00:00:00+14:00"),
        ("dead_letters", "list", str(2**63)),
        ("dead_letters", "groups", "--consumer", HALF),
        ("dead_letters", "show", str(2**70)),
        ("dead_letters", "retry", "1", "--rate", "nan", *REASON),
        ("dead_letters", "discard", "1", "--reason", HALF),
        ("dead_letters", "discard", "1", "--reason", "x" * 501),
        ("dead_letters", "edit", "1", "--body", __file__, "--schema-version", "-1", *REASON),
        ("dead_letters", "status", str(2**70)),
        ("dead_letters", "cancel", str(-(2**70)), *REASON),
        ("consumers", "pause", HALF, *REASON),
        ("consumers", "pause", "feed-service", "--topic", HALF, *REASON),
        ("consumers", "pause", "feed-service", "--topic", "nova.content.events", "--partition", str(2**70), *REASON),
        ("consumers", "replay", "feed-service", "--topic", "a", "--offset", f"0:{2**70}-"),
        ("consumers", "replay", "feed-service", "--topic", "a", "--key", HALF),
        ("consumers", "replay", "feed-service", "--handler", HALF, "--from-time", "2020-01-01T00:00:00Z", *REASON),
        ("consumers", "replay", "feed-service", "--resume", str(2**70)),
        ("projections", "pause", HALF),
        ("projections", "pause", "users", "--reason", "x" * 501),
        ("projections", "skip", "users", "x"),
        ("projections", "release", "users", "a", "\0"),
        ("projections", "reset", "users", str(2**70)),
        ("projections", "verify", HALF),
        ("projections", "verify", "users", "--sample", "0"),
        ("token", "create", HALF, "--scope", "events:read"),
        ("token", "create", "a", "--scope", HALF),
        ("token", "create", "a", "--scope", "events:read", "--expires-in", str(2**70)),
        ("token", "revoke", HALF),
        ("token", "revoke", "--number", str(2**70)),
        *(("up", "--port", port) for port in ("0", "-1", "65536", "x", "٣")),
        ("demo", "--port", "99999"),
    ],
    ids=ascii,
)
def test_what_cannot_be_is_refused_in_one_line(arguments):
    with pytest.raises(CommandError) as refused:
        call_command(*arguments)
    assert str(refused.value)
    assert "\n" not in str(refused.value)
