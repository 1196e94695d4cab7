"""Whatever an address of the console says, its answer is a page, a redirect or a refusal, never an error of ours."""

import re
from urllib.parse import quote, urlencode

import pytest
from django.contrib import admin
from django.urls import reverse

from tests.support.shares import one_of, share

NUL, HUGE, LONG = "\0", "9" * 40, "x" * 5_000
KEYS = (f"a{NUL}b", HUGE, f"-{HUGE}", "½", LONG, "%")
VALUES = (f"a{NUL}b", HUGE, f"-{HUGE}", "½", LONG, "\\", "99999-01-01")
ADMINS = {f"{model._meta.app_label}_{model._meta.model_name}": one for model, one in admin.site._registry.items()}


@pytest.mark.parametrize("name", sorted(ADMINS))
def test_the_page_of_a_row_that_cannot_be(operator, name):
    routes = [str(one.pattern) for one in ADMINS[name].get_urls() if "object_id>" in str(one.pattern)]
    pages = [re.sub(r"<[a-z]+:object_id>", quote(key, safe=""), route) for key in KEYS for route in routes]
    assert len(pages) >= 3 * len(KEYS)
    answers = {page: operator.get(reverse(f"admin:{name}_changelist") + page).status_code for page in pages}
    assert {page: code for page, code in answers.items() if code >= 500} == {}


@one_of(len(VALUES))
@pytest.mark.parametrize("name", sorted(ADMINS))
def test_a_list_that_is_narrowed_by_what_cannot_be(operator, name, among):
    filters = [one if isinstance(one, str) else getattr(one, "parameter_name", "") for one in ADMINS[name].list_filter]
    looked_up = [f"{one}{how}" for one in filters for how in ("", "__exact", "__gte")]
    parameters = ("q", "p", "o", "all", "_facets", f"{ADMINS[name].opts.pk.name}__in", NUL, *looked_up)
    queries = [
        urlencode({parameter: value})
        for place, parameter in enumerate(parameters, sorted(ADMINS).index(name))
        for value in share(VALUES, place, among=among)
    ]
    url = reverse(f"admin:{name}_changelist")
    answers = {query: operator.get(f"{url}?{query}").status_code for query in queries}
    assert {query: code for query, code in answers.items() if code >= 500} == {}
