"""Rules: one table of which error is which problem, looked up by the exception's class and then by its bases."""

import django.db
import psycopg
import redis
from django.core import exceptions as django_errors
from django.http import Http404, HttpResponse
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions as rest

from events import api as events
from kit.exceptions import InvalidParameter, OperationFinished, OperationNotFound, RequestIdConflict
from kit.outages import table_with_sequence_behind
from kit.rest.conditions import etag
from kit.rest.problems import Problem
from nova import exceptions as nova
from nova.rest.auth import InsufficientScope
from nova.rest.json import UnsupportedEncoding
from nova.rest.rule import RETRY_AFTER, Rule, challenge, in_document, in_query, plain, retry_after, unavailable
from nova.services.content.exceptions import PostNotKnown
from nova.services.feed.exceptions import PostNotFound
from nova.services.identity.exceptions import UserNotFound
from nova.services.orders.exceptions import OrderNotFound
from outbox import api as outbox
from projections import api as projections
from sagas import api as sagas

NOT_FOUND = Rule(404, "not-found", "There is nothing under this address", detail=plain(""))
BAD_REQUEST = Rule(400, "bad-request", "The request cannot be understood")
UNREADABLE = Rule(400, "bad-request", "The request cannot be understood", detail=plain("A header is malformed."))
BODY_TOO_LARGE = Rule(413, "body-too-large", "The body is too large", detail=plain(""))
BAD_PARAMETER = Rule(400, "invalid-parameter", "A parameter cannot be understood", in_query)
INVALID_REQUEST = Rule(422, "invalid-request", "The request says something impossible", in_document)
DATABASE_UNAVAILABLE = unavailable("The database")
REDIS_UNAVAILABLE = unavailable("Redis")
POST_NOT_FOUND = Rule(404, "post-not-found", "No post has this id, or the read model is not that far")
FORBIDDEN = Rule(403, "forbidden", "This is not allowed", detail=plain(""))
INTERNAL = Rule(500, "internal-error", "Nova failed", detail=plain("The log has more under this instance."))

RULES: dict[type[BaseException], Rule] = {
    InvalidParameter: BAD_PARAMETER,
    # Operations on many rows, of whichever app.
    OperationNotFound: Rule(404, "operation-not-found", "No operation has this number"),
    OperationFinished: Rule(409, "operation-finished", "The operation has ended", lambda e: {"state": e.state}),
    RequestIdConflict: Rule(409, "idempotency-key-conflict", "The idempotency key was used before for something else"),
    # The event store.
    events.TooManyValues: Rule(
        413, "body-too-large", "The body is too large", lambda e: {"limit": e.limit}, detail=lambda e: e.reason
    ),
    events.InvalidJSON: Rule(400, "invalid-json", "The body is not I-JSON", in_document, detail=lambda e: e.reason),
    events.PayloadTooLarge: Rule(
        413,
        "event-too-large",
        "An event is too large",
        lambda e: {"size": e.size, "limit": e.limit} | in_document(e),
        detail=lambda e: e.reason,
    ),
    events.UnknownEventType: Rule(
        422,
        "unknown-event-type",
        "No code registers this type of event",
        lambda e: {"event_type": e.event_type} | in_document(e),
        detail=lambda e: e.reason,
    ),
    events.SourceNotOwner: Rule(
        422,
        "source-not-owner",
        "The aggregate belongs to another service",
        lambda e: {"aggregate_type": e.aggregate_type, "owner": e.owner} | in_document(e),
        detail=lambda e: e.reason,
    ),
    events.InvalidCommand: Rule(
        422, "invalid-command", "The command's fields do not fit it", in_document, detail=lambda e: e.reason
    ),
    events.CommandRefused: Rule(
        422,
        "command-refused",
        "The aggregate's rules are against the command",
        lambda e: {"code": e.code},
        detail=lambda e: e.reason,
    ),
    events.CommandIdConflict: Rule(
        409,
        "command-id-conflict",
        "The command id was used before for another command",
        lambda e: {"command_id": str(e.command_id)},
    ),
    events.UnreadableStream: Rule(
        409,
        "unreadable-stream",
        "The stream holds an event that this installation cannot read",
        lambda e: {"version": e.version, "event_type": e.event_type, "schema_version": e.schema_version},
    ),
    events.InvalidEvent: Rule(422, "invalid-event", "This cannot be an event", in_document, detail=lambda e: e.reason),
    events.VersionConflict: Rule(
        412,
        "version-conflict",
        "The stream is not at the expected version",
        lambda e: {
            "stream": {"aggregate_type": e.stream.aggregate_type, "aggregate_id": e.stream.aggregate_id},
            "expected": e.expected,
            "actual": e.actual,
        },
        lambda e: {"ETag": etag(e.actual)},
    ),
    events.EventIdConflict: Rule(
        409,
        "event-id-conflict",
        "The event id was used before with other content",
        lambda e: {"event_ids": [str(event_id) for event_id in e.event_ids]},
    ),
    events.StreamTombstoned: Rule(
        409,
        "stream-tombstoned",
        "The stream was closed for ever",
        lambda e: {
            "stream": {"aggregate_type": e.stream.aggregate_type, "aggregate_id": e.stream.aggregate_id},
            "since": e.since.isoformat(),
            "reason": e.reason,
        },
    ),
    events.AppendRefused: Rule(
        409, "append-refused", "What follows the append cannot take it", lambda e: {"follower": e.follower}
    ),
    events.PreconditionRequired: Rule(428, "precondition-required", "Name the version that the stream must have"),
    events.AggregateNotFound: Rule(
        404,
        "stream-not-found",
        "The stream has no events",
        lambda e: {"code": e.code} if isinstance(e, events.CommandRefused) else {},
    ),
    events.EventNotFound: Rule(404, "event-not-found", "No event has this id"),
    events.VersionNotFound: Rule(
        404, "version-not-found", "The stream has not come to this version", lambda e: {"actual": e.actual}
    ),
    events.UnknownAggregate: Rule(
        404, "aggregate-type-not-found", "No aggregate type has this name", lambda e: {"known": list(e.known)}
    ),
    events.UnknownCommand: Rule(
        404, "command-not-found", "The aggregate knows no such command", lambda e: {"known": list(e.known)}
    ),
    events.NotFound: NOT_FOUND,
    events.Unavailable: DATABASE_UNAVAILABLE,
    events.SequenceBehind: Rule(
        503,
        "sequence-behind",
        "The database was not restored whole",
        lambda e: {"table": e.table},
        headers=lambda _: RETRY_AFTER,
    ),
    # Read models.
    UserNotFound: Rule(404, "user-not-found", "No user has this id, or the read model is not that far"),
    PostNotFound: POST_NOT_FOUND,
    PostNotKnown: POST_NOT_FOUND,
    OrderNotFound: Rule(404, "order-not-found", "No order has this id, or the read model is not that far"),
    projections.UnknownProjection: Rule(404, "projection-not-found", "No projection has this name"),
    projections.UnknownView: Rule(404, "materialised-view-not-found", "No materialised view has this name"),
    projections.VerbRefused: Rule(
        409, "projection-verb-refused", "What holds for the projection does not allow this", lambda e: {"verb": e.verb}
    ),
    projections.InvalidRequest: INVALID_REQUEST,
    projections.RebuildRefused: Rule(
        409, "rebuild-refused", "The projection's tables do not allow this now", lambda e: {"projection": e.name}
    ),
    # The outbox.
    outbox.InvalidRequest: INVALID_REQUEST,
    outbox.InvalidEdit: Rule(422, "invalid-edit", "No handler could be given the edited message", in_document),
    outbox.InvalidRoute: Rule(422, "invalid-route", "An outbox row cannot go there", in_document),
    outbox.UnknownGroup: Rule(
        404, "consumer-not-found", "No consumer group has this name", lambda e: {"known": list(e.known)}
    ),
    outbox.GroupDrained: Rule(
        409,
        "consumer-drained",
        "A drained consumer group cannot be paused",
        lambda e: {"drained_by": e.actor, "since": e.since.isoformat()},
    ),
    outbox.DeadLetterNotFound: Rule(404, "dead-letter-not-found", "No dead letter has this number"),
    outbox.DeadLetterNotOpen: Rule(
        409, "dead-letter-not-open", "The dead letter was dealt with", lambda e: {"status_of_letter": e.status}
    ),
    outbox.RowNotFound: Rule(404, "outbox-row-not-found", "No outbox row has this number"),
    outbox.RowNotDead: Rule(409, "outbox-row-not-dead", "Only dead rows can be rerouted"),
    # Sagas.
    sagas.SagaNotFound: Rule(404, "saga-not-found", "No saga has this id"),
    sagas.VerbRefused: Rule(
        409, "saga-verb-refused", "The saga's state does not allow this", lambda e: {"verb": e.verb}
    ),
    sagas.UnknownShape: Rule(
        409,
        "saga-definition-missing",
        "This installation does not have the definition that the saga began with",
        lambda e: {"saga": e.name, "shape": e.shape},
    ),
    sagas.InvalidData: Rule(
        422, "invalid-saga-data", "The saga's data cannot be this", in_document, detail=lambda e: e.reason
    ),
    # The web face.
    nova.UnknownScope: Rule(422, "unknown-scope", "No such scope exists", lambda e: {"known": list(e.known)}),
    nova.BodyTooSlow: Rule(
        408,
        "body-too-slow",
        "The body comes too slowly",
        headers=lambda _: {"Connection": "close"},
        detail=plain("Nothing of the request has taken effect."),
    ),
    nova.KeysUnavailable: unavailable("The identity provider"),
    nova.Overloaded: Rule(
        503,
        "overloaded",
        "There is no room for a body or an answer of this size now",
        headers=lambda _: {"Retry-After": "10"},
        detail=plain("Other clients are slow to send or to take theirs. Nothing of the request has taken effect."),
    ),
    nova.TooManyFailures: Rule(
        429, "too-many-requests", "Too many requests", headers=retry_after, detail=lambda e: f"Too many failed: {e}."
    ),
    nova.TokenNotFound: Rule(404, "token-not-found", "No live token has this name or number"),
    InsufficientScope: Rule(
        403,
        "insufficient-scope",
        "The token may not do this",
        lambda e: {"scope": e.scope},
        lambda e: {"WWW-Authenticate": f'Bearer realm="nova", error="insufficient_scope", scope="{e.scope}"'},
    ),
    rest.NotAuthenticated: Rule(
        401,
        "unauthenticated",
        "A token is needed",
        headers=challenge,
        detail=plain("Send Authorization: Bearer nova_…"),
    ),
    rest.AuthenticationFailed: Rule(401, "invalid-token", "The token is not accepted", headers=challenge),
    rest.PermissionDenied: Rule(403, "forbidden", "This is not allowed"),
    rest.NotFound: NOT_FOUND,
    rest.MethodNotAllowed: Rule(405, "method-not-allowed", "This address does not know the method"),
    rest.NotAcceptable: Rule(406, "not-acceptable", "None of the accepted media types is served", detail=plain("")),
    UnsupportedEncoding: Rule(
        415,
        "unsupported-media-type",
        "Send application/json in UTF-8",
        headers=lambda _: {"Accept-Encoding": "identity"},
    ),
    rest.UnsupportedMediaType: Rule(415, "unsupported-media-type", "Send application/json in UTF-8"),
    rest.Throttled: Rule(
        429,
        "too-many-requests",
        "Too many requests",
        headers=retry_after,
        detail=plain("The token calls too often."),
    ),
    rest.ParseError: BAD_REQUEST,
    rest.ValidationError: Rule(422, "invalid-request", "The request says something impossible"),
    # What lies below.
    Http404: NOT_FOUND,
    django_errors.PermissionDenied: FORBIDDEN,
    django_errors.RequestDataTooBig: BODY_TOO_LARGE,
    django_errors.SuspiciousOperation: Rule(
        400, "bad-request", "The request cannot be understood", detail=plain("A header or the query is not allowed.")
    ),
    django_errors.BadRequest: BAD_REQUEST,
    MultiPartParserError: BAD_REQUEST,
    UnicodeError: Rule(400, "bad-request", "The request cannot be understood", detail=plain("It is not UTF-8.")),
    django.db.OperationalError: DATABASE_UNAVAILABLE,
    django.db.InterfaceError: DATABASE_UNAVAILABLE,
    psycopg.OperationalError: DATABASE_UNAVAILABLE,
    psycopg.InterfaceError: DATABASE_UNAVAILABLE,
    # The last net below the checks of parameters: what the database cannot hold came from the client.
    django.db.DataError: Rule(400, "invalid-value", "A value cannot be kept", detail=plain("")),
    psycopg.DataError: Rule(400, "invalid-value", "A value cannot be kept", detail=plain("")),
    redis.ConnectionError: REDIS_UNAVAILABLE,
    redis.TimeoutError: REDIS_UNAVAILABLE,
}


def problem_of(error: BaseException) -> Problem | None:
    """The problem that an exception means; None for a fault of Nova itself."""
    if table := table_with_sequence_behind(error):
        error = events.SequenceBehind(table)
    rule = rule_of(type(error))
    return apply_rule(rule, error) if rule else None


def rule_of(kind: type[BaseException]) -> Rule | None:
    """The rule for exceptions of a class; None for a fault of Nova itself."""
    return next((rule for base in kind.__mro__ if (rule := RULES.get(base))), None)


def apply_rule(rule: Rule, error: BaseException | None = None) -> Problem:
    """The problem of a rule, for one exception. It is named by the request's correlation id, which the log has too."""
    correlation_id = events.current_context().correlation_id
    return Problem(
        slug=rule.slug,
        status=rule.status,
        title=rule.title,
        detail=rule.detail(error),
        members=rule.members(error),
        headers=rule.headers(error),
        instance=f"urn:uuid:{correlation_id}" if correlation_id else "",
    )


def problem_answer(error: BaseException) -> HttpResponse:
    """The answer of a place that has no view, for an error that is in the table or a fault of Nova."""
    return (problem_of(error) or apply_rule(INTERNAL)).response()
