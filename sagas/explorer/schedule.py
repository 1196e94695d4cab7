"""Schedule: what happens in which order, as a sequence of numbers. Zeros are a good day."""

from collections.abc import Sequence


class Schedule:
    """Takes one number after the other; when they are over, all goes well."""

    def __init__(self, choices: Sequence[int]) -> None:
        self._choices = choices
        self._place = 0

    def choose(self, number: int) -> int:
        """One of so many possibilities."""
        if number == 1 or self._place >= len(self._choices):
            return 0
        self._place += 1
        return self._choices[self._place - 1] % number

    @property
    def used(self) -> tuple[int, ...]:
        """The numbers that were asked for, without the zeros at the end."""
        used = list(self._choices[: self._place])
        while used and not used[-1]:
            used.pop()
        return tuple(used)
