"""Where does hot-path SQL come from? From the `.sql` files beside this module, one statement a file."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """The text of `NAME.sql`."""
    return files("projections.sql").joinpath(f"{name}.sql").read_text(encoding="utf-8")
