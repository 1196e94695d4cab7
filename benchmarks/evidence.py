"""Evidence: a run's table with the facts of its machine as Markdown, to be committed under `docs/evidence/`."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from benchmarks.harness import COLUMNS, Result, cells

MET, MISSED = "met", "**missed**"


def markdown(results: Sequence[Result], facts: Mapping[str, str], *, at: datetime, commit: str, rounds: int) -> str:
    """The document of a run that ended at this time, at this commit."""
    met = sum(result.is_met for result in results)
    goals = f"Of {len(results)} goals {met} are met."
    how = "The ratio is how much of the other side Nova reaches, whatever the unit: more is better."
    return "\n".join(
        [
            f"# Benchmark of {at:%Y-%m-%d}",
            "",
            f"`make bench` at commit {commit}, {rounds} interleaved rounds of each side, medians. {goals} {how}",
            "",
            *_table([*COLUMNS, "other is", "goal is"], [_line(result) for result in results]),
            "",
            *_table(["machine", ""], [[name, value] for name, value in facts.items()]),
            "",
        ]
    )


def _line(result: Result) -> list[str]:
    return [*cells(result), result.beside, MET if result.is_met else MISSED]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
