"""Admin of access: accounts, groups and API tokens."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group, User
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from kit.admin.addresses import OddAddresses
from kit.admin.pages import admin_page
from nova.models import ApiToken
from nova.rest.tokens import SCOPES, create_token, revoke_tokens

STATE_COLOURS = {"live": "success", "expired": "warning", "revoked": "danger"}

admin.site.index_title = "Overview"


class AccountAdmin(OddAddresses, UserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]
    """People who may enter the console."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


class AccountGroupAdmin(OddAddresses, GroupAdmin, ModelAdmin):  # type: ignore[misc]
    """What people may do, by group."""


def _dress(model: type[Model], own: type[ModelAdmin], plain: type[Any]) -> None:
    """Give a screen of Django's own the console's look. A project's own screen, or user model, is left alone."""
    if admin.site.is_registered(model) and type(admin.site.get_model_admin(model)) is plain:
        admin.site.unregister(model)
        admin.site.register(model, own)


_dress(User, AccountAdmin, UserAdmin)
_dress(Group, AccountGroupAdmin, GroupAdmin)


class ApiTokenForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a token is given when it is created."""

    scopes = forms.MultipleChoiceField(
        choices=[(scope, f"{scope}: {meaning}") for scope, meaning in SCOPES.items()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Give it no more than it needs.",
    )

    class Meta:
        model = ApiToken
        fields = ("name", "scopes", "expires_at")

    def clean_expires_at(self) -> Any:
        """A time to come, or none."""
        expires_at = self.cleaned_data["expires_at"]
        if expires_at is not None and expires_at <= timezone.now():
            raise forms.ValidationError("That is in the past.")
        return expires_at


@admin.register(ApiToken)
class ApiTokenAdmin(OddAddresses, ModelAdmin):  # type: ignore[misc]
    """Tokens of programs. They are created and revoked, never changed."""

    form = ApiTokenForm
    list_display = ("name", "begins", "state_label", "scope_list", "created_at", "expires_at", "last_used_at")
    search_fields = ("name", "hint")
    search_help_text = "Name, or how the token begins"
    readonly_fields = ("created_by", "created_at", "revoked_at", "last_used_at")
    actions: ClassVar = ["revoke"]

    @display(description="begins with")
    def begins(self, token: ApiToken) -> str:
        """How the token begins."""
        return f"{token.hint}…"

    @display(description="state", label=STATE_COLOURS)
    def state_label(self, token: ApiToken) -> str:
        """The state, in its colour."""
        return token.state

    @display(description="scopes")
    def scope_list(self, token: ApiToken) -> str:
        """What it may do."""
        return ", ".join(token.scopes)

    @action(description="Revoke the selected tokens", permissions=["revoke"])
    def revoke(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> None:
        """End tokens; processes notice within seconds."""
        live = list(tokens.live())  # type: ignore[attr-defined]
        for token in live:
            revoke_tokens(token_id=token.pk)
            self.log_change(request, token, "Revoked.")
        messages.success(request, f"{len(live)} revoked; running processes notice within 5 seconds.")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whoever may revoke."""
        return request.user.has_perm("nova.revoke_apitoken")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes a token: what it may do was fixed when it was given away."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes a token: that it existed is part of the record."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """Nothing but the form when one is created."""
        return () if obj is None else self.readonly_fields

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """What is known of a token, or what a new one needs."""
        asked = ("name", "scopes", "expires_at")
        return asked if obj is None else (*asked, *self.readonly_fields)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:  # noqa: FBT001
        """Create the token; the plain text lives until this request is answered."""
        account = request.user if isinstance(request.user, AbstractBaseUser) else None
        token, created = create_token(obj.name, scopes=obj.scopes, expires_at=obj.expires_at, created_by=account)
        obj.pk, obj.hint, obj.created_at = created.pk, created.hint, created.created_at
        request.plain_token = token  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None) -> HttpResponse:
        """Show the token, once: on this page and not in a message, which a cookie would carry.

        The console's pages are never cached.
        """
        context = {
            "title": "API token created",
            "token": request.plain_token,  # type: ignore[attr-defined]
            "row": obj,
        }
        return admin_page(self, request, "admin/nova/apitoken/created.html", context)
