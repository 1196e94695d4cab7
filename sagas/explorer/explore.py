"""Schedule explorer: thousands of schedules of one scenario, the smallest that goes wrong, and a test of it.

Hypothesis makes the schedules and finds the smallest one (D. MacIver et al., https://hypothesis.works).
"""

from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st

from sagas.definition.validation import validate
from sagas.explorer.scenario import Scenario
from sagas.explorer.schedule import Schedule
from sagas.explorer.world import Violated, World

# Decisions of one schedule; after so many all goes well.
LENGTH = 96

Make = Callable[[Scenario, Schedule], World]


def explore(scenario: Scenario, *, schedules: int = 10_000, name: str = "SCENARIO", world: Make = World) -> int:
    """Play so many schedules; how many were different. Raises `Violated` with the smallest that goes wrong, as a test.

    `name` is what the test calls the scenario.
    """
    validate(scenario.saga)
    played: set[tuple[int, ...]] = set()

    @settings(
        max_examples=schedules,
        database=None,
        deadline=None,
        derandomize=True,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(st.binary(min_size=LENGTH, max_size=LENGTH))
    def run(choices: bytes) -> None:
        schedule = Schedule(choices)
        try:
            world(scenario, schedule).play()
        except Violated as violated:
            raise Violated(violated.what, [*violated.story, "", as_test(name, schedule.used)]) from None
        played.add(schedule.used)

    run()
    return len(played)


def replay(scenario: Scenario, choices: Sequence[int], *, world: Make = World) -> World:
    """Play one schedule. Raises `Violated`."""
    played = world(scenario, Schedule(choices))
    played.play()
    return played


def as_test(name: str, choices: Sequence[int]) -> str:
    """A test of the schedule."""
    return f"def test_a_schedule_that_went_wrong():\n    replay({name}, {list(choices)})"
