"""The public face of projections does not change by accident."""

from projections import api


def test_exported_names_are_these():
    assert api.__all__ == [
        "DailyCount",
        "InvalidParameter",
        "Lag",
        "Outcome",
        "Page",
        "Pass",
        "PostNotFound",
        "PostView",
        "Projection",
        "ProjectionCollector",
        "ProjectionError",
        "ProjectionRunner",
        "ProjectionStatus",
        "ReadModelError",
        "SearchHit",
        "UnexpectedPayload",
        "UnknownProjection",
        "UserNotFound",
        "UserView",
        "daily_counts",
        "feed",
        "get_post",
        "get_user",
        "list_users",
        "pause",
        "projection_named",
        "projection_runner",
        "projection_statuses",
        "rebuild",
        "register_projections",
        "registered_projections",
        "resume",
        "run_pass",
        "search",
        "totals",
    ]


def test_exported_names_exist():
    for name in api.__all__:
        assert getattr(api, name) is not None
