"""Projection registry: the projections and the handled read models that the code has, by name."""

import msgspec

from projections.arguments import arguments
from projections.conf import projections_conf
from projections.definition.handled import HandledReadModel
from projections.definition.policy import Policy
from projections.definition.projection import Projection
from projections.exceptions import UnknownProjection

MAX_NAME = 100
_projections: dict[str, Projection] = {}
_handled: dict[str, HandledReadModel] = {}


def register_projections(*projections: Projection) -> None:
    """Make projections known to the engine; the composition does so at start. `ValueError` for a name taken twice."""
    for projection in projections:
        arguments.text("name", projection.name, least=1, most=MAX_NAME)
        is_taken = projection.name in _handled
        if is_taken or _projections.setdefault(projection.name, projection) is not projection:
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


def register_handled(*models: HandledReadModel) -> None:
    """Make read models known that handlers keep. `ValueError` for a name taken twice, by a projection too."""
    for model in models:
        arguments.text("name", model.name, least=1, most=MAX_NAME)
        if model.name in _projections or _handled.setdefault(model.name, model) is not model:
            raise ValueError(f"read model {model.name!r} is registered twice")


def handled_read_models() -> tuple[HandledReadModel, ...]:
    """All read models that handlers keep, in the order of their registration."""
    return tuple(_handled.values())


def read_model_named(name: str) -> Projection | HandledReadModel:
    """What keeps tables under that name. Raises `UnknownProjection`."""
    return _handled[name] if name in _handled else projection_named(name)


def policy_of(projection: Projection) -> Policy:
    """The policy of its class, with what the settings say instead. Raises `msgspec.ValidationError` for what cannot be,
    which a system check refuses at start.
    """
    policy, overrides = projection.policy, projections_conf().projections.get(projection.name)
    return msgspec.convert(msgspec.to_builtins(policy) | overrides, Policy) if overrides else policy
