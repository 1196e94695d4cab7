"""A trace is taken over when it is one."""

import pytest

from nova.telemetry.traceparent import valid_traceparent

VALID = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_valid_trace_is_taken_over():
    assert valid_traceparent(VALID) == VALID


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        VALID.upper(),
        VALID + "-more",
        VALID + "\n",
        "ff" + VALID[2:],
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
    ],
)
def test_anything_else_is_ignored(text):
    assert valid_traceparent(text) is None
