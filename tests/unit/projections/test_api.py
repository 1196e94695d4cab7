"""The public face of projections does not change by accident."""

from projections import api


def test_exported_names_are_these():
    assert api.__all__ == [
        "MAX_PAGE",
        "InvalidArgument",
        "InvalidBody",
        "Lag",
        "Outcome",
        "Page",
        "Pass",
        "Projection",
        "ProjectionCollector",
        "ProjectionError",
        "ProjectionRunner",
        "ProjectionStatus",
        "ReadModelError",
        "RebuildRefused",
        "StrayWrites",
        "UnexpectedPayload",
        "UnknownProjection",
        "check_limit",
        "check_text",
        "from_cursor",
        "page_of",
        "pause",
        "projection_named",
        "projection_runner",
        "projection_statuses",
        "rebuild",
        "register_projections",
        "registered_projections",
        "resume",
        "run_pass",
    ]


def test_exported_names_exist():
    for name in api.__all__:
        assert getattr(api, name) is not None
