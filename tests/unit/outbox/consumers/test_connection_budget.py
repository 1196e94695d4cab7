"""Each consumer has two connections in any case; what is left of the bound is for whoever is first."""

from outbox.consumers.connection_budget import ConnectionBudget


def test_what_is_left_beyond_two_of_each_is_shared() -> None:
    budget = ConnectionBudget(6)
    with budget.consumer(), budget.consumer():
        assert [budget.take() for _ in range(3)] == [True, True, False]
        assert budget.is_spent
        budget.give_back()
        assert [budget.is_spent, budget.take(), budget.is_spent] == [False, True, True]


def test_a_consumer_that_begins_later_has_its_two_and_others_are_to_make_room() -> None:
    budget = ConnectionBudget(6)
    with budget.consumer():
        assert [budget.take() for _ in range(5)] == [True, True, True, True, False]
        exceeded = [budget.is_exceeded]
        with budget.consumer():
            exceeded.append(budget.is_exceeded)
            budget.give_back()
            budget.give_back()
            assert [*exceeded, budget.is_exceeded] == [False, True, False]
            assert not budget.take()
        assert budget.take()


def test_a_bound_below_two_of_each_leaves_none_to_share() -> None:
    budget = ConnectionBudget(2)
    with budget.consumer(), budget.consumer():
        assert not budget.take()
