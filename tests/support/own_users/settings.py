"""Settings of a project with a user model of its own, and with the defaults of REST framework, which open all views."""

from nova.settings.test import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.support.own_users"]  # noqa: F405
DATABASES = {"default": DATABASES["default"] | {"TEST": {"NAME": "test_own_users"}}}  # noqa: F405
AUTH_USER_MODEL = "own_users.Person"
REST_FRAMEWORK = {}
