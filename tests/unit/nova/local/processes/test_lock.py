"""Data directory lock: no two `up`s get at one directory."""

import os

import pytest

from nova.local.exceptions import AlreadyRunningError
from nova.local.processes.lock import exclusive


def is_held(directory):
    try:
        with exclusive(directory):
            return False
    except AlreadyRunningError:
        return True


def test_the_second_is_refused_and_told_who_holds_it(tmp_path):
    with exclusive(tmp_path):
        with pytest.raises(AlreadyRunningError, match=f"process {os.getpid()}") as refusal, exclusive(tmp_path):
            pass

        assert refusal.value.pid == os.getpid()


def test_two_directories_are_independent(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    with exclusive(tmp_path / "a"), exclusive(tmp_path / "b"):
        assert is_held(tmp_path / "a")
        assert is_held(tmp_path / "b")


def test_a_directory_can_be_held_again(tmp_path):
    for _ in range(2):
        with exclusive(tmp_path):
            assert is_held(tmp_path)
        assert not is_held(tmp_path)
