"""Settings of JSON Web Tokens: whose are taken, and by which keys."""

from typing import Annotated

from msgspec import Meta, Struct

from kit.settings import Setting, reader

KEY_SET_URL = r"^(https://.+|http://(127\.0\.0\.1|localhost|\[::1\])[:/].*)?$"
SECRET = r"^(.{32,})?$"  # noqa: S105 - what one must look like


class JwtConf(Struct, frozen=True, kw_only=True):
    """Which identity provider's tokens the API takes besides its own; those of nobody, unless an issuer is named."""

    issuer: Annotated[str, Setting("NOVA_JWT_ISSUER")] = ""
    """The `iss` of the tokens that are taken; empty for none."""
    audience: Annotated[str, Setting("NOVA_JWT_AUDIENCE")] = ""
    """The `aud` that they must have: the name of this installation at the provider."""
    key_set_url: Annotated[
        str,
        Setting("NOVA_JWT_JWKS_URL", must="be https://…, or http:// on this very machine"),
        Meta(pattern=KEY_SET_URL),
    ] = ""
    """Where the provider publishes its keys as a JSON Web Key Set (RFC 7517)."""
    secret: Annotated[
        str, Setting("NOVA_JWT_SECRET", must="have 32 characters or more (RFC 7518, section 3.2)"), Meta(pattern=SECRET)
    ] = ""
    """The key that is shared with the provider, for HS256, where it publishes none."""
    scope_claim: Annotated[str, Setting("NOVA_JWT_SCOPE_CLAIM")] = "scope"
    """The claim that names scopes: text with blanks between them (RFC 9068), or a list."""
    key_set_seconds: Annotated[float, Setting("NOVA_JWT_JWKS_SECONDS"), Meta(ge=10, le=86_400)] = 300.0
    """For how long the provider's keys are used before it is asked for them again."""


jwt_conf = reader(JwtConf)
