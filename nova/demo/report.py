"""Report of the day: what the person at the terminal reads in the evening."""

from typing import Any

from rich.console import Console
from rich.table import Table

from nova.demo.arrival import Arrival
from nova.demo.day import Day
from nova.demo.sending import Sent


def print_report(console: Console, *, day: Day, sent: Sent, arrival: Arrival, feed: list[dict[str, Any]]) -> None:
    """Counts, latencies and one person's feed."""
    counts = Table(title="What happened", title_justify="left", show_header=False)
    counts.add_row("events appended", str(len(sent.events)))
    counts.add_row("published to Kafka", str(arrival.published))
    for group, count in arrival.consumed.items():
        counts.add_row(f"consumed by {group}", str(count))
    counts.add_row("projected", str(arrival.projected))
    console.print(counts)

    latencies = Table("milliseconds", "p50", "p99", title="How long it took", title_justify="left")
    for name, latency in (
        ("command, request to answer", sent.to_answer),
        ("commit to Kafka's acknowledgement", arrival.to_topic),
        ("commit to the last consumer's effect", arrival.to_effect),
    ):
        latencies.add_row(name, f"{latency.p50:.1f}", f"{latency.p99:.1f}")
    console.print(latencies)

    table = Table("written", "by", "post", title=f"The feed of {day.reader[:8]}", title_justify="left")
    for post in feed:
        table.add_row(str(post["created_at"])[:16].replace("T", " "), post["author_name"], post["caption"])
    console.print(table)
