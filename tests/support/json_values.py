"""I-JSON values to test with (RFC 7493), with the edges at which stores and languages differ."""

from typing import Any

from hypothesis import strategies as st

EDGES = (
    *(0, -1, 2**53 - 1, -(2**53) + 1),
    *(0.0, -0.0, 1.0, 1.5, 0.1 + 0.2, 1e-6, 1e-7, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308),
    *(9007199254740991.0, 9007199254740992.0, 9007199254740993.0, 1e15, 1e16, -1e17, 123456789012345680000.0),
    *(1e20, 999999999999999900000.0, 1e21, 1e22, -1e100),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20) | st.sampled_from(
    [
        "",
        '"\\/\b\f\n\r\t\x1f\x7f',
        "\u2028\ufeff\uffff\U0001f600\ufb33",
        "10000000000000000.0",
        '"1e16',
        "\\",
        "x" * 9_000,
    ]
)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(EDGES)
    | TEXTS
)
JSON_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)
JSON_OBJECTS = st.dictionaries(TEXTS, JSON_VALUES, max_size=4)


def nested(depth: int) -> dict[str, Any]:
    """An object that is nested so deep, itself included."""
    value: Any = 1e16
    for _ in range(depth - 1):
        value = [value]
    return {"deep": value}
