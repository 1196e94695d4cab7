"""Where does hot-path SQL come from? From the `.sql` files beside this module, one statement a file."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """The text of `NAME.sql`, without comments: the server need not read them each time."""
    lines = files("events.sql").joinpath(f"{name}.sql").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("--"))
