"""Settings of the deletion of accounts."""

from typing import Annotated

from msgspec import Meta, Struct

from kit.settings import Setting


class AccountDeletionConf(Struct, frozen=True, kw_only=True):
    """What a deletion goes by."""

    grace_days: Annotated[int, Setting("NOVA_ACCOUNT_DELETION_GRACE_DAYS"), Meta(ge=0, le=30)] = 7
    """Days for which whoever wants an account deleted can withdraw that; 0 for none. A month is the most that the GDPR
    allows (article 12)."""
