"""Import contracts: `lint-imports` refuses what crosses a border, shown by imports that are planted in a copy."""

import re
import shutil
import subprocess
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

CHECKOUT = Path(__file__).parents[2]
APPS: list[str] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code and its contracts, to be spoilt."""
    directory = tmp_path_factory.mktemp("copy")
    for app in APPS:
        shutil.copytree(CHECKOUT / app, directory / app, ignore=lambda _, names: _all_but_code(names))
    shutil.copy(CHECKOUT / "pyproject.toml", directory)
    return directory


@pytest.fixture(scope="module")
def before(copy: Path) -> str:
    """What is said of the copy as it is."""
    return _lint(copy)[1]


def test_every_app_and_nothing_else_is_under_contract() -> None:
    assert set(APPS) == {path.parent.name for path in CHECKOUT.glob("*/py.typed")}


@pytest.mark.parametrize(
    ("importer", "imported", "contract"),
    [
        ("events/store/hooks.py", "outbox.api", "Each file on the way"),
        ("kit/sql.py", "events.api", "Each file on the way"),
        ("projections/engine/engine.py", "events.store.append", "Of the event store"),
        ("nova/wiring.py", "outbox.recorder", "Of the outbox"),
        ("nova/wiring.py", "projections.engine.checkpoints", "Of projections"),
        ("nova/wiring.py", "sagas.models", "Of sagas"),
        ("outbox/relay/relay.py", "outbox.bus.kafka.bus", "Only the factory"),
        ("nova/services/feed/queries.py", "nova.services.identity.queries", "Services know each other"),
        ("events/codec/ijson.py", "events.store.append", "No circle"),
    ],
)
def test_a_forbidden_import_is_refused(copy: Path, before: str, importer: str, imported: str, contract: str) -> None:
    code = (copy / importer).read_text()
    try:
        (copy / importer).write_text(f"{code}\nimport {imported}\n")
        status, report = _lint(copy)
    finally:
        (copy / importer).write_text(code)

    news = set(report.splitlines()) - set(before.splitlines())
    _app, room, *_ = imported.split(".")
    assert status == 1
    assert re.search(rf"^{contract}.* KEPT", before, re.MULTILINE)
    assert re.search(rf"^{contract}.* BROKEN", report, re.MULTILINE)
    assert any(f".{room}" in line for line in news), news


@pytest.mark.parametrize("app", APPS)
def test_the_drawn_graph_of_an_app_has_no_circle(app: str) -> None:
    drawn = _drawn(grimp.build_graph(app, cache_dir=None), app)

    assert drawn[app], f"{app} has no rooms"
    assert _circles(drawn) == []


def test_a_circle_would_be_seen() -> None:
    graph = grimp.ImportGraph()
    for module in ("app", "app.one", "app.one.inner", "app.two"):
        graph.add_module(module)
    graph.add_import(importer="app.one.inner", imported="app.two")
    assert _circles(_drawn(graph, "app")) == []

    graph.add_import(importer="app.two", imported="app.one")

    assert [sorted(circle) for circle in _circles(_drawn(graph, "app"))] == [["app.one", "app.two"]]


def _drawn(graph: grimp.ImportGraph, package: str) -> dict[str, dict[str, set[str]]]:
    """Each folder with its rooms and files, and which of them each one needs."""
    rooms = graph.find_children(package)
    edges = {
        room: {
            other
            for other in rooms - {room}
            if graph.direct_import_exists(importer=room, imported=other, as_packages=True)
        }
        for room in rooms
    }
    return {package: edges} | {folder: inside for room in rooms for folder, inside in _drawn(graph, room).items()}


def _circles(drawn: dict[str, dict[str, set[str]]]) -> list[set[str]]:
    found = []
    for edges in drawn.values():
        try:
            TopologicalSorter(edges).prepare()
        except CycleError as circle:
            found.append(set(circle.args[1]))
    return found


def _lint(directory: Path) -> tuple[int, str]:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(lint), "--no-cache"], cwd=directory, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def _all_but_code(names: list[str]) -> list[str]:
    return [name for name in names if "." in name and not name.endswith(".py")]
