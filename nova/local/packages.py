"""Package directories: where the wheels keep the servers that they carry."""

from importlib.util import find_spec
from pathlib import Path

from nova.local.exceptions import MissingPackageError


def package_directory(package: str, *, instead: str) -> Path:
    """The directory of an installed package, without importing it.

    `instead` names the variable that makes the package unnecessary.

    Raises:
        MissingPackageError: it is not installed.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MissingPackageError(package.replace("_", "-"), instead=instead)
    return Path(spec.submodule_search_locations[0])
