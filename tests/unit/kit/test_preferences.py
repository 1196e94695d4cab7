"""A request says which position its answer is to know."""

import pytest

from kit.exceptions import InvalidParameter
from kit.rest.preferences import awaited_position


@pytest.mark.parametrize(
    ("header", "position"),
    [
        ("", None),
        ("respond-async", None),
        ("waiting=1", None),
        ("wait", None),
        ('wait=""', None),
        ("wait=0", 0),
        ("wait=100", 100),
        ("return=minimal, Wait=100", 100),
        ('wait = "7" ; why=hurry, respond-async', 7),
        # The first one counts (RFC 7240, section 2).
        ("wait=1, wait=2", 1),
    ],
)
def test_a_position_is_named_as_the_standard_names_preferences(header: str, position: int | None) -> None:
    assert awaited_position({"Prefer": header}) == position


@pytest.mark.parametrize("value", ["soon", "-1", "1.5", "9" * 19, "٣", '"a b"'])
def test_what_is_no_position_is_refused_by_the_headers_name(value: str) -> None:
    with pytest.raises(InvalidParameter, match="wait must be a position") as caught:
        awaited_position({"Prefer": f"wait={value}"})

    assert caught.value.parameter == "Prefer"
