"""Link: the address of a view with the data that it carries, percent-encoded (RFC 3986).

Whatever names and ids hold (blanks, `?`, `#`, `%`, letters of any script), who follows a link arrives where it leads,
and a header that holds one is ASCII.
"""

from urllib.parse import urlencode

from django.urls import reverse


def link_to(view: str, *parts: object, **query: object) -> str:
    """The address of a view, by its name in the URL configuration; `parts` go into its path, in their order."""
    path = reverse(view, args=parts)
    return f"{path}?{urlencode(query)}" if query else path
