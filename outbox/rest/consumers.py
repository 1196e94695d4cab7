"""Consumer groups over HTTP: listed with their lag, paused, resumed and drained."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from kit.json.schema import one_of
from kit.rest.bodies import ReasonBody
from kit.rest.description.openapi import described
from kit.rest.view import ApiView
from outbox.consumers.control.scope import decide, scope_within
from outbox.consumers.control.states import (
    Control,
    GroupDetail,
    GroupState,
    State,
    control_of,
    controls_of,
    group_detail,
    group_states,
    state_of,
)
from outbox.exceptions import GroupDrained, InvalidRequest, UnknownGroup
from outbox.handling.handlers import ConsumerGroup, group_named, registered_groups
from outbox.rest.operations import OPERATE, READ
from outbox.rest.parameters import body_of

Topic = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,249}$", max_length=249)]
PartitionNumber = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class GroupPath(Struct):
    """The address of a consumer group."""

    group: Annotated[str, one_of(sorted(group.name for group in registered_groups()))]


class PartBody(ReasonBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of the group, and why; the whole group without a topic."""

    topic: Topic | None = None
    partition: PartitionNumber | None = None
    """One of the topic's; all of them without it."""


PARTITION_OF_A_TOPIC = Meta(
    extra_json_schema={
        "anyOf": [
            {"required": ["topic"], "properties": {"topic": {"type": "string"}}},
            {"properties": {"partition": {"type": "null"}}},
        ]
    }
)


class Groups(Struct, frozen=True, kw_only=True):
    """All consumer groups."""

    items: list[GroupState]


class Decided(Struct, frozen=True, kw_only=True):
    """What holds for the group now."""

    name: str
    state: State
    controls: list[Control]
    still_held_by: list[Control]
    """What holds a resumed part all the same, because it is about more."""


class ConsumersView(ApiView):
    """The consumer groups."""

    required_scopes: ClassVar = READ

    @described(
        operation_id="list_consumers",
        summary="List consumer groups with their lag and what holds them",
        answer=Groups,
    )
    def get(self, request: Request) -> Response:
        """All of them. While the broker is away `lag` is null, and `lag_unknown` says why."""
        return Response(Groups(items=group_states()))


class ConsumerDetailView(ApiView):
    """One consumer group."""

    required_scopes: ClassVar = READ

    @described(
        operation_id="get_consumer",
        summary="Get a consumer group with the lag of each partition",
        path=GroupPath,
        answer=GroupDetail,
        errors=(UnknownGroup,),
    )
    def get(self, request: Request, group: str) -> Response:
        """The group. While the broker is away `lag` and `partitions` are null, and `lag_unknown` says why."""
        return Response(group_detail(group_named(group)))


class ConsumerControlView(ApiView):
    """What is let through."""

    required_scopes: ClassVar = OPERATE

    @described(
        operation_id="steer_consumer",
        summary="Pause or resume a consumer group, one of its topics or one partition",
        path=GroupPath,
        body=Annotated[PartBody, PARTITION_OF_A_TOPIC],
        answer=Decided,
        errors=(InvalidRequest, UnknownGroup, GroupDrained),
    )
    def post(self, request: Request, group: str, verb: str) -> Response:
        """Decide; it holds until it is taken back, over restarts too, and a repetition does no harm.

        Members finish the batches that they have in hand and keep their partitions. A resumed group is not drained.
        """
        body = body_of(request.data, PartBody)
        return _decided(request, verb, group_named(group), body, topic=body.topic or "", partition=body.partition)


class ConsumerDrainView(ApiView):
    """The leaving of all members."""

    required_scopes: ClassVar = OPERATE

    @described(
        operation_id="drain_consumer",
        summary="Let all members of a consumer group finish, commit and leave until it is resumed",
        path=GroupPath,
        body=ReasonBody,
        answer=Decided,
        errors=(InvalidRequest, UnknownGroup),
    )
    def post(self, request: Request, group: str) -> Response:
        """Decide; it holds until the group is resumed, over restarts too, and a repetition does no harm."""
        return _decided(request, "drain", group_named(group), body_of(request.data, ReasonBody))


def _decided(
    request: Request,
    verb: str,
    group: ConsumerGroup,
    body: ReasonBody,
    *,
    topic: str = "",
    partition: int | None = None,
) -> Response:
    scope = scope_within(group, topic=topic, partition=partition)
    remaining = decide(verb, scope, actor=str(request.user), reason=body.reason)
    controls = controls_of(group)
    return Response(
        Decided(
            name=group.name,
            state=state_of(controls),
            controls=controls,
            still_held_by=[control_of(row) for row in remaining],
        )
    )
