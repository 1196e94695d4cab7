"""Pinned Kafka jars: what the cache gives is always what the lock pins."""

import hashlib
import os
import re
import time

import pytest

from nova.local.exceptions import JarsUnavailableError
from nova.local.servers import kafka_jars
from nova.local.servers.kafka_jars import Jar, cache_directory, ensure_jars, locked_jars

CONTENT = b"a jar"


@pytest.fixture
def jar(tmp_path, monkeypatch):
    """The only jar of the lock."""
    jar = Jar(group="org.example", artifact="example", version="1.0", sha256=hashlib.sha256(CONTENT).hexdigest())
    lock = tmp_path / "kafka.lock"
    lock.write_text(f"# a comment\n{jar.coordinate}:{jar.sha256}\n")
    monkeypatch.setattr(kafka_jars, "LOCK", lock)
    monkeypatch.setenv("NOVA_CACHE_DIR", str(tmp_path / "cache"))
    return jar


def test_the_lock_pins_every_jar_and_names_no_address():
    jars = locked_jars()

    assert len(jars) == 46
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) for jar in jars)
    assert "//" not in kafka_jars.LOCK.read_text()


def test_a_cached_jar_is_not_downloaded(jar, monkeypatch):
    path = jar.path(cache_directory() / "kafka")
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    monkeypatch.setattr(kafka_jars, "_fetch", None)

    assert ensure_jars() == [path]


def test_a_jar_with_other_content_is_fetched_again_with_progress(jar, monkeypatch):
    path = jar.path(cache_directory() / "kafka")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"tampered with")
    reports: list[str] = []

    def fetch(jar, cache, progress):
        progress.add(2_000_000)
        jar.path(cache).write_bytes(CONTENT)

    monkeypatch.setattr(kafka_jars, "_fetch", fetch)

    assert ensure_jars(reports.append) == [path]
    assert reports == [f"downloading Apache Kafka: {count} of 1 jars, 2 MB" for count in (0, 1)]


def test_the_error_names_the_ways_out(jar, monkeypatch):
    def fetch(*_):
        raise JarsUnavailableError("no route to host")

    monkeypatch.setattr(kafka_jars, "_fetch", fetch)

    with pytest.raises(JarsUnavailableError, match=r"no route to host.*KAFKA_BROKERS.*--broker mock"):
        ensure_jars()


def test_what_an_interrupted_download_left_is_cleared_away_in_time(jar, monkeypatch):
    cache = cache_directory() / "kafka"
    for name, age in (("unfinished-old", 7200), ("unfinished-new", 0)):
        (cache / name).mkdir(parents=True)
        os.utime(cache / name, times=(time.time() - age,) * 2)
    monkeypatch.setattr(kafka_jars, "_fetch", lambda *_: None)

    ensure_jars()

    assert [path.name for path in cache.iterdir()] == ["unfinished-new"]


def test_the_cache_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.delenv("NOVA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "nova"

    monkeypatch.setenv("NOVA_CACHE_DIR", str(tmp_path / "mine"))
    assert cache_directory() == tmp_path / "mine"
