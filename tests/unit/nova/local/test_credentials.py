"""Credentials: a data directory's secrets are generated once, and kept from others."""

import stat

from nova.local.credentials import Credentials, database_key


def test_they_are_the_same_the_next_time(tmp_path):
    first = Credentials.of(tmp_path)

    assert Credentials.of(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "credentials.json").stat().st_mode) == 0o600


def test_each_directory_has_its_own(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    assert Credentials.of(tmp_path / "a").admin_password != Credentials.of(tmp_path / "b").admin_password


def test_a_token_belongs_to_one_database(tmp_path):
    url = "postgresql://nova:secret@db/nova"
    Credentials.of(tmp_path).with_token(database_key(url), "token").save(tmp_path)

    tokens = Credentials.of(tmp_path).api_tokens
    assert tokens.get(database_key(url)) == "token"
    assert database_key(None) not in tokens
    assert "secret" not in database_key(url)
