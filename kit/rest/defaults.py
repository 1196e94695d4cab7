"""Defaults of Nova's API, with the keys of REST framework's settings: refused is what nobody has allowed.

They are named, not imported: kit is below what they are in.
"""

from typing import Any

API_DEFAULTS: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["nova.rest.auth.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["nova.rest.auth.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["nova.rest.json.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["nova.rest.json.JSONParser"],
    "DEFAULT_THROTTLE_CLASSES": [],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "nova.rest.negotiation.ContentNegotiation",
    "DEFAULT_METADATA_CLASS": "nova.rest.options.NoMetadata",
    "DEFAULT_VERSIONING_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "nova.rest.operation_schema.OperationSchema",
    "EXCEPTION_HANDLER": "nova.rest.errors.problem_response",
    "URL_FORMAT_OVERRIDE": None,
}
