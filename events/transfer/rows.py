"""Source rows: a file is read row by row, whatever its size; CSV with a header or NDJSON, plain or gzipped.

Each row is read, or comes with the problem that it has. A fault of the file itself, which hides the rest, is raised
after all that stands before it.
"""

import io
import zlib
from collections.abc import Generator, Iterator
from csv import Error as CSVError
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from msgspec import Struct

from events.api import InvalidJSON, loads_json
from events.transfer import content
from events.transfer.csv_records import CSVRecords
from events.transfer.exceptions import UnreadableFile
from events.transfer.mapping import ImportMap

MAX_LINE = 64 * 1024 * 1024
"""Characters; an event is far smaller."""
SHOWN = 2_000
"""Characters of a line that is no row, as the rejects show it."""
BOMS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)
"""Byte order marks, which say the encoding whatever the map says; that of UTF-32 begins like that of UTF-16."""
BOM = "\ufeff"
DOCUMENTS = frozenset({"payload", "metadata"})
"""Members of an exported row that nest as deep as each may by itself."""
OTHER_COMPRESSIONS = (
    (b"PK\x03\x04", "zip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bzip2"),
)


class SourceRow(Struct, frozen=True, kw_only=True):
    """A row, or why it is none."""

    number: int
    """From 1, not counting a CSV file's header and blank lines."""
    values: dict[str, Any]
    problem: str | None = None
    """Why it cannot be read; `values` then holds what could be made out."""
    size: int = 0
    """About how many characters it has."""


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
        with self._path.open("rb") as raw:
            self._raw = raw
            packed = self._packed(raw)
            file = io.BufferedReader(packed, content.CHUNK) if packed else raw
            encoding = self._map.encoding
            number = 0
            try:
                start = file.peek(4)
                encoding = next((name for mark, name in BOMS if start.startswith(mark)), encoding)
                for row in self._csv(file, encoding) if self._format() == "csv" else self._ndjson(file, encoding):
                    number = row.number
                    yield row
            except (EOFError, zlib.error) as error:
                raise UnreadableFile(f"{self._path}: not a whole gzip file ({error})") from error
            except UnicodeError as error:
                raise UnreadableFile(f"{self._path}: not {encoding} ({error})") from error
            if packed and packed.has_more:
                problem = "what stands behind the end of the gzip data is no gzip data, and is not read"
                yield SourceRow(number=number + 1, values={}, problem=problem)

    def _packed(self, raw: io.BufferedReader) -> content.GzipContent | None:
        start = raw.peek(8)
        for magic, name in OTHER_COMPRESSIONS:
            if start.startswith(magic):
                raise UnreadableFile(f"{self._path} is compressed by {name}: unpack it first, or use gzip")
        is_packed = start.startswith(content.MAGIC) or self._path.suffix.lower() == ".gz"
        return content.GzipContent(raw) if is_packed else None

    def _format(self) -> str:
        if self._map.format:
            return self._map.format
        name = self._path.name.lower().removesuffix(".gz")
        for ending, kind in ((".csv", "csv"), (".ndjson", "ndjson"), (".jsonl", "ndjson")):
            if name.endswith(ending):
                return kind
        raise UnreadableFile(f'{self._path}: say format = "csv" or "ndjson" in the map; the name does not tell')

    def _csv(self, file: BinaryIO, encoding: str) -> Iterator[SourceRow]:
        with _text(file, encoding) as text:
            records = CSVRecords(_lines(text), self._map.delimiter)
            rows = iter(records)
            header = self._header(next(rows, []))
            records.width = len(header)
            for number, fields in enumerate(rows, 1):
                if isinstance(fields, CSVError):
                    yield SourceRow(number=number, values={}, problem=f"not CSV: {fields}")
                    continue
                values, size = dict(zip(header, fields, strict=False)), sum(map(len, fields))
                problem = None
                if len(fields) != len(header):
                    problem = f"{len(fields)} fields where the header has {len(header)}"
                yield SourceRow(number=number, values=values, problem=problem, size=size)

    def _header(self, fields: list[str] | CSVError) -> list[str]:
        if isinstance(fields, CSVError):
            raise UnreadableFile(f"{self._path}: the column names are not CSV: {fields}") from fields
        if not fields:
            raise UnreadableFile(f"{self._path} is empty; a CSV file begins with its column names")
        required = self._map.required()
        # Blanks around a name are seldom meant; where they are, the map says so or they tell two columns apart.
        bare = [name if name in required else name.strip() for name in fields]
        header = bare if len(set(bare)) == len(bare) else fields
        if missing := sorted(required - set(header)):
            raise UnreadableFile(f"{self._path} has no column {', '.join(missing)}; it has {', '.join(header)}")
        if len(set(header)) < len(header):
            raise UnreadableFile(f"{self._path} has two columns of one name")
        return header

    def _ndjson(self, file: BinaryIO, encoding: str) -> Iterator[SourceRow]:
        with _text(file, encoding) as text:
            # Files that were put together have the marks of each.
            lines = (line and line.removeprefix(BOM) for line in _lines(text))
            filled = (line for line in lines if line is None or line.strip())
            for number, line in enumerate(filled, 1):
                yield _json_row(number, line)


def _json_row(number: int, line: str | None) -> SourceRow:
    if line is None:
        return SourceRow(number=number, values={}, problem="the line is too long")
    try:
        values = loads_json(line.encode("utf-8", "surrogateescape"), documents=DOCUMENTS)
    except (InvalidJSON, UnicodeEncodeError) as error:
        shown = line[:SHOWN].encode("utf-8", "replace").decode()
        return SourceRow(number=number, values={"line": shown}, problem=str(error))
    if not isinstance(values, dict):
        return SourceRow(number=number, values={"line": values}, problem="not a JSON object")
    return SourceRow(number=number, values=values, size=len(line))


def _text(file: BinaryIO, encoding: str) -> TextIO:
    # What cannot be decoded comes as lone surrogates, which no event may hold: the row is rejected, the file goes on.
    errors = "surrogatepass" if encoding.lower().startswith(("utf-16", "utf-32")) else "surrogateescape"
    return io.TextIOWrapper(file, encoding, errors=errors, newline="")


def _lines(text: TextIO) -> Iterator[str | None]:
    """The lines with their ends, whichever these are; None for one that is too long."""
    while line := text.readline(MAX_LINE):
        part = line
        while len(part) == MAX_LINE and not part.endswith(("\n", "\r")):
            part, line = text.readline(MAX_LINE), ""
        yield line or None
