"""Lists of the console count no table, however long it is; the history of a row is short, and is counted."""

import re

import pytest
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from events.api import StreamId, set_stream_metadata
from events.models import StreamMetadata
from kit.admin.read_only import ReadOnlyAdmin

LISTS = sorted(
    f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    for model, one in admin.site._registry.items()
    if isinstance(one, ReadOnlyAdmin)
)
# All rows of a list, or those of each choice.
COUNTED = re.compile(r'AS "__count"|FILTER \(WHERE')


@pytest.mark.parametrize("name", LISTS)
def test_neither_rows_nor_choices_of_filters_are_counted(operator, name):
    with CaptureQueriesContext(connection) as asked:
        operator.get(reverse(name), {"_facets": "True"}, follow=True)
    assert [query["sql"] for query in asked if COUNTED.search(query["sql"])] == []


def test_the_history_of_a_row_tells_how_long_it_is(operator, admin_user):
    set_stream_metadata(StreamId("post", "p1"), title="Tea")
    (stream,) = StreamMetadata.objects.all()
    for number in range(3):
        LogEntry.objects.log_actions(admin_user.pk, [stream], CHANGE, f"Change {number}")
    page = operator.get(reverse("admin:events_streammetadata_history", args=[stream.pk]))
    assert "3 entries" in " ".join(page.content.decode().split())
