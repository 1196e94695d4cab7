"""Console users: clients with rights, and forms submitted as a browser submits them."""

from html.parser import HTMLParser
from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client


def client_of(*permissions: str) -> Client:
    """A browser in which somebody with these permissions is logged in."""
    user = User.objects.create_user("someone", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def operator_client() -> Client:
    """A browser of somebody who may act on rows, dead letters and operations."""
    return client_of(
        *("view_outboxevent", "change_outboxevent", "view_deadletter", "change_deadletter"),
        *("view_deadletteroperation", "change_deadletteroperation"),
    )


def submit(client: Client, page: Any, said: dict[str, str]) -> Any:
    """Submit the form of a page that asks for a reason: what it says by itself, and what is said in it."""
    forms = _Forms(page.content.decode())
    (action, values) = next((action, values) for action, values in forms.found if "reason" in values)
    url = action or f"{page.request['PATH_INFO']}?{page.request['QUERY_STRING']}"
    return client.post(url, values | said)


class _Forms(HTMLParser):
    """The forms of a page: where each goes, and what it sends when nobody touches it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, Any]]] = []
        self._select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((said.get("action", ""), {}))
        if not self.found:
            return
        values = self.found[-1][1]
        match tag:
            case "input" if said.get("type") not in {"submit", "checkbox"} and "name" in said:
                values.setdefault(said["name"], [])
                values[said["name"]].append(said.get("value", ""))
            case "input" if said.get("type") == "checkbox" and "checked" in said:
                values[said["name"]] = ["on"]
            case "select":
                self._select = said.get("name", "")
            case "option" if "selected" in said:
                values[self._select] = [said.get("value", "")]
            case _:
                pass
