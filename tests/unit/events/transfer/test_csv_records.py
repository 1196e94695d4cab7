"""Reading CSV changes nothing for others who read CSV in the process."""

import csv

from events.transfer import csv_records
from events.transfer.csv_records import CSVRecords


def test_the_limit_of_fields_is_that_of_the_process_again(monkeypatch) -> None:
    monkeypatch.setattr(csv_records, "MAX_FIELD", 5)
    before = csv.field_size_limit()

    found = list(CSVRecords(iter(["a,b\n", f"{'x' * 9},y\n", "c,d\n"]), ","))

    assert found[0] == ["a", "b"]
    assert str(found[1]) == "field larger than field limit (5)"
    assert found[2] == ["c", "d"]
    assert csv.field_size_limit() == before
