"""Diagram of an instance: its definition as Mermaid's flowchart, with where each step and each compensation stands.

Pure: a text comes out, which a browser draws.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from sagas.definition.saga import Kind, Saga, Step
from sagas.machine.instance import LOST, OPEN, UNDOING, StepState, StepStatus

# Each kind of step has a shape of its own.
SHAPES = {
    Kind.COMPENSATABLE: ('["', '"]'),
    Kind.PIVOT: ('{{"', '"}}'),
    Kind.RETRIABLE: ('(["', '"])'),
}
# A colour that is read on a light and on a dark page: its line is full, its area is nearly clear.
STYLES = {
    "done": "stroke:#16a34a,stroke-width:2px,fill:#16a34a22",
    "current": "stroke:#2563eb,stroke-width:3px,fill:#2563eb33",
    "failed": "stroke:#dc2626,stroke-width:3px,fill:#dc262633",
    "undone": "stroke:#d97706,stroke-width:2px,fill:#d9770622",
    "skipped": "stroke:#94a3b8,stroke-dasharray:4 3,fill:#94a3b811",
    "remaining": "stroke:#94a3b8,fill:#94a3b811",
}
_UNDONE = (*UNDOING, StepStatus.COMPENSATED, StepStatus.LEFT)
# What ends a label or begins a tag or an entity in Mermaid's text.
_SPECIAL = re.compile(r'["#&<>;`\\\x00-\x1f]')


def diagram(saga: Saga, steps: Mapping[str, StepState], *, ended: bool) -> str:
    """The text for an instance of the saga whose steps stand so; those that it has not come to may be missing."""
    return "\n".join(_lines(saga, steps, ended=ended))


def _lines(saga: Saga, steps: Mapping[str, StepState], *, ended: bool) -> Iterator[str]:
    yield "flowchart LR"
    yield f"accTitle: Steps of {_label(saga.name)}"
    yield "accDescr: The list of steps beside it says the same."
    yield "begin((( )))"
    nodes = {step.name: f"s{number}" for number, step in enumerate(saga.steps())}
    before: Sequence[str] = ("begin",)
    for group in saga.groups():
        yield from (_node(nodes[step.name], step, steps.get(step.name, StepState())) for step in group)
        yield from (f"{one} --> {nodes[step.name]}" for one in before for step in group)
        before = [nodes[step.name] for step in group]
    yield "finish((( )))"
    yield from (f"{one} --> finish" for one in before)
    # After the way forward: Mermaid lays below it what comes later.
    for step in saga.steps():
        if step.compensation is not None:
            yield _undo_node(f"u{nodes[step.name]}", step, steps.get(step.name, StepState()))
            yield f"{nodes[step.name]} -.-> u{nodes[step.name]}"
    yield f"class begin {'done' if steps else 'current'}"
    yield f"class finish {'done' if ended else 'remaining'}"
    yield from (f"classDef {name} {style}" for name, style in STYLES.items())


def _node(name: str, step: Step, state: StepState) -> str:
    begin, end = SHAPES[step.kind]
    return f"{name}{begin}{_label(step.name)}<br/>{_label(forward_words(state))}{end}:::{forward(state)}"


def _undo_node(name: str, step: Step, state: StepState) -> str:
    style = backward(state)
    words = state.status.replace("_", " ") if style != "remaining" else "not begun"
    return f'{name}["undo {_label(step.name)}<br/>{_label(words)}"]:::{style}'


def forward(state: StepState) -> str:
    """How the step itself is drawn."""
    if state.status in OPEN:
        return "current"
    if state.status in LOST:
        return "failed"
    if state.status in _UNDONE:
        return "undone"
    return {StepStatus.DONE: "done", StepStatus.SKIPPED: "skipped"}.get(state.status, "remaining")


def backward(state: StepState) -> str:
    """How its compensation is drawn."""
    if state.status is StepStatus.UNDO_FAILED:
        return "failed"
    if state.status in UNDOING:
        return "current"
    return {StepStatus.COMPENSATED: "done", StepStatus.LEFT: "skipped"}.get(state.status, "remaining")


def forward_words(state: StepState) -> str:
    """Where the step itself stands, in words."""
    words = "undone" if state.status in _UNDONE else state.status.replace("_", " ")
    return f"{words}, attempt {state.attempt}" if state.attempt > 1 and state.status not in _UNDONE else words


def _label(text: str) -> str:
    """A text as part of a label: what means something to Mermaid stands as its number."""
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", text)
