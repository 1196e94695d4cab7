"""Source rows: a file is read row by row, whatever its size; CSV with a header or NDJSON, plain or gzipped."""

import csv
import gzip
import io
import zlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from msgspec import Struct

from events.api import InvalidJSON, loads_json
from events.transfer.exceptions import UnreadableFile
from events.transfer.mapping import ImportMap

MAX_FIELD = 16 * 1024 * 1024


class SourceRow(Struct, frozen=True, kw_only=True):
    """A row, or why it is none."""

    number: int
    """From 1, not counting a CSV file's header."""
    values: dict[str, Any]
    problem: str | None = None
    """Why it cannot be read; `values` then holds what could be made out."""


class SourceFile:
    """A file that is being read."""

    def __init__(self, path: Path, import_map: ImportMap) -> None:
        self.size = path.stat().st_size
        self._path = path
        self._map = import_map
        self._raw: BinaryIO | None = None

    @property
    def bytes_read(self) -> int:
        """How much of the file, compressed as it may be, has been read."""
        return self._raw.tell() if self._raw and not self._raw.closed else 0

    def rows(self) -> Generator[SourceRow]:
        """All rows. Raises `UnreadableFile` when the file breaks off or is not of the format that it should be."""
        with self._path.open("rb") as self._raw:
            content = cast("BinaryIO", gzip.GzipFile(fileobj=self._raw)) if self._path.suffix == ".gz" else self._raw
            try:
                yield from self._csv(content) if self._format() == "csv" else self._ndjson(content)
            except (gzip.BadGzipFile, EOFError, zlib.error) as error:
                raise UnreadableFile(f"{self._path}: not a whole gzip file ({error})") from error
            except UnicodeError as error:
                raise UnreadableFile(f"{self._path}: not {self._map.encoding} ({error})") from error

    def _format(self) -> str:
        if self._map.format:
            return self._map.format
        name = self._path.name.removesuffix(".gz")
        for ending, kind in ((".csv", "csv"), (".ndjson", "ndjson"), (".jsonl", "ndjson")):
            if name.endswith(ending):
                return kind
        raise UnreadableFile(f'{self._path}: say format = "csv" or "ndjson" in the map; the name does not tell')

    def _csv(self, content: BinaryIO) -> Iterator[SourceRow]:
        csv.field_size_limit(MAX_FIELD)
        # What is not UTF-8 comes as lone surrogates, which no event may hold: the row is rejected, the file goes on.
        with io.TextIOWrapper(content, self._map.encoding, errors="surrogateescape", newline="") as text:
            reader = csv.reader(text, delimiter=self._map.delimiter)
            header = self._header(reader)
            for number, fields in enumerate(_records(reader), 1):
                if isinstance(fields, csv.Error):
                    yield SourceRow(number=number, values={}, problem=f"not CSV: {fields}")
                    continue
                values = dict(zip(header, fields, strict=False))
                if len(fields) != len(header):
                    problem = f"{len(fields)} fields where the header has {len(header)}"
                    yield SourceRow(number=number, values=values, problem=problem)
                else:
                    yield SourceRow(number=number, values=values)

    def _header(self, reader: Iterator[list[str]]) -> list[str]:
        header = next(reader, None)
        if header is None:
            raise UnreadableFile(f"{self._path} is empty; a CSV file begins with its column names")
        header[0] = header[0].removeprefix("\ufeff")
        if missing := sorted(self._map.required() - set(header)):
            raise UnreadableFile(f"{self._path} has no column {', '.join(missing)}; it has {', '.join(header)}")
        if len(set(header)) < len(header):
            raise UnreadableFile(f"{self._path} has two columns of one name")
        return header

    def _ndjson(self, content: BinaryIO) -> Iterator[SourceRow]:
        number = 0
        for line in content:
            if not line.strip():
                continue
            number += 1
            try:
                values = loads_json(line)
            except InvalidJSON as error:
                yield SourceRow(
                    number=number, values={"line": line.decode(errors="replace")[:2_000]}, problem=str(error)
                )
                continue
            if isinstance(values, dict):
                yield SourceRow(number=number, values=values)
            else:
                yield SourceRow(number=number, values={"line": values}, problem="not a JSON object")


def _records(reader: Iterator[list[str]]) -> Iterator[list[str] | csv.Error]:
    """The records that are not empty; one that cannot be read comes as the error, and the next one after it."""
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield error
            continue
        if fields:
            yield fields
