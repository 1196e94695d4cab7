"""Kafka's jars: pinned in `kafka.lock`, and fetched once per user."""

import hashlib
import os
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nova.local.exceptions import JarsUnavailableError
from nova.local.processes.parallel import run_all
from nova.local.servers.server import Report, silent

LOCK = Path(__file__).with_name("kafka.lock")
CONNECTIONS = 8
ATTEMPTS = 4
NETWORK_TIMEOUT = 30  # seconds without a byte
ABANDONED_AFTER = 3600  # seconds after which an unfinished download belongs to nobody


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Jar:
    """One pinned artifact."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def coordinate(self) -> str:
        """`group:artifact:version`."""
        return f"{self.group}:{self.artifact}:{self.version}"

    def path(self, cache: Path) -> Path:
        """Its place in the cache, which the content is part of: another lock never finds the wrong file."""
        return cache / f"{self.artifact}-{self.version}-{self.sha256[:12]}.jar"

    def matches(self, path: Path) -> bool:
        """Whether a file is this artifact."""
        if not path.exists():
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256


def locked_jars() -> list[Jar]:
    """What the lock pins."""
    lines = [line for line in LOCK.read_text().splitlines() if not line.startswith("#")]
    return [
        Jar(group=group, artifact=artifact, version=version, sha256=sha256)
        for group, artifact, version, sha256 in (line.split(":") for line in lines)
    ]


def cache_directory() -> Path:
    """`NOVA_CACHE_DIR`, or `nova` in the user's cache directory."""
    chosen = os.environ.get("NOVA_CACHE_DIR")
    standard = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(chosen).expanduser() if chosen else Path(standard) / "nova"


def ensure_jars(report: Report = silent) -> list[Path]:
    """Every jar of the lock, verified; what the cache lacks is downloaded (44 MB in all).

    Raises:
        JarsUnavailableError: the network did not give them.
    """
    cache = cache_directory() / "kafka"
    cache.mkdir(parents=True, exist_ok=True)
    jars = locked_jars()
    missing = [jar for jar in jars if not jar.matches(jar.path(cache))]
    if missing:
        _clear_abandoned(cache)
        progress = _Progress(report, present=len(jars) - len(missing), wanted=len(jars))
        for _ in run_all([partial(_fetch, jar, cache, progress) for jar in missing], at_once=CONNECTIONS):
            progress.finish_one()
    return [jar.path(cache) for jar in jars]


class _Progress:
    """Counts what several threads download."""

    def __init__(self, report: Report, *, present: int, wanted: int) -> None:
        self._report = report
        self._present = present
        self._wanted = wanted
        self._bytes = 0
        self._lock = threading.Lock()

    def add(self, size: int) -> None:
        with self._lock:
            self._bytes += size
        self._tell()

    def finish_one(self) -> None:
        self._present += 1
        self._tell()

    def tell_retry(self, error: Exception) -> None:
        self._report(f"downloading Apache Kafka: trying again after {type(error).__name__}")

    def _tell(self) -> None:
        megabytes = self._bytes / 1_000_000
        self._report(f"downloading Apache Kafka: {self._present} of {self._wanted} jars, {megabytes:.0f} MB")


def _fetch(jar: Jar, cache: Path, progress: _Progress) -> None:
    # Here, because only who downloads needs them: they come with the extra `local`.
    import requests  # noqa: PLC0415
    from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415

    @contextmanager
    def watched(_name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield progress.add

    for attempt in range(1, ATTEMPTS + 1):
        with tempfile.TemporaryDirectory(prefix="unfinished-", dir=cache) as staging:
            context = MavenContext(PythonResolver(progress_callback=watched), Path(staging), timeout=NETWORK_TIMEOUT)
            try:
                downloaded = context.create_dependency(jar.coordinate).artifact.resolve()
            except (requests.RequestException, RuntimeError) as error:
                if attempt == ATTEMPTS:
                    raise JarsUnavailableError(f"{jar.coordinate}: {type(error).__name__}") from error
                progress.tell_retry(error)
            else:
                if not jar.matches(downloaded):
                    raise JarsUnavailableError(f"{jar.coordinate} is not the file that the lock pins")
                downloaded.replace(jar.path(cache))
                return
        time.sleep(random.uniform(0.5, 1.0) * 2**attempt)  # noqa: S311 - full jitter keeps threads apart


def _clear_abandoned(cache: Path) -> None:
    for unfinished in cache.glob("unfinished-*"):
        if time.time() - unfinished.stat().st_mtime > ABANDONED_AFTER:
            shutil.rmtree(unfinished, ignore_errors=True)
