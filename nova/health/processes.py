"""Process health: loops record heartbeats, and a silent one does not count as alive."""

from collections.abc import Mapping, Sequence

from django.db import DatabaseError, connections

from outbox.api import Check, after_restore_is_due, checks

EVERY = "all"


def process_states(required: Sequence[str], *, runners: Sequence[str]) -> Mapping[str, str]:
    """The state of each required loop, `ok` or what is wrong.

    `required` names loops such as `relay`, `worker`, `consumer:feed-service` or `runner:projections`, or is just `all`;
    `runners` are the hosted runners that are to be looked at besides what the outbox knows itself.
    """
    found = {check.name: check for check in checks(runners)}
    names = tuple(found) if EVERY in required else tuple(required)
    return {name: _state(found.get(name)) for name in names}


def ask_processes(required: Sequence[str], *, runners: Sequence[str]) -> Mapping[str, str]:
    """`process_states`, from a thread that serves no request and so must give its connection back itself."""
    try:
        return process_states(required, runners=runners)
    finally:
        connections.close_all()


def ask_after_restore() -> Mapping[str, str]:
    """What is to be done after a restore, as `restore`; nothing when all is well, or nobody can say."""
    try:
        due = after_restore_is_due()
    except DatabaseError:
        return {}
    finally:
        connections.close_all()
    return {"restore": due} if due else {}


def _state(check: Check | None) -> str:
    if check is None:
        return "unknown"
    return "ok" if check.healthy else check.detail
