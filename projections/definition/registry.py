"""Projection registry: the projections that the code has, by name."""

import msgspec

from projections.arguments import arguments
from projections.conf import projections_conf
from projections.definition.policy import Policy
from projections.definition.projection import Projection
from projections.exceptions import UnknownProjection

MAX_NAME = 100
_projections: dict[str, Projection] = {}


def register_projections(*projections: Projection) -> None:
    """Make projections known to the engine; the composition does so at start. `ValueError` for a name taken twice."""
    for projection in projections:
        arguments.text("name", projection.name, least=1, most=MAX_NAME)
        if _projections.setdefault(projection.name, projection) is not projection:
            raise ValueError(f"projection {projection.name!r} is registered twice")


def registered_projections() -> tuple[Projection, ...]:
    """All projections, in the order of their registration."""
    return tuple(_projections.values())


def projection_named(name: str) -> Projection:
    """The projection of that name. Raises `UnknownProjection`."""
    try:
        return _projections[name]
    except KeyError:
        raise UnknownProjection(name) from None


def policy_of(projection: Projection) -> Policy:
    """The policy of its class, with what the settings say instead. Raises `msgspec.ValidationError` for what cannot be,
    which a system check refuses at start.
    """
    policy, overrides = projection.policy, projections_conf().projections.get(projection.name)
    return msgspec.convert(msgspec.to_builtins(policy) | overrides, Policy) if overrides else policy
