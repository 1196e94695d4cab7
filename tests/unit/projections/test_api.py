"""The public face of projections does not change by accident."""

from projections import api


def test_exported_names_are_these():
    assert api.__all__ == [
        "MAX_PAGE",
        "CannotVerify",
        "ConflictResolution",
        "Difference",
        "FoldedProjection",
        "FullView",
        "HandledReadModel",
        "IncrementalView",
        "InvalidArgument",
        "InvalidRequest",
        "Lag",
        "OnError",
        "Outcome",
        "Page",
        "Pass",
        "Policy",
        "Projection",
        "ProjectionCollector",
        "ProjectionError",
        "ProjectionRunner",
        "ProjectionStatus",
        "ReadModelError",
        "RebuildRefused",
        "RefillRefused",
        "Refilled",
        "StrayWrites",
        "UnexpectedPayload",
        "UnknownProjection",
        "UnknownView",
        "VerbRefused",
        "Verified",
        "ViewCollector",
        "check_limit",
        "check_text",
        "from_cursor",
        "handled_read_models",
        "live",
        "page_of",
        "pause",
        "projection_named",
        "projection_runner",
        "projection_statuses",
        "rebuild",
        "refill",
        "register_handled",
        "register_projections",
        "register_views",
        "registered_projections",
        "registered_views",
        "resume",
        "run_pass",
        "seen_position",
        "unapplied",
        "verify",
        "verify_handled",
        "wait_for",
    ]


def test_exported_names_exist():
    for name in api.__all__:
        assert getattr(api, name) is not None
