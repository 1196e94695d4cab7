"""View registry: the materialised views that the code has, by name."""

from projections.arguments import arguments
from projections.exceptions import UnknownView
from projections.views.definition import MAX_NAME, View

_views: dict[str, View] = {}


def register_views(*views: View) -> None:
    """Make materialised views known. `ValueError` for a name taken twice."""
    for view in views:
        arguments.text("name", view.name, least=1, most=MAX_NAME)
        if _views.setdefault(view.name, view) is not view:
            raise ValueError(f"materialised view {view.name!r} is registered twice")


def registered_views() -> tuple[View, ...]:
    """All materialised views, in the order of their registration."""
    return tuple(_views.values())


def view_named(name: str) -> View:
    """The materialised view of that name. Raises `UnknownView`."""
    try:
        return _views[name]
    except KeyError:
        raise UnknownView(name) from None
