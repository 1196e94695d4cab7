"""Verification of a handled read model: its tables are compared with a fold of what its group has had, row by row.

Group and tables need not wait. All is read as of one moment: the inbox says which events the tables hold then, and
exactly those of the log are folded. The log gives them in an order of its own, messages keep that of their keys alone:
handlers whose rows depend on more are found by that.
"""

from uuid import UUID

from django.db import transaction
from msgspec import Struct

from projections.arguments import arguments
from projections.definition.handled import HandledReadModel
from projections.verification.comparison import Difference, first_difference
from projections.verification.folding import HandledFold
from projections.verification.shadow import hide, see_one_snapshot


class Verified(Struct, frozen=True, kw_only=True):
    """What a verification has found."""

    difference: Difference | None
    """None where the tables are what the events say."""
    unkept: int = 0
    """How many events the group has had that are nowhere kept; whether the tables hold what those say, nobody knows."""
    example: UUID | None = None
    """The id of one of them."""

    def __str__(self) -> str:
        """What there is to say beside "equal"; empty where there is nothing."""
        told = f"{self.unkept} events came from outside and are kept nowhere, such as {self.example}"
        return "; ".join([*([str(self.difference)] if self.difference else []), *([told] if self.unkept else [])])


def verify_handled(model: HandledReadModel, *, sample: int | None = None, reorder: bool = False) -> Verified:
    """Compare the tables with the fold of all events that the group has had by now.

    With a `sample`, so many rows of the first table, whichever: what is missing there is not found. With `reorder`,
    fold the events in another order that messages could have as well. Raises `CannotVerify` where no fold can be made.
    """
    arguments.limit(sample, name="sample")
    model.keepers()
    with transaction.atomic(durable=True):
        see_one_snapshot()
        shadows = hide(model.models)
        keys = None if sample is None else [str(key) for (key,) in shadows[0].run("some_keys", number=sample)]
        fold = HandledFold(model, keys=keys, reorder=reorder)
        fold.apply_log()
        unkept = fold.apply_external()
        found = first_difference(shadows, keys=keys, beside=model.beside)
        transaction.set_rollback(True)
    return Verified(difference=found, unkept=len(unkept), example=min(unkept, default=None))
