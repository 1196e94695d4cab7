"""Demonstration on a running Nova: a day is sent, awaited, and looked back on."""

from collections.abc import Callable
from uuid import uuid4

from rich.console import Console

from nova.demo.arrival import await_arrival
from nova.demo.client import Client
from nova.demo.day import Day, plan_day
from nova.demo.exceptions import DemoError
from nova.demo.report import print_report
from nova.demo.sending import expected_by_group, send_day


def seed(web_url: str, token: str) -> int:
    """Send a small day that is always the same, and return the number of its events; twice adds nothing."""
    day = plan_day("seed", people=8, posts=15, likes=20)
    with Client(web_url, token) as client:
        return len(send_day(client, day, report=lambda _: None).events)


def demonstrate(web_url: str, token: str, *, console: Console) -> None:
    """Send a new day, wait until all of it has arrived, check and print what came of it.

    Raises `DemoError` when something is missing or wrong.
    """
    day = plan_day(str(uuid4()))
    with Client(web_url, token) as client:
        console.print(f"Sending a day of {len(day.steps)} commands through {web_url}/api/v1/ …")
        sent = send_day(client, day, report=_in_quarters(day, console))
        console.print("Waiting until all of it has arrived …")
        arrival = await_arrival(list(sent.events), expected=expected_by_group(sent))
        feed = client.get(f"feeds/{day.reader}", limit=len(day.feed) + 10)["items"]
        _check_feed(day, [post["post_id"] for post in feed])
        console.print()
        print_report(console, day=day, sent=sent, arrival=arrival, feed=feed[:10])


def _in_quarters(day: Day, console: Console) -> Callable[[int], None]:
    """Says how many commands are sent, four times a day."""
    quarter = max(len(day.steps) // 4, 1)

    def report(done: int) -> None:
        if done % quarter == 0:
            console.print(f"  {done} commands")

    return report


def _check_feed(day: Day, found: list[str]) -> None:
    if day.deleted in found:
        raise DemoError(f"the deleted post {day.deleted} is still in the feed of {day.reader}")
    if found != day.feed:
        raise DemoError(f"the feed of {day.reader} should be {day.feed}, and is {found}")
