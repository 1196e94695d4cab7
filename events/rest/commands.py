"""How are commands given to aggregates over HTTP, and how is it seen what became of them?"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

import msgspec
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.aggregates.aggregate import aggregates
from events.aggregates.difference import as_json
from events.codec.payloads import explain
from events.commands.dry_run import DryRun, dry_run
from events.commands.execution import Executed, execute
from events.context import current_context
from events.envelope import StreamId
from events.exceptions import BadRequest, InvalidCommand, InvalidEvent
from events.identifiers import check_stream
from events.rest.command_schemas import COMMAND, DIFFERENCE, EXECUTED, STATE
from events.rest.requests import only, whole_number
from events.state.loading import Loaded
from events.state.time_travel import difference, state_at_time, state_at_version
from events.types.registry import type_name

MAX_BIGINT = 2**63 - 1
_ETAG = re.compile(r'"(\d{1,18})"')
_OWN = ("aggregate_id", "command_id")


def _in(name: str, kind: type, description: str, place: Literal["query", "header"] = "query") -> OpenApiParameter:
    return OpenApiParameter(name, kind, place, description=description)


class CommandView(APIView):
    """Commands to aggregates."""

    required_scopes: ClassVar = {"POST": "commands:execute"}

    @extend_schema(
        operation_id="execute_command",
        summary="Give an aggregate a command",
        request={"application/json": COMMAND},
        responses={(200, "application/json"): EXECUTED, (201, "application/json"): EXECUTED},
        parameters=[
            _in("If-Match", str, 'Version that the aggregate must have, in quotes: `"3"`', "header"),
            _in("dry_run", bool, "`true`: say which events it would bring about, and do nothing"),
        ],
    )
    def post(self, request: Request, aggregate_type: str, command: str) -> Response:
        """201 with the events that it brought about, 200 when all was so already.

        A repetition, known by its `command_id`, gets the first answer and `Idempotency-Replayed: true`. A dry run gets
        200, with the version on which it was decided as `ETag`: `If-Match` makes sure that just this happens.
        """
        kind = aggregates.named(aggregate_type).command_type(command)
        only(request.query_params, "dry_run")
        aggregate_id, command_id, fields = _addressed(request.data)
        if _is_dry_run(request.query_params):
            return _proposed(
                dry_run(
                    aggregate_id,
                    _command(fields, kind),
                    command_id=command_id,
                    expected_version=_expected(request.headers),
                    user_id=current_context().user_id,
                )
            )
        answer = execute(
            aggregate_id,
            _command(fields, kind),
            command_id=command_id,
            expected_version=_expected(request.headers),
        )
        event_ids = [str(event_id) for event_id in answer.event_ids]
        request._request.log_fields = {"event_ids": event_ids}  # type: ignore[attr-defined]  # noqa: SLF001 - for the access log
        headers = {"ETag": f'"{answer.version}"'}
        if answer.replayed:
            headers["Idempotency-Replayed"] = "true"
        return Response(_executed_body(answer), status=201 if event_ids else 200, headers=headers)


class AggregateView(APIView):
    """The state of an aggregate."""

    required_scopes: ClassVar = {"GET": "events:read"}

    @extend_schema(
        operation_id="get_aggregate",
        summary="See the state of an aggregate, now or then",
        responses={(200, "application/json"): STATE},
        parameters=[
            _in("version", int, "After the event with this version; 0 is before the first"),
            _in("at", str, "Before anything happened that happened later than this time (RFC 3339)"),
        ],
    )
    def get(self, request: Request, aggregate_type: str, aggregate_id: str) -> Response:
        """The state as it is, or as it was."""
        query = request.query_params
        only(query, "version", "at")
        aggregate = aggregates.named(aggregate_type)
        check_stream(StreamId(aggregate_type, aggregate_id))
        if "version" in query and "at" in query:
            raise BadRequest("and version exclude each other", parameter="at")
        if "at" in query:
            return _state(state_at_time(aggregate, aggregate_id, _timestamp(query["at"])))
        version = whole_number(query, "version", default=0, least=0, most=MAX_BIGINT) if "version" in query else None
        return _state(state_at_version(aggregate, aggregate_id, version))


class AggregateDifferenceView(APIView):
    """What has changed."""

    required_scopes: ClassVar = {"GET": "events:read"}

    @extend_schema(
        operation_id="compare_aggregate",
        summary="See what has changed in an aggregate between two versions",
        responses={(200, "application/json"): DIFFERENCE},
        parameters=[
            OpenApiParameter("from", int, "query", required=True, description="A version; 0 is before the first event"),
            OpenApiParameter("to", int, "query", required=True, description="Another version"),
        ],
    )
    def get(self, request: Request, aggregate_type: str, aggregate_id: str) -> Response:
        """The fields that differ."""
        query = request.query_params
        only(query, "from", "to")
        for name in ("from", "to"):
            if name not in query:
                raise BadRequest("is needed", parameter=name)
        first, last = (whole_number(query, name, default=0, least=0, most=MAX_BIGINT) for name in ("from", "to"))
        aggregate = aggregates.named(aggregate_type)
        check_stream(StreamId(aggregate_type, aggregate_id))
        changes = difference(aggregate, aggregate_id, first, last)
        return Response({"from": first, "to": last, "changes": changes})


def _addressed(body: object) -> tuple[str, UUID | None, dict[str, Any]]:
    """Whom the command is for, its id, and its own fields."""
    if not isinstance(body, dict):
        raise InvalidCommand("must be a JSON object")
    aggregate_id, command_id = body.get("aggregate_id"), body.get("command_id")
    if not isinstance(aggregate_id, str):
        raise InvalidCommand("must be a text, and is needed", pointer="/aggregate_id")
    try:
        parsed = None if command_id is None else msgspec.convert(command_id, UUID)
    except msgspec.ValidationError as error:
        raise InvalidCommand("must be a UUID", pointer="/command_id") from error
    return aggregate_id, parsed, {name: value for name, value in body.items() if name not in _OWN}


def _command(fields: dict[str, Any], kind: type[msgspec.Struct]) -> msgspec.Struct:
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        explained: InvalidEvent = explain(error)
        raise InvalidCommand(explained.reason, pointer=explained.pointer) from error


def _expected(headers: Mapping[str, str]) -> int | None:
    text = headers.get("If-Match")
    if text is None:
        return None
    tag = _ETAG.fullmatch(text.strip())
    if tag is None:
        raise BadRequest('must be one version in quotes, such as "3"', parameter="If-Match")
    return int(tag[1])


def _timestamp(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadRequest("must be a time with an offset, such as 2025-01-15T10:30:00Z", parameter="at")
    return moment


def _executed_body(answer: Executed) -> dict[str, Any]:
    first = answer.version - len(answer.event_ids) + 1
    return {
        "aggregate_type": answer.stream.aggregate_type,
        "aggregate_id": answer.stream.aggregate_id,
        "command_id": answer.command_id,
        "version": answer.version,
        "events": [
            {
                "event_id": event_id,
                "event_type": type_name(payload),
                "version": version,
                "position": position,
                "payload": msgspec.to_builtins(payload),
            }
            for version, (event_id, position, payload) in enumerate(
                zip(answer.event_ids, answer.positions, answer.payloads, strict=True), first
            )
        ],
    }


def _is_dry_run(query: Mapping[str, str]) -> bool:
    text = query.get("dry_run", "false")
    if text not in {"true", "false"}:
        raise BadRequest("must be true or false", parameter="dry_run")
    return text == "true"


def _proposed(proposal: DryRun) -> Response:
    body = {
        "aggregate_type": proposal.stream.aggregate_type,
        "aggregate_id": proposal.stream.aggregate_id,
        "command_id": proposal.command_id,
        "version": proposal.version,
        "events": [
            {"event_type": type_name(payload), "version": version, "payload": msgspec.to_builtins(payload)}
            for version, payload in enumerate(proposal.payloads, proposal.version + 1)
        ],
    }
    return Response(body, headers={"ETag": f'"{proposal.version}"'})


def _state(loaded: Loaded) -> Response:
    body = {
        "aggregate_type": loaded.stream.aggregate_type,
        "aggregate_id": loaded.stream.aggregate_id,
        "version": loaded.version,
        "state": as_json(loaded.state),
    }
    return Response(body, headers={"ETag": f'"{loaded.version}"'})
