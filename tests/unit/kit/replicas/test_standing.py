"""What was seen of primary and replica says how old answers may be, and how much of the log they can know."""

from hypothesis import given
from hypothesis import strategies as st

from kit.replicas.standing import SILENCE_TIMEOUT, PrimarySample, ReplicaSample, Samples, Standing


def sample(at: float, wal: int, *, safe_position: int = 0, history: str = "7 00000001") -> PrimarySample:
    return PrimarySample(at=at, history=history, wal=wal, safe_position=safe_position)


def look(at: float, replayed: int, *, cluster: str = "7", is_standby: bool = True) -> ReplicaSample:
    return ReplicaSample(at=at, cluster=cluster, is_standby=is_standby, replayed=replayed, silent_for=None)


def samples(*given_samples: PrimarySample) -> Samples:
    made = Samples()
    for one in given_samples:
        made.add(one)
    return made


def test_a_replica_is_as_fresh_as_the_newest_of_what_it_has_replayed() -> None:
    seen = samples(sample(1, 100, safe_position=10), sample(2, 200, safe_position=20), sample(3, 300, safe_position=30))

    standing = seen.standing(look(3.1, 299))

    assert (standing.fresh_at, standing.safe_position, standing.lag_bytes) == (2, 20, 1)


def test_an_idle_primary_leaves_no_replica_behind() -> None:
    seen = samples(*(sample(at, 100) for at in range(1_000)))
    assert seen.standing(look(999.1, 100)).lag_seconds(999.1) < 1  # type: ignore[operator]  # it is known


def test_an_answer_grows_older_while_nobody_looks() -> None:
    standing = samples(sample(0, 100)).standing(look(0, 100))
    assert standing.is_fit(2.0, max_staleness=2)
    assert not standing.is_fit(2.1, max_staleness=2)


def test_a_replica_that_was_not_heard_of_is_not_asked_however_old_answers_may_be() -> None:
    standing = samples(sample(0, 100)).standing(look(0, 100))
    assert standing.is_fit(SILENCE_TIMEOUT, max_staleness=300)
    assert not standing.is_fit(SILENCE_TIMEOUT + 0.1, max_staleness=300)
    assert standing.state(SILENCE_TIMEOUT + 0.1, max_staleness=300) == "does not answer"


def test_a_replica_that_has_replayed_none_of_what_is_known_is_not_asked() -> None:
    standing = samples(sample(0, 100, safe_position=10)).standing(look(0, 99))
    assert not standing.is_fit(0, max_staleness=300)
    assert (standing.safe_position, standing.state(0, max_staleness=300)) == (0, "is behind")


def test_one_that_was_not_looked_at_or_cannot_be_compared_is_not_asked() -> None:
    seen = samples(sample(0, 100))
    unfit = {
        "was not looked at yet": Standing(),
        "cannot be compared: the primary has not answered yet": Samples().standing(look(0, 100)),
        "is a replica of another primary": seen.standing(look(0, 100, cluster="77")),
        "is no replica any more: it was promoted": seen.standing(look(0, 100, is_standby=False)),
    }
    assert [standing.state(0, max_staleness=300) for standing in unfit.values()] == list(unfit)
    assert not any(standing.is_fit(0, max_staleness=300) for standing in unfit.values())


def test_after_a_failover_what_the_server_before_had_counts_no_more() -> None:
    seen = samples(sample(0, 500, safe_position=50), sample(1, 400, safe_position=40, history="7 00000002"))
    standing = seen.standing(look(1, 600))
    assert standing.safe_position == 40


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=50), st.data())
def test_no_event_below_the_safe_position_of_a_replica_is_missing_there(
    growth: list[tuple[int, int]], data: st.DataObject
) -> None:
    """An event is in the write-ahead log before it counts as safe; both grow, together or not."""
    seen, wal, safe, events = Samples(), 0, 0, {}
    for at, (written, became_safe) in enumerate(growth):
        wal += written + became_safe
        for _ in range(became_safe):
            safe += 1
            events[safe] = wal
        seen.add(sample(at, wal, safe_position=safe))
    replayed = data.draw(st.integers(0, wal))

    standing = seen.standing(look(len(growth), replayed))

    assert all(events[position] <= replayed for position in range(1, standing.safe_position + 1))
