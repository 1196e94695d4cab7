"""An operator gives tokens away and takes them back at the command line."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from nova.models import ApiToken
from tests.support.callers import bearer


def run(*arguments):
    """Standard output and standard error of the command."""
    out, notes = StringIO(), StringIO()
    call_command("token", *arguments, stdout=out, stderr=notes, no_color=True)
    return out.getvalue(), notes.getvalue()


def create(*arguments):
    return run("create", "probe", *arguments)[0].splitlines()[-1]


def test_the_token_is_the_last_line_of_standard_output_and_works(db):
    out, notes = run("create", "probe", "--scope", "events:read", "--scope", "operate")
    token = out.splitlines()[-1]
    assert token not in notes
    assert bearer(token).get("/api/v1/events").status_code == 200
    assert ApiToken.objects.get().scopes == ["events:read", "operate"]


def test_an_unknown_scope_is_refused_with_the_list(db):
    with pytest.raises(CommandError, match="unknown scope everything; there are events:append, events:read"):
        create("--scope", "everything")
    assert not ApiToken.objects.exists()


def test_a_token_may_expire(db):
    create("--scope", "events:read", "--expires-in", "30")
    row = ApiToken.objects.get()
    assert row.expires_at is not None
    assert 29 <= (row.expires_at - row.created_at).days <= 30


@pytest.mark.parametrize("days", ["0", "-1", "99999999999"])
def test_an_impossible_life_is_refused(db, days):
    with pytest.raises(CommandError):
        create("--scope", "events:read", f"--expires-in={days}")


def test_the_list_shows_states_and_no_token(db):
    token = create("--scope", "events:read")
    run("revoke", "probe")
    listed, _ = run("list")
    assert "revoked" in listed
    assert token not in listed


def test_a_name_revokes_all_of_its_live_tokens_and_a_number_one(db):
    tokens = [create("--scope", "events:read") for _ in range(3)]
    run("revoke", "--number", str(ApiToken.objects.earliest("pk").pk))
    assert [row.state for row in ApiToken.objects.order_by("pk")] == ["revoked", "live", "live"]
    run("revoke", "probe")
    assert {bearer(token).get("/api/v1/events").status_code for token in tokens} == {401}


@pytest.mark.parametrize("which", [["nobody"], ["--number", "4711"]])
def test_revoking_what_is_not_there_is_an_error(db, which):
    with pytest.raises(CommandError, match="no live token"):
        run("revoke", *which)
