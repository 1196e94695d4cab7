"""Settings of a production set in which one reply of twenty never reaches the fulfilment of orders."""

from nova.settings.production import *  # noqa: F403

# Last: all others are ready then.
INSTALLED_APPS = [*INSTALLED_APPS, "tests.support.lossy_orders.apps.LossyOrdersConfig"]  # noqa: F405
