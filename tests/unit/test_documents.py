"""Documents: every file, module and command that they name is there."""

import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.core.management import get_commands

from outbox.api import known_topics
from outbox.conf import outbox_conf

CHECKOUT = Path(__file__).parents[2]
DOCUMENTS = (
    *(*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/*.md"), *CHECKOUT.glob("examples/*/README.md")),
    # Other decisions tell of their time; this one is the map.
    CHECKOUT / "docs/adr/0014-one-room-for-one-question.md",
)
CODE = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"[\w./-]*\w\.(?:py|sql|md|yml|yaml|toml|lock|json|html)")
FOLDER = re.compile(r"(?:[\w-]+/)+")
# The id of a system check, such as events.E008, names no module.
MODULE = re.compile(r"(?:kit|events|outbox|sagas|projections|nova|tests|benchmarks)(?:\.(?![EW]\d{3}\b)\w+)+")
COMMAND = re.compile(r"manage\.py (\w+)")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def missing(text: str, folder: Path) -> Iterator[str]:
    """What a document in a folder names that is not there."""
    for link in LINK.findall(text):
        if not (folder / link).exists():
            yield link
    for name in COMMAND.findall(text):
        if name not in get_commands():
            yield f"manage.py {name}"
    for code in CODE.findall(text):
        if (FILE.fullmatch(code) and "/" in code) or FOLDER.fullmatch(code):
            known = (CHECKOUT / code).exists() or any(code.startswith(part) for part in ("/", ".nova"))
        elif FILE.fullmatch(code):
            known = any(CHECKOUT.glob(f"*/**/{code}")) or (CHECKOUT / code).exists() or code in {"services.json"}
        elif MODULE.fullmatch(code):
            known = is_there(code) or code in {topic.name for topic in known_topics(conf=outbox_conf())}
        else:
            known = True
        if not known:
            yield code


def is_there(dotted: str) -> bool:
    """Whether a module, or what a module holds, has this name."""
    module, _, name = dotted.rpartition(".")
    try:
        return find_spec(dotted) is not None
    except ModuleNotFoundError:
        return "." in module and is_there(module) and hasattr(import_module(module), name)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_what_a_document_names_is_there(document: Path) -> None:
    assert list(missing(document.read_text(encoding="utf-8"), document.parent)) == []


@pytest.mark.parametrize(
    "text",
    [
        "`outbox/relay/nothing.py`",
        "`events/nothing/`",
        "`nothing.sql`",
        "`events.api.nothing`",
        "`manage.py nothing`",
        "[a page](nothing.md)",
    ],
)
def test_what_is_not_there_is_found(text: str) -> None:
    assert len(list(missing(text, CHECKOUT))) == 1


def test_what_is_there_is_not_found() -> None:
    text = "`events.api.append_events` `outbox.testing` `outbox/relay/relay.py` `kit/` `append_one.sql` `manage.py up`"

    assert list(missing(text, CHECKOUT)) == []
