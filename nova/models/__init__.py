"""Models of the composition: API tokens, and the views that operators have saved."""

from nova.models.saved_views import SavedView
from nova.models.tokens import ApiToken, ApiTokenQuerySet

__all__ = ["ApiToken", "ApiTokenQuerySet", "SavedView"]
