"""Credentials: passwords and keys of a data directory, generated once and kept in one file (mode 600)."""

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from nova.local.files import write_private

FILE_NAME = "credentials.json"
EMBEDDED = "embedded"


def _password() -> str:
    return secrets.token_hex(12)  # 96 bits, in characters that mean nothing to a URL, a configuration file or a shell


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Everything secret in a data directory."""

    #: Django's key for signatures.
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    postgres_superuser_password: str = field(default_factory=_password)
    database_password: str = field(default_factory=_password)
    redis_password: str = field(default_factory=_password)
    #: The operator's account, the same in each database.
    admin_password: str = field(default_factory=_password)
    #: The API token in each database that was used, by `database_key`. Where there is one, there is an account too.
    api_tokens: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, directory: Path) -> "Credentials":
        """The directory's credentials, generated if it has none."""
        path = directory / FILE_NAME
        if path.exists():
            return cls(**json.loads(path.read_text()))
        credentials = cls()
        credentials.save(directory)
        return credentials

    def save(self, directory: Path) -> None:
        """Write them; only the owner may read them."""
        write_private(directory / FILE_NAME, json.dumps(asdict(self), indent=2) + "\n")

    def with_token(self, database: str, token: str) -> "Credentials":
        """The same, knowing one database's token."""
        return replace(self, api_tokens={**self.api_tokens, database: token})


def database_key(external_url: str | None) -> str:
    """What a database's token is kept under: an external database's URL holds a password, so only its hash."""
    return hashlib.sha256(external_url.encode()).hexdigest()[:16] if external_url else EMBEDDED
