"""Settings of REST framework as Nova's views have them, whatever the project's are."""

from typing import Any, cast

from rest_framework.settings import DEFAULTS, IMPORT_STRINGS, APISettings

from kit.rest.defaults import API_DEFAULTS

API_SETTINGS = APISettings(cast("Any", API_DEFAULTS), DEFAULTS, IMPORT_STRINGS)
