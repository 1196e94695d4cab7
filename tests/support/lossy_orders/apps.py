"""App of the loss: it stands between the fulfilment of orders and what is answered to it."""

from django.apps import AppConfig


class LossyOrdersConfig(AppConfig):
    """Lets replies be lost, in every program that has these settings."""

    name = "tests.support.lossy_orders"

    def ready(self) -> None:
        """Once the sagas of all apps are known."""
        from tests.support.lossy_orders.losses import lose_replies  # noqa: PLC0415 - the apps are loaded only now

        lose_replies()
