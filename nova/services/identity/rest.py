"""REST resources of the identity service."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from nova.services.identity.queries import UserView, get_user, list_users
from projections.api import Page
from projections.rest.parameters import AFTER, LIMIT, in_query, limit_of, only
from projections.rest.schemas import schema_of

READ = {"GET": "read-models:read"}
OK = (200, "application/json")


class UsersView(APIView):
    """The users."""

    required_scopes: ClassVar = READ

    @extend_schema(
        operation_id="list_users",
        summary="List or search users",
        parameters=[
            in_query("search", str, "Part of a user name, display name or e-mail, in any case"),
            in_query("status", str, "`active` by default, `inactive` for deactivated ones, or `any` of the two"),
            AFTER,
            LIMIT,
        ],
        responses={OK: schema_of(Page[UserView])},
    )
    def get(self, request: Request) -> Response:
        """A page of the users that are not deleted, by id."""
        query = request.query_params
        only(query, "search", "status", "after", "limit")
        users = list_users(
            search=query.get("search", ""),
            status=query.get("status", "active"),
            after=query.get("after"),
            limit=limit_of(query),
        )
        return Response(users)


class OneUserView(APIView):
    """One user."""

    required_scopes: ClassVar = READ

    @extend_schema(operation_id="get_user", summary="Get one user", responses={OK: schema_of(UserView)})
    def get(self, request: Request, user_id: str) -> Response:
        """The user of that id, deleted ones included."""
        only(request.query_params)
        return Response(get_user(user_id))
