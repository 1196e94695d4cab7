"""Queries of read models over HTTP: each answer says which events it has seen, and waits for one if it is asked to.

An answer that does not come to know the event in time is given as it is, without `Preference-Applied` (RFC 7240).
"""

from collections.abc import Callable
from typing import ClassVar, TypeVar

from rest_framework.request import Request

from kit.exceptions import InvalidParameter
from kit.replicas.reads import Source
from kit.rest.description.answer_headers import POSITION, preference_applied_header, seen_position_header
from kit.rest.preferences import applied, awaited_position
from kit.rest.replicas import Cached, read, read_cached
from kit.rest.view import ApiView
from projections.definition.handled import HandledReadModel
from projections.definition.registry import read_model_named
from projections.exceptions import InvalidArgument
from projections.waiting.positions import seen_position
from projections.waiting.waiting import wait_for

SEEN_POSITION = (seen_position_header(200), preference_applied_header(200))
"""What the description of a view names whose read model is a projection's."""

AnswerT = TypeVar("AnswerT")


class ReadModelView(ApiView):
    """A view of a read model, which subclasses name.

    Of a projection, answers have `Nova-Position`, errors such as 404 included. What handlers keep has none: messages
    keep the order of their keys alone, so no one position says what was handled.
    """

    read_model: ClassVar[str]

    def answer(self, request: Request, query: Callable[[Source], AnswerT], *, cached: Cached | None = None) -> AnswerT:
        """What the query answers, of the primary or a replica as the request allows, after what is waited for.

        With `cached`, whose tags are those of the read model, also from the query cache.
        Raises what the query raises, and `InvalidParameter` for a position that cannot be waited for.
        """
        awaited = awaited_position(request.headers)
        if awaited is not None and self._wait(awaited):
            self.headers["Preference-Applied"] = applied(awaited)
        is_handled = isinstance(read_model_named(self.read_model), HandledReadModel)

        def ask(source: Source) -> tuple[int | None, AnswerT]:
            position = None if is_handled else seen_position(self.read_model, using=source.alias)
            # Before the query, whose errors have the header too.
            self._say(position, awaited)
            return position, query(source)

        if cached is None:
            position, answer = read(request, ask)
        else:
            position, answer = read_cached(request, ask, cached.beside(int | None))
        self._say(position, awaited)
        return answer

    def _say(self, position: int | None, awaited: int | None) -> None:
        if position is None:
            return
        self.headers[POSITION] = str(position)
        # Somebody may have moved it back since it was there.
        if awaited is not None and position < awaited:
            self.headers.pop("Preference-Applied", None)

    def _wait(self, position: int) -> bool:
        try:
            return wait_for(self.read_model, position)
        except InvalidArgument as error:
            raise InvalidParameter("Prefer", f"wait {error.reason}") from None
