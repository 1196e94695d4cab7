"""Readiness: whether everything that Nova needs is there, asked of all parts side by side and answered in time."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial

import structlog
from msgspec import Struct

from kit.replicas.reads import replica_states
from nova.conf import nova_conf
from nova.health.checks import NotReady, check_broker, check_database, check_redis
from nova.health.processes import ask_after_restore, ask_processes
from outbox.api import Unsupported, configured_bus

OK = "ok"
# Seconds within which an answer is given, whatever hangs. Those who ask every few seconds wait 2.
DEADLINE = 1.8
# Seconds for which an answer of a part serves all who ask.
FRESH = 1.0
# Seconds that a process waits for its first look at replicas.
FIRST_SAMPLE_TIMEOUT = 1.0

log = structlog.get_logger(__name__)


class Outcome(Struct, frozen=True, kw_only=True):
    """What was found about one part."""

    state: str
    """`ok`, or what is wrong in a few words; no address, no name, no secret."""
    duration_ms: float
    """How long it took to find out."""
    answers: bool = True
    """Whether the part said anything at all."""
    is_needed: bool = True
    """Whether Nova cannot do without it."""

    @property
    def is_ok(self) -> bool:
        """Whether it works."""
        return self.state == OK


class Readiness(Struct, frozen=True, kw_only=True):
    """What was found about all parts."""

    outcomes: Mapping[str, Outcome]

    @property
    def is_ready(self) -> bool:
        """Whether everything works that Nova cannot do without."""
        return all(outcome.is_ok for outcome in self.outcomes.values() if outcome.is_needed)

    @property
    def degraded(self) -> list[str]:
        """What does not work, and Nova does without."""
        return [name for name, outcome in self.outcomes.items() if not outcome.is_needed and not outcome.is_ok]

    def is_away(self, part: str) -> bool:
        """Whether there is such a part, and it does not answer."""
        return part in self.outcomes and not self.outcomes[part].answers


class Probe:
    """Asks about one part, once at a time: who asks while it hangs, waits with the others."""

    def __init__(
        self, name: str | Callable[[], str], ask: Callable[[], Mapping[str, str]], *, is_needed: bool = True
    ) -> None:
        """`ask` gives the state of each thing that the probe looks at, or raises; `name` may depend on settings."""
        self.is_needed = is_needed
        self._name = name
        self._ask = ask
        self._lock = threading.Lock()
        self._answer: Future[Mapping[str, Outcome]] | None = None
        self._asked = 0.0

    @property
    def name(self) -> str:
        """What the part is called."""
        return self._name if isinstance(self._name, str) else self._name()

    def answer(self, executor: ThreadPoolExecutor) -> Future[Mapping[str, Outcome]]:
        """The running question, a fresh answer, or a new question."""
        with self._lock:
            now = time.monotonic()
            if self._answer is None or (self._answer.done() and now - self._asked > FRESH):
                self._answer, self._asked = executor.submit(self._run), now
            return self._answer

    def _run(self) -> Mapping[str, Outcome]:
        started, answers = time.perf_counter(), True
        try:
            states = self._ask()
        except NotReady as error:
            states = {self.name: str(error)}
        except Exception as error:  # noqa: BLE001 - whatever a client library raises, the part is not there
            log.info("a part is not ready", part=self.name, error=str(error))
            states, answers = {self.name: f"does not answer ({type(error).__name__})"}, False
        took = round((time.perf_counter() - started) * 1_000, 1)
        return {
            name: Outcome(state=state, duration_ms=took, answers=answers, is_needed=self.is_needed)
            for name, state in states.items()
        }


def readiness() -> Readiness:
    """The state of all parts, within `DEADLINE` seconds."""
    answers = {probe: probe.answer(_EXECUTOR) for probe in _PROBES}
    wait(answers.values(), timeout=DEADLINE)
    outcomes: dict[str, Outcome] = {}
    for probe, answer in answers.items():
        if answer.done():
            outcomes |= answer.result()
        else:
            outcomes[probe.name] = Outcome(
                state="does not answer in time",
                duration_ms=DEADLINE * 1_000,
                answers=False,
                is_needed=probe.is_needed,
            )
    return Readiness(outcomes=outcomes)


def _alone(name: str, check: Callable[[], None]) -> Probe:
    def ask() -> Mapping[str, str]:
        check()
        return {name: OK}

    return Probe(name, ask)


def _broker() -> Mapping[str, str]:
    try:
        check_broker()
    except Unsupported:
        return {}
    return {_broker_name(): OK}


def _broker_name() -> str:
    return configured_bus().name


def _processes() -> Mapping[str, str]:
    conf = nova_conf()
    return ask_processes(conf.ready_processes, runners=conf.ready_runners)


_PROBES = (
    _alone("database", check_database),
    _alone("redis", check_redis),
    Probe(_broker_name, _broker),
    Probe("processes", _processes),
    Probe("restore", ask_after_restore),
    Probe("replicas", partial(replica_states, within=FIRST_SAMPLE_TIMEOUT), is_needed=False),
)
# Threads start with the first question, not with the import.
_EXECUTOR = ThreadPoolExecutor(max_workers=len(_PROBES), thread_name_prefix="health")
