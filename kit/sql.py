"""SQL files: hot-path statements stand in `.sql` files, one a file, headed by their parameters and result."""

from collections.abc import Callable
from functools import cache
from importlib.resources import files


def statements_of(package: str) -> Callable[[str], str]:
    """A function that gives the text of a package's `NAME.sql`, read once."""

    @cache
    def statement(name: str) -> str:
        """The text of `NAME.sql`, without comments: the server need not read them each time."""
        lines = files(package).joinpath(f"{name}.sql").read_text(encoding="utf-8").splitlines()
        return "\n".join(line for line in lines if not line.lstrip().startswith("--"))

    return statement
