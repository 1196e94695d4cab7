"""OPTIONS: which methods an address knows (RFC 9110, section 9.3.7); the OpenAPI document says all else."""

from typing import Any

from rest_framework.metadata import BaseMetadata
from rest_framework.request import Request

from nova.rest.json import JSONRenderer


class NoMetadata(BaseMetadata):
    """An answer without a body, whatever the view renders otherwise; `Allow` stands in the header of every answer."""

    def determine_metadata(self, request: Request, view: Any) -> None:
        """Nothing."""
        request.accepted_renderer = JSONRenderer()
