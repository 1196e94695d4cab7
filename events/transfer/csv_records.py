"""CSV records: read as widely as CSV is written, and a quotation mark that is never closed costs its own line only."""

import csv
from collections import deque
from collections.abc import Iterator

MAX_FIELD = 16 * 1024 * 1024
"""Characters of one field."""


class CSVRecords:
    """The records of CSV text; one that cannot be read comes as the error, and the next one after it.

    A quotation mark that opens a field and is not closed takes in the lines that follow, up to the next mark wherever
    it stands. Such a record is known by the marks in it: its first line is then an error, and the others are read anew.
    """

    def __init__(self, lines: Iterator[str | None], delimiter: str) -> None:
        """`lines` with their ends; None stands for one that is too long."""
        self.width: int | None = None
        """How many fields a record should have; whoever knows it says so."""
        self._lines = lines
        self._delimiter = delimiter
        self._again: deque[str | None] = deque()
        self._taken: list[str | None] = []

    def __iter__(self) -> Iterator[list[str] | csv.Error]:
        reader = self._reader()
        while True:
            try:
                found = self._next(reader)
            except StopIteration:
                return
            if isinstance(found, csv.Error):
                self._again.extendleft(reversed(self._taken[1:]))
                reader = self._reader()
                yield found
            elif not self._is_blank(found):
                yield found

    def _next(self, reader: Iterator[list[str]]) -> list[str] | csv.Error:
        self._taken = []
        # The limit is that of the whole process, in which others read CSV too.
        limit = csv.field_size_limit(MAX_FIELD)
        try:
            fields = next(reader)
            if len(self._taken) > 1 and not self._is_one(fields):
                return csv.Error("a quotation mark is opened and not closed")
        except csv.Error as error:
            return error
        finally:
            csv.field_size_limit(limit)
        return fields

    def _reader(self) -> Iterator[list[str]]:
        return csv.reader(self._take_lines(), delimiter=self._delimiter)

    def _take_lines(self) -> Iterator[str]:
        while True:
            if self._again:
                line = self._again.popleft()
            else:
                try:
                    line = next(self._lines)
                except StopIteration:
                    return
            self._taken.append(line)
            if line is None:
                raise csv.Error("the line is too long")
            yield line

    def _is_one(self, fields: list[str]) -> bool:
        """Whether the lines taken are one record, and not several behind a mark that is not closed."""
        taken = [line for line in self._taken if line is not None]
        try:
            next(csv.reader(taken, delimiter=self._delimiter, strict=True))
        except csv.Error:
            # Marks within the text may also be the writer's carelessness: then no line is a record by itself.
            return len(fields) == self.width and self.width not in map(self._width_of, taken[1:])
        return True

    def _width_of(self, line: str) -> int:
        try:
            return len(next(csv.reader([line], delimiter=self._delimiter), []))
        except csv.Error:
            return 0

    def _is_blank(self, fields: list[str]) -> bool:
        return not fields or (len(fields) == 1 and self.width != 1 and not fields[0].strip())
