"""State difference: the fields in which two states differ. Pure."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from kit.json.pointer import escape


class FieldDifference(Struct, frozen=True, kw_only=True):
    """One field before and after."""

    pointer: Annotated[str, Meta(description="JSON pointer (RFC 6901) to the field in the state.")]
    change: Literal["added", "removed", "changed"]
    old: Any = None
    new: Any = None


def differences(before: Struct, after: Struct) -> list[FieldDifference]:
    """The fields in which two states of one aggregate differ, in the order of their pointers.

    Objects are compared field by field, however deep; lists as a whole.
    """
    return list(_compare(as_json(before), as_json(after), ""))


def as_json(state: Struct) -> Any:
    """A state as JSON's own types."""
    return msgspec.to_builtins(state)


def _compare(before: Any, after: Any, pointer: str) -> list[FieldDifference]:
    if before == after:
        return []
    if not isinstance(before, dict) or not isinstance(after, dict):
        return [FieldDifference(pointer=pointer, change="changed", old=before, new=after)]
    found: list[FieldDifference] = []
    for key in sorted(before.keys() | after.keys()):
        here = f"{pointer}/{escape(key)}"
        if key not in after:
            found.append(FieldDifference(pointer=here, change="removed", old=before[key]))
        elif key not in before:
            found.append(FieldDifference(pointer=here, change="added", new=after[key]))
        else:
            found += _compare(before[key], after[key], here)
    return found
