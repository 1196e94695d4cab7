"""Measures of the platform as a whole, beside what is allowed: there is no bare loop for all of Nova."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from benchmarks.harness import Measure
from benchmarks.platform_appends.checkout import running_platform
from benchmarks.platform_appends.mail import mail_taken
from benchmarks.platform_appends.rounds import Platform

HERE = Path(__file__).parents[2]
CLIENTS = 8
EVENTS = 1_500
# Milliseconds of processor time that an event may cost in all, and those within which it has had its effects.
COST, EFFECT_P99 = 6.0, 100.0


def measures(stack: ExitStack) -> list[Measure]:
    """Both measures; the platform runs until the stack is unwound."""
    begun = cache(lambda: begin(stack))
    return [
        Measure(
            name="platform_appends",
            unit="ms",
            goal=1.0,
            raw=lambda: COST,
            nova=lambda: begun().round(EVENTS).cost,
        ),
        Measure(
            name="platform_effect_p99",
            unit="ms",
            goal=1.0,
            raw=lambda: EFFECT_P99,
            nova=lambda: at_half_load(begun),
        ),
    ]


def begin(stack: ExitStack) -> Platform:
    """All of this checkout's Nova, warmed up."""
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nova-bench-")))
    # PostgreSQL does not run as root, and its own user has to pass through.
    directory.chmod(0o711)
    mail_port = stack.enter_context(mail_taken())
    running = stack.enter_context(running_platform(HERE, directory / "here", name="here", mail_port=mail_port))
    platform = Platform(running, clients=CLIENTS)
    platform.begin()
    return platform


def at_half_load(platform: Callable[[], Platform]) -> float:
    """The p99 from commit to effect, at half of what the platform keeps up with."""
    full = platform().round(EVENTS)
    return platform().round(EVENTS // 2, rate=full.appended / full.seconds / 2).consumed.p99
