"""An operator finds in a real browser: with the keyboard alone, in the dark, and in a narrow window."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.conf import global_settings
from django.contrib.auth.models import User
from django.urls import reverse

from events.api import Expected, NewEvent, StreamId, Untyped, append_events, execute
from events.models import DomainEvent
from nova.local.browser import Browser, browser, chromium
from nova.services.orders.commands import CancelOrder, CreateOrder
from nova.services.orders.events import OrderItem
from tests.support.journeys import append_note, dead_lettered, handled, published
from tests.support.web import WebServer, web

__all__ = ["web"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="pages were not looked at: there is no Chromium"),
]

PASSWORD = "only-for-this-test"
LOG = "/admin/events/domainevent/"
NARROW = 360
SHOWS = "document.querySelector('#content')?.innerText.includes('%s')"


@pytest.fixture
def operator(web: WebServer, settings: Any) -> Iterator[Browser]:
    """A browser in which a superuser is logged in."""
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS  # those that the server knows
    User.objects.create_superuser("operator", password=PASSWORD)
    with browser() as opened:
        opened.open(f"{web.url}/admin/login/?next=/admin/")
        opened.fill_in(username="operator", password=PASSWORD)
        yield opened


@pytest.fixture
def event_id(web: WebServer) -> UUID:
    """A published event of a user, which one group has handled and another could not."""
    made = append_note("n1", user_id="ann")
    published(made, partition=3, offset=1234)
    handled(made, "reader")
    dead_lettered(made, "feed-service")
    return made


def text(page: Browser) -> str:
    return str(page.value("document.querySelector('#content').innerText"))


def test_from_the_list_to_offset_consumers_and_projections_it_is_one_click(
    web: WebServer, operator: Browser, event_id: UUID
) -> None:
    operator.open(web.url + LOG)
    operator.click("note.taken")
    operator.wait_for("document.querySelector('#journey .nova-journey')")

    shown = text(operator)

    for part in ("notes@3:1234", "reader", "feed-service", "Dead letter", "Projections", "Sagas"):
        assert part in shown


def test_events_of_a_user_are_one_search_by_keyboard_alone(web: WebServer, operator: Browser, event_id: UUID) -> None:
    operator.open(web.url + "/admin/")
    operator.press("t")
    operator.wait_for("document.activeElement.id === 'nova-find'")
    operator.type("ann")
    operator.press("Enter")
    operator.wait_for("location.search === '?user_id=ann'")
    operator.wait_for(SHOWS % "note/n1")

    assert operator.path == LOG


def test_the_key_is_written_where_somebody_writes(web: WebServer, operator: Browser) -> None:
    operator.open(web.url + "/admin/find/")
    operator.press("t")
    operator.wait_for("document.activeElement.id === 'nova-find'")
    operator.press("t")
    assert operator.value("document.getElementById('nova-find').value") == "t"


def test_one_exact_find_leads_straight_to_its_page_and_is_remembered(
    web: WebServer, operator: Browser, event_id: UUID
) -> None:
    position = DomainEvent.objects.get().pk
    operator.open(f"{web.url}/admin/find/?term={event_id}")
    # It is a dead letter as well: two kinds, of which each is a link.
    assert operator.path == "/admin/find/"
    operator.click("note.taken of note/n1")
    operator.wait_for(f"location.pathname === '{LOG}{position}/change/'")
    operator.open(f"{web.url}/admin/find/?term=n1")
    assert operator.path == LOG
    operator.open(f"{web.url}/admin/find/")
    assert "n1" in text(operator)


def test_filters_are_filled_in_kept_and_led_back_to_by_keyboard(
    web: WebServer, operator: Browser, event_id: UUID
) -> None:
    append_note("n2", user_id="bob")
    operator.open(f"{web.url}{LOG}?user_id=bob")
    operator.wait_for("document.querySelector('#saved-views [name=name]')")
    operator.value("document.querySelector('#saved-views [name=name]').focus()")
    operator.type("Bob's")
    operator.press("Enter")
    operator.wait_for("document.querySelector('#saved-views a')")
    operator.open(web.url + LOG)
    operator.wait_for("document.querySelector('#saved-views a')")
    operator.value("document.querySelector('details.nova-explorer').open = true")
    operator.value("document.querySelector('#saved-views a').focus()")
    operator.press("Enter")
    operator.wait_for("location.search === '?user_id=bob'")
    operator.wait_for(SHOWS % "note/n2")

    assert "note/n1" not in text(operator)


def test_the_live_tail_shows_what_happens_while_it_is_looked_at(web: WebServer, operator: Browser) -> None:
    operator.open(f"{web.url}/admin/tail/?user_id=ann")
    operator.wait_for("document.querySelector('[data-state=live]')")
    append_note("of-bob", user_id="bob")
    append_note("of-ann", user_id="ann")
    operator.wait_for("document.querySelector('[data-tail] tbody').innerText.includes('note/of-ann')")
    assert "of-bob" not in text(operator)

    operator.click("Pause")
    append_note("while-paused", user_id="ann")
    operator.wait_for("document.querySelector('[role=status]').innerText.includes('1 waiting')")
    assert "while-paused" not in text(operator)
    operator.click("Go on")
    operator.wait_for("document.querySelector('[data-tail] tbody').innerText.includes('while-paused')")


def test_the_live_tail_says_that_the_session_has_ended(web: WebServer, operator: Browser) -> None:
    operator.open(f"{web.url}/admin/tail/")
    operator.wait_for("document.querySelector('[data-state=live]')")
    User.objects.update(is_active=False)
    operator.wait_for("document.querySelector('[role=status]').innerText.includes('your session has ended')")


def test_what_two_versions_differ_in_is_told_by_field(web: WebServer, operator: Browser) -> None:
    items = [OrderItem(product_id="tea", quantity=1, unit_price=5)]
    execute("o1", CreateOrder(customer_id="ann", currency="EUR", items=items))
    execute("o1", CancelOrder(reason="x"))
    event = DomainEvent.objects.get(aggregate_id="o1", version=2)
    operator.open(f"{web.url}{LOG}{event.pk}/change/")
    operator.click("order/o1 at version 2")
    operator.wait_for("location.pathname.endsWith('/time-machine/')")
    operator.wait_for(SHOWS % "Between version")

    assert "/status\topen\tcancelled" in text(operator)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_is_wider_than_a_narrow_window_and_texts_can_be_read(
    web: WebServer, operator: Browser, event_id: UUID, theme: str
) -> None:
    long = NewEvent(payload=Untyped("made.up", {}), user_id="u" * 255)
    append_events(StreamId("t" * 100, "i" * 200), Expected.ANY, [long])
    pages = [
        LOG,
        f"{LOG}?user_id=ann",
        f"/admin/find/?term={event_id}",
        f"/admin/find/?term={'x' * 300}",
        "/admin/tail/",
        "/admin/events/domainevent/time-machine/?stream=order/nobody",
        *(f"{LOG}{pk}/change/" for pk in DomainEvent.objects.values_list("pk", flat=True)),
        reverse("admin:index"),
    ]
    operator.open(web.url + pages[0])
    operator.value(f"localStorage.setItem('adminTheme', JSON.stringify({json.dumps(theme)}))")
    operator.resize(NARROW, 800)
    wider, dim = {}, {}
    for page in pages:
        operator.open(web.url + page)
        if page.endswith("/change/"):
            operator.wait_for("document.querySelector('#journey')")
        if (width := operator.page_width) > NARROW:
            wider[page] = width
        if ratios := operator.value(CONTRASTS):
            dim[page] = ratios
    assert wider == {}
    assert dim == {}


# Of the finding pages' own texts, those with less contrast than WCAG 2.2 AA asks of text (4.5:1).
CONTRASTS = """
(() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const parse = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].map((one) => one / 255);
  };
  const over = (top, below) => top.slice(0, 3).map((one, i) => one * top[3] + below[i] * (1 - top[3]));
  const ground = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) layers.push(parse(getComputedStyle(one).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below), [1, 1, 1]);
  };
  const light = (rgb) => rgb
    .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, i) => sum + one * [0.2126, 0.7152, 0.0722][i], 0);
  const found = {};
  const own = '.nova-journey p, .nova-journey strong, .nova-beside a, .nova-button, .nova-notice, .nova-finds a,'
    + ' .nova-filters label, .nova-bar a, .nova-bar [data-state], .nova-tail th, .nova-changes td';
  for (const element of document.querySelectorAll(own)) {
    if (!element.offsetParent || !element.innerText.trim()) continue;
    const below = ground(element), text = over(parse(getComputedStyle(element).color), below);
    const [high, low] = [light(text), light(below)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    const name = `${element.className || element.tagName}: ${element.innerText.slice(0, 30)}`;
    if (ratio < 4.5) found[name] = ratio.toFixed(2);
  }
  return Object.keys(found).length ? JSON.stringify(found) : '';
})()
"""
