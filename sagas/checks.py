"""System checks of sagas: settings that they cannot run with are refused before anything starts."""

from kit.settings import settings_check
from sagas.conf import SagasConf

settings_are_sound = settings_check(SagasConf, check="sagas.E001")
