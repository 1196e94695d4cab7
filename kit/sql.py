"""SQL files: hot-path statements stand in `.sql` files, one a file, headed by their parameters and result."""

from collections.abc import Callable, Iterable
from functools import cache
from importlib.resources import files


def statements_of(package: str, **texts: str) -> Callable[[str], str]:
    """A function that gives the text of a package's `NAME.sql`, read once.

    `{{name}}` in a statement stands for the text of that name, which many statements share: columns, conditions, an
    end. A text may have the places of those that are named after it.
    """

    @cache
    def statement(name: str) -> str:
        """The text of `NAME.sql`, without comments: the server need not read them each time."""
        lines = files(package).joinpath(f"{name}.sql").read_text(encoding="utf-8").splitlines()
        text = "\n".join(line for line in lines if not line.lstrip().startswith("--"))
        for place, shared in texts.items():
            text = text.replace("{{" + place + "}}", shared)
        return text

    return statement


def columns(names: Iterable[str]) -> str:
    """Columns by their names."""
    return ", ".join(names)


def parameters(names: Iterable[str]) -> str:
    """The parameters of these names, in psycopg's notation."""
    return ", ".join(f"%({name})s" for name in names)
