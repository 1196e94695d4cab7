"""Users over HTTP."""

from typing import Annotated, ClassVar

from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from kit.json.schema import one_of
from kit.rest.description.openapi import described
from kit.rest.preferences import PREFER
from kit.rest.query import Text
from kit.rest.replicas import Cached
from nova.services.identity.exceptions import UserNotFound
from nova.services.identity.projections import USERS
from nova.services.identity.queries import LISTED, MAX_TERM, ORDERS, UserView, get_user, list_users
from projections.api import Page
from projections.rest.parameters import Paged
from projections.rest.read_models import SEEN_POSITION, ReadModelView

READ = {"GET": "read-models:read"}


class UsersQuery(Paged, frozen=True, kw_only=True):
    """Which users."""

    search: Annotated[
        Text,
        Meta(
            description="Part of a user name, display name or e-mail, in any case",
            extra_json_schema={"maxLength": MAX_TERM},
        ),
    ] = ""
    status: Annotated[
        str,
        one_of(LISTED),
        Meta(description="`active` by default, `inactive` for deactivated ones, or `any` of the two"),
    ] = "active"
    order: Annotated[
        str, one_of(ORDERS), Meta(description="By `id` by default; the `newest` first; or by `name`, in any case")
    ] = "id"


class UsersView(ReadModelView):
    """The users."""

    read_model = "users"
    required_scopes: ClassVar = READ

    @described(
        operation_id="list_users",
        summary="List or search users",
        query=UsersQuery,
        headers=(PREFER,),
        answer=Page[UserView],
        answer_headers=SEEN_POSITION,
    )
    def get(self, request: Request) -> Response:
        """A page of the users that are not deleted."""
        query = UsersQuery.of(request)
        page = self.answer(
            request,
            lambda source: list_users(
                search=query.search,
                status=query.status,
                order=query.order,
                after=query.after,
                limit=query.limit,
                using=source.alias,
            ),
            cached=Cached(name="list_users", key=query, tags=(USERS,), kind=Page[UserView]),
        )
        return Response(page)


class OneUserView(ReadModelView):
    """One user."""

    read_model = "users"
    required_scopes: ClassVar = READ

    @described(
        operation_id="get_user",
        summary="Get one user",
        headers=(PREFER,),
        answer=UserView,
        answer_headers=SEEN_POSITION,
        errors=(UserNotFound,),
    )
    def get(self, request: Request, user_id: str) -> Response:
        """The user of that id, deleted ones included."""
        return Response(self.answer(request, lambda source: get_user(user_id, using=source.alias)))
