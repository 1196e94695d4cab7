"""Admin of projections."""

from projections.admin.projections import ProjectionAdmin

__all__ = ["ProjectionAdmin"]
