"""System checks of the deletion of accounts."""

from kit.settings import settings_check
from nova.services.account_deletion.conf import AccountDeletionConf

settings_are_sound = settings_check(AccountDeletionConf, check="nova_account_deletion.E001")
