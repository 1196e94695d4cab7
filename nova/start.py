"""Start of a program that serves: it ends at once where its settings cannot work, and says which and why.

Management commands have their checks from Django. Web servers and Celery start without, and would find out one request
or task after the other.
"""

import sys

import structlog
from django.core import checks

log = structlog.get_logger(__name__)


def refuse_unsound_settings() -> None:
    """Log what the system checks find, one line each, and end the process where one of them is an error."""
    found = [one for one in checks.run_checks() if not one.is_silenced()]
    errors = [one for one in found if one.is_serious()]
    for one in found:
        say = log.error if one in errors else log.warning
        say(one.msg, check=one.id, hint=one.hint)
    if errors:
        sys.exit(1)
