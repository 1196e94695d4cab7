"""Audit of operators: who has done what, and why, in the history that each row has in the admin."""

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model, QuerySet
from django.http import HttpRequest

# Entries written in one statement: PostgreSQL takes 65 535 parameters.
CHUNK = 1_000


def audit(request: HttpRequest, objects: Sequence[Model] | QuerySet[Any], message: str) -> None:
    """Keep in each object's history what was done by whoever sent the request, and why."""
    entries = list(objects)
    for start in range(0, len(entries), CHUNK):
        LogEntry.objects.log_actions(str(request.user.pk), entries[start : start + CHUNK], CHANGE, message)
