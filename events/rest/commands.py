"""Commands over HTTP: given to aggregates, and the states of aggregates, now, then and compared."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from drf_spectacular.utils import OpenApiParameter
from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from events.aggregates.aggregate import RESERVED, aggregates
from events.aggregates.difference import as_json
from events.codec.payloads import explain, refuse_unknown_fields
from events.commands.dry_run import DryRun, dry_run
from events.commands.execution import Executed, execute
from events.context import current_context
from events.exceptions import (
    AggregateNotFound,
    AppendRefused,
    CommandIdConflict,
    CommandRefused,
    InvalidCommand,
    InvalidEvent,
    PayloadTooLarge,
    StreamTombstoned,
    UnknownAggregate,
    UnknownCommand,
    UnreadableStream,
    VersionConflict,
    VersionNotFound,
)
from events.rest.command_representations import (
    COMMANDS,
    CommandAnswer,
    CommandEvent,
    DifferenceAnswer,
    StateAnswer,
)
from events.rest.parameters import AggregatePath, checked_stream
from events.state.loading import Loaded
from events.state.time_travel import difference, state_at_time, state_at_version
from events.types.registry import type_name
from kit.exceptions import InvalidParameter
from kit.rest.conditions import ETAG_SCHEMA, etag, version_in
from kit.rest.description.answer_headers import POSITION, etag_header, position_header, replayed_header
from kit.rest.description.openapi import described
from kit.rest.query import BigInt, Query, Timestamp
from kit.rest.view import ApiView

IF_MATCH = OpenApiParameter(
    "If-Match",
    ETAG_SCHEMA,
    "header",
    description='Version that the aggregate must have, in quotes: `"3"`',
)


class CommandQuery(Query, frozen=True, kw_only=True):
    """Whether the command is given, or only tried."""

    dry_run: Annotated[bool, Meta(description="`true`: say which events it would bring about, and do nothing")] = False


class StateQuery(Query, frozen=True, kw_only=True):
    """The state as of when; as it is now without either."""

    version: Annotated[BigInt | None, Meta(description="After the event with this version; 0 is before the first")] = (
        None
    )
    at: Annotated[
        Timestamp | None, Meta(description="Before anything happened that happened later than this time (RFC 3339)")
    ] = None


class DifferenceQuery(Query, frozen=True, kw_only=True):
    """Between which versions."""

    first: Annotated[BigInt, Meta(description="A version; 0 is before the first event")] = msgspec.field(name="from")
    last: Annotated[BigInt, Meta(description="Another version")] = msgspec.field(name="to")


class CommandView(ApiView):
    """Commands to aggregates."""

    required_scopes: ClassVar = {"POST": "commands:execute"}

    @described(
        operation_id="execute_command",
        summary="Give an aggregate a command",
        body=dict[str, Any],
        variants=COMMANDS,
        answer=CommandAnswer,
        statuses=(200, 201),
        headers=(IF_MATCH,),
        answer_headers=(etag_header(200, 201), position_header(201), replayed_header(200, 201)),
        query=CommandQuery,
        errors=(
            UnknownAggregate,
            UnknownCommand,
            InvalidCommand,
            InvalidEvent,
            CommandRefused,
            AggregateNotFound,
            CommandIdConflict,
            StreamTombstoned,
            AppendRefused,
            UnreadableStream,
            VersionConflict,
            PayloadTooLarge,
        ),
    )
    def post(self, request: Request, aggregate_type: str, command: str) -> Response:
        """201 with the events that it brought about, 200 when all was so already.

        A repetition, known by its `command_id`, gets the first answer and `Idempotency-Replayed: true`. A dry run gets
        200, with the version on which it was decided as `ETag`: `If-Match` makes sure that just this happens. With
        `one_at_a_time` it waits for other commands on the aggregate instead of being overtaken by them.
        """
        kind = aggregates.named(aggregate_type).command_type(command)
        query = CommandQuery.of(request)
        aggregate_id, command_id, one_at_a_time, fields = _addressed(request.data)
        if query.dry_run:
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
            one_at_a_time=one_at_a_time,
        )
        event_ids = [str(event_id) for event_id in answer.event_ids]
        request._request.log_fields = {"event_ids": event_ids}  # type: ignore[attr-defined]  # noqa: SLF001 - for the access log
        headers = {"ETag": etag(answer.version)}
        if answer.positions:
            headers[POSITION] = str(max(answer.positions))
        if answer.replayed:
            headers["Idempotency-Replayed"] = "true"
        return Response(_executed(answer), status=201 if event_ids else 200, headers=headers)


class AggregateView(ApiView):
    """The state of an aggregate."""

    required_scopes: ClassVar = {"GET": "events:read"}

    @described(
        operation_id="get_aggregate",
        summary="See the state of an aggregate, now or then",
        path=AggregatePath,
        answer=StateAnswer,
        answer_headers=(etag_header(200),),
        query=StateQuery,
        errors=(UnknownAggregate, InvalidEvent, AggregateNotFound, VersionNotFound, UnreadableStream),
    )
    def get(self, request: Request, aggregate_type: str, aggregate_id: str) -> Response:
        """The state as it is, or as it was."""
        query = StateQuery.of(request)
        aggregate = aggregates.named(aggregate_type)
        checked_stream(aggregate_type, aggregate_id)
        if query.version is not None and query.at is not None:
            raise InvalidParameter("at", "and version exclude each other")
        if query.at is not None:
            return _state(state_at_time(aggregate, aggregate_id, query.at))
        return _state(state_at_version(aggregate, aggregate_id, query.version))


class AggregateDifferenceView(ApiView):
    """What has changed."""

    required_scopes: ClassVar = {"GET": "events:read"}

    @described(
        operation_id="compare_aggregate",
        summary="See what has changed in an aggregate between two versions",
        path=AggregatePath,
        answer=DifferenceAnswer,
        query=DifferenceQuery,
        errors=(UnknownAggregate, InvalidEvent, AggregateNotFound, VersionNotFound, UnreadableStream),
    )
    def get(self, request: Request, aggregate_type: str, aggregate_id: str) -> Response:
        """The fields that differ."""
        query = DifferenceQuery.of(request)
        aggregate = aggregates.named(aggregate_type)
        checked_stream(aggregate_type, aggregate_id)
        changes = difference(aggregate, aggregate_id, query.first, query.last)
        return Response(DifferenceAnswer(first=query.first, last=query.last, changes=changes))


def _addressed(body: object) -> tuple[str, UUID | None, bool, dict[str, Any]]:
    """Whom the command is for, its id, whether it waits for others, and its own fields."""
    if not isinstance(body, dict):
        raise InvalidCommand("must be a JSON object")
    aggregate_id, command_id = body.get("aggregate_id"), body.get("command_id")
    if not isinstance(aggregate_id, str):
        raise InvalidCommand("must be a text, and is needed", pointer="/aggregate_id")
    try:
        parsed = None if command_id is None else msgspec.convert(command_id, UUID)
    except msgspec.ValidationError as error:
        raise InvalidCommand("must be a UUID", pointer="/command_id") from error
    one_at_a_time = body.get("one_at_a_time", False)
    if not isinstance(one_at_a_time, bool):
        raise InvalidCommand("must be true or false", pointer="/one_at_a_time")
    return aggregate_id, parsed, one_at_a_time, {name: value for name, value in body.items() if name not in RESERVED}


def _command(fields: dict[str, Any], kind: type[msgspec.Struct]) -> msgspec.Struct:
    try:
        command = msgspec.convert(fields, kind)
        refuse_unknown_fields(fields, command)
    except msgspec.ValidationError as error:
        explained: InvalidEvent = explain(error)
        raise InvalidCommand(explained.reason, pointer=explained.pointer) from error
    except InvalidEvent as error:
        raise InvalidCommand(error.reason, pointer=error.pointer) from None
    return command


def _expected(headers: Mapping[str, str]) -> int | None:
    text = headers.get("If-Match")
    if text is None:
        return None
    return version_in(text, name="If-Match")


def _executed(answer: Executed) -> CommandAnswer:
    first = answer.version - len(answer.event_ids) + 1
    return CommandAnswer(
        aggregate_type=answer.stream.aggregate_type,
        aggregate_id=answer.stream.aggregate_id,
        command_id=answer.command_id,
        version=answer.version,
        events=[
            CommandEvent(
                event_id=event_id,
                event_type=type_name(payload),
                version=version,
                position=position,
                payload=msgspec.to_builtins(payload),
            )
            for version, (event_id, position, payload) in enumerate(
                zip(answer.event_ids, answer.positions, answer.payloads, strict=True), first
            )
        ],
    )


def _proposed(proposal: DryRun) -> Response:
    answer = CommandAnswer(
        aggregate_type=proposal.stream.aggregate_type,
        aggregate_id=proposal.stream.aggregate_id,
        command_id=proposal.command_id,
        version=proposal.version,
        events=[
            CommandEvent(event_type=type_name(payload), version=version, payload=msgspec.to_builtins(payload))
            for version, payload in enumerate(proposal.payloads, proposal.version + 1)
        ],
    )
    return Response(answer, headers={"ETag": etag(proposal.version)})


def _state(loaded: Loaded) -> Response:
    answer = StateAnswer(
        aggregate_type=loaded.stream.aggregate_type,
        aggregate_id=loaded.stream.aggregate_id,
        version=loaded.version,
        state=as_json(loaded.state),
    )
    return Response(answer, headers={"ETag": etag(loaded.version)})
