"""Layered map: remembers very many names while every event makes a new state, for states share most layers.

A plain dict would be copied whole for each event, so that a fold would take the square of the time. Here a new value is
a layer of its own, and is merged with older layers while these are no longer. So sizes at least double from layer to
layer, each value is copied once per doubling, and n events copy n log n values in all. States stay what they were, and
msgspec can write them.
"""

from msgspec import Struct


class LayeredMap(Struct, frozen=True):
    """Names, each with a value; the last value of a name counts."""

    levels: tuple[dict[str, bool], ...] = ()
    """The longest and oldest first; never changed once they are here."""

    def get(self, name: str) -> bool | None:
        """The name's value, None when it has none."""
        for level in reversed(self.levels):
            if name in level:
                return level[name]
        return None

    def with_value(self, name: str, *, value: bool) -> "LayeredMap":
        """The same, and one value more."""
        levels, newest = list(self.levels), {name: value}
        while levels and len(levels[-1]) <= len(newest):
            newest = levels.pop() | newest
        return LayeredMap(levels=(*levels, newest))
