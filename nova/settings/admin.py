"""Theme of the operator's console: settings of the admin site."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static


def _icon(_request: HttpRequest) -> str:
    return static("nova/icon.svg")


def _styles(_request: HttpRequest) -> str:
    return static("nova/console.css")


def _scripts(_request: HttpRequest) -> str:
    return static("nova/console.js")


def _night_sky(_request: HttpRequest) -> str:
    return static("nova/login.svg")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Nova",
    "SITE_HEADER": "Nova",
    "SITE_SUBHEADER": "Event platform",
    "SITE_ICON": _icon,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _icon}],
    "SITE_URL": None,
    "STYLES": [_styles],
    "SCRIPTS": [_scripts],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "nova.console.dashboard.dashboard_context",
    "LOGIN": {"image": _night_sky},
    "SIDEBAR": {
        "show_search": True,
        # Screens are looked for by Ctrl+K, as the key of the theme's own field is that of the one search.
        "command_search": True,
        "navigation": "nova.console.navigation.navigation",
    },
    "COLORS": {
        "primary": {
            "50": "oklch(96.2% .018 272.314)",
            "100": "oklch(93% .034 272.788)",
            "200": "oklch(87% .065 274.039)",
            "300": "oklch(78.5% .115 274.713)",
            "400": "oklch(67.3% .182 276.935)",
            "500": "oklch(58.5% .233 277.117)",
            "600": "oklch(51.1% .262 276.966)",
            "700": "oklch(45.7% .24 277.023)",
            "800": "oklch(39.8% .195 277.366)",
            "900": "oklch(35.9% .144 278.697)",
            "950": "oklch(25.7% .09 281.288)",
        }
    },
}
