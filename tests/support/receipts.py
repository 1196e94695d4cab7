"""A process log of the shape that `examples/import/receipt.toml` reads, as long as a test wants it."""

import csv
import gzip
from pathlib import Path

COLUMNS = (
    *("case:channel", "case:concept:name", "case:deadline", "case:department", "case:enddate"),
    *("case:enddate_planned", "case:group", "case:responsible", "case:startdate", "concept:instance"),
    *("concept:name", "lifecycle:transition", "org:group", "org:resource", "time:timestamp"),
)
ACTIVITIES = ("Confirmation of receipt", "T02 Check confirmation of receipt", "T06 Determine necessity of stop advice")


def write_receipts(path: Path, *, rows: int, cases: int) -> None:
    """A gzipped CSV file; row n belongs to case n modulo cases."""
    with gzip.open(path, "wt", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in range(rows):
            when = f"2011-10-{number % 28 + 1:02} 13:41:{number % 60:02}.788000+02:00"
            writer.writerow(
                [
                    *("Internet", f"case-{number % cases}", when, "General", "", when, "Group 2", "Resource21", when),
                    *(f"task-{number}", ACTIVITIES[number % 3], "complete", "Group 1", "Resource10", when),
                ]
            )
