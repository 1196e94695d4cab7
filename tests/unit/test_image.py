"""The image of production holds what the wheel holds: no package of Nova is forgotten in it."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_each_package_is_in_the_image() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = re.findall(r"^COPY (\w+) \1$", (ROOT / "deploy/Dockerfile").read_text(), re.MULTILINE)
    assert set(packages) <= set(copied)
