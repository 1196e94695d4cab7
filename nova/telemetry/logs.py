"""Structured logs: one JSON object a line, from structlog and the standard library alike.

At a terminal, and unless `LOG_FORMAT` says `json`, lines for people instead.
"""

import logging
import logging.config
import os
import sys
from types import TracebackType
from typing import Any

import msgspec
import structlog
from structlog.typing import EventDict, Processor

from events.conf import events_conf
from nova.telemetry.process import process_name, program_of
from nova.telemetry.redaction import redact

# What these say below the level has been said by `nova.access`, or is said to be ignored.
LEVELS = {
    "django.security": "ERROR",
    "django.server": "ERROR",
    "uvicorn.access": "WARNING",
    "kafka": "WARNING",
}
# They come with handlers of their own, which would write a second line in another format.
BROUGHT_HANDLERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "celery", "celery.task", "django", "django.server")
SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)
FIRST = ("timestamp", "level", "logger", "event", "correlation_id", "event_id")
# What the standard library's callers attach for their own handlers; requests and sockets say nothing in JSON.
NOISE = ("request", "server_time", "color_message", "data", "status_code")


def configure_logging(config: dict[str, Any]) -> None:
    """Django's `LOGGING_CONFIG`: `level` names the least level written, `format` is `json`, `console` or empty."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"nova": {"()": _formatter, "wanted": config.get("format", "")}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "nova"}},
            "root": {"level": config["level"], "handlers": ["stderr"]},
            "filters": {"faults": {"()": _OnlyFaults}},
            "loggers": {name: {"level": level} for name, level in LEVELS.items()}
            | {"django.request": {"level": "ERROR", "filters": ["faults"]}},
        }
    )
    for name in BROUGHT_HANDLERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    if program_of():
        # What programs say beside the log is for nobody to read: it becomes entries of it.
        logging.captureWarnings(capture=True)
        sys.excepthook = _log_uncaught
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def is_for_people(wanted: str) -> bool:
    """Whether lines are written for people, where `format` is `wanted`; else they are JSON."""
    return wanted == "console" or (not wanted and sys.stderr.isatty())


def write_entry(event: str, *_: Any) -> None:
    """Write an entry past the log's locks: for who speaks within the handler of a signal."""
    entry: EventDict = {"level": "info", "logger": __name__, "event": event.strip()}
    stamped = structlog.processors.TimeStamper(fmt="iso", utc=True)(None, "info", entry)
    os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, f"{_dump(_Process()(None, 'info', stamped))}\n".encode())


def _formatter(wanted: str) -> logging.Formatter:
    rendering: list[Processor] = (
        [redact, structlog.dev.ConsoleRenderer()]
        if is_for_people(wanted)
        else [structlog.processors.format_exc_info, redact, _Process(), structlog.processors.JSONRenderer(_dump)]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[_without_noise, structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
    )


class _Process:
    """Adds which process speaks, and puts what people look for first."""

    def __init__(self) -> None:
        self._name = process_name()

    def __call__(self, _logger: Any, _method: str, entry: EventDict) -> EventDict:
        first = {name: entry.pop(name) for name in FIRST if name in entry}
        return {**first, **entry, "service": events_conf().service, "process": self._name, "pid": os.getpid()}


class _OnlyFaults(logging.Filter):
    """Lets only exceptions pass: that a request was answered with 4xx or 503 is in its access line."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.exc_info is not None


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        structlog.get_logger(__name__).critical("the process ends with an error", exc_info=(kind, error, trace))


def _without_noise(_logger: Any, _method: str, entry: EventDict) -> EventDict:
    for key in NOISE:
        entry.pop(key, None)
    return entry


def _dump(entry: Any, **_: Any) -> str:
    return msgspec.json.encode(entry, enc_hook=repr).decode()
