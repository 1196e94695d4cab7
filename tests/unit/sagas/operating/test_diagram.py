"""The diagram shows each step and compensation where it stands, and no name of a step is taken for Mermaid's own."""

import pytest
from msgspec import structs

from sagas.machine.instance import StepState, StepStatus
from sagas.operating.diagram import backward, diagram, forward
from tests.support.trips import CHARGE, FLIGHT, HOTEL, TRIP


def shown(**steps: StepState) -> list[str]:
    return diagram(TRIP, steps, ended=False).splitlines()


def test_stages_follow_each_other_and_steps_of_one_lie_side_by_side() -> None:
    lines = shown()

    assert lines[0] == "flowchart LR"
    assert [line for line in lines if " --> " in line] == [
        "begin --> s0",
        *("s0 --> s1", "s0 --> s2"),
        *("s1 --> s3", "s2 --> s3"),
        "s3 --> s4",
        "s4 --> finish",
    ]
    assert [line for line in lines if " -.-> " in line] == ["s1 -.-> us1", "s2 -.-> us2"]


def test_each_kind_of_step_has_its_shape_and_each_step_its_state() -> None:
    lines = shown(
        approval=StepState(status=StepStatus.SKIPPED),
        hotel=StepState(status=StepStatus.COMPENSATED, attempt=2),
        flight=StepState(status=StepStatus.UNDO_FAILED),
        charge=StepState(status=StepStatus.REFUSED, attempt=2),
    )

    assert 's0["approval<br/>skipped"]:::skipped' in lines
    assert 's1["hotel<br/>undone"]:::undone' in lines
    assert 'us1["undo hotel<br/>compensated"]:::done' in lines
    assert 'us2["undo flight<br/>undo failed"]:::failed' in lines
    assert 's3{{"charge<br/>refused, attempt 2"}}:::failed' in lines
    assert 's4(["tickets<br/>pending"]):::remaining' in lines


def test_the_end_is_reached_only_by_what_is_completed() -> None:
    assert "class finish remaining" in shown()
    assert "class finish done" in diagram(TRIP, {}, ended=True).splitlines()


@pytest.mark.parametrize("status", list(StepStatus))
def test_every_state_of_a_step_has_a_style(status: StepStatus) -> None:
    text = diagram(TRIP, {"hotel": StepState(status=status)}, ended=False)

    assert f"classDef {forward(StepState(status=status))} " in text
    assert f"classDef {backward(StepState(status=status))} " in text


def test_what_a_step_is_called_is_not_taken_for_the_language_of_the_diagram() -> None:
    odd = structs.replace(TRIP, stages=(structs.replace(HOTEL, name='"]; click <b>#&'), FLIGHT, CHARGE))

    lines = diagram(odd, {}, ended=False).splitlines()

    assert 's0["#34;]#59; click #60;b#62;#35;#38;<br/>pending"]:::remaining' in lines
