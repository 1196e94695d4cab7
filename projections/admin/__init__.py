"""Admin of projections."""

from projections.admin.materialised_views import MaterialisedViewAdmin
from projections.admin.projections import ProjectionAdmin

__all__ = ["MaterialisedViewAdmin", "ProjectionAdmin"]
