"""Admin of the orders service: its read model, from which links lead to the order's stream and to its fulfilment."""

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.decorators import display

from kit.admin.display import link
from kit.admin.pages import list_url
from kit.admin.read_only import ReadOnlyAdmin
from nova.services.orders.models import OrderSummary


@admin.register(OrderSummary)
class OrderAdmin(ReadOnlyAdmin):
    """Orders as the read model has them."""

    list_display = ("order_id", "customer_id", "status_badge", "total", "currency", "created_at", "updated_at")
    list_filter = ("status", "currency")
    search_fields = ("=order_id", "=customer_id")
    search_help_text = "An order's id or a customer's id, in full"
    ordering = ("-created_at", "-order_id")
    fieldsets = (
        ("Order", {"fields": ("order_id", "customer_id", "status_badge", "reason", "stream", "fulfilment")}),
        ("Price", {"fields": ("lines", "price", "total", "currency")}),
        ("Delivery", {"fields": ("payment_id", "tracking_number")}),
        ("Times", {"fields": ("created_at", "updated_at")}),
    )

    @display(
        description="status",
        label={
            "open": "info",
            "confirmed": "info",
            "paid": "info",
            "shipped": "success",
            "delivered": "success",
            "cancelled": "danger",
        },
    )
    def status_badge(self, order: OrderSummary) -> str:
        """The status, set off by colour."""
        return order.status

    @display(description="stream")
    def stream(self, order: OrderSummary) -> SafeString:
        """The order's events."""
        term = f"order/{order.order_id}"
        return link(list_url("events_domainevent", q=term), term)

    @display(description="fulfilment")
    def fulfilment(self, order: OrderSummary) -> SafeString:
        """The sagas that were begun for the order."""
        return link(list_url("sagas_sagastate", q=order.order_id), "sagas of this order")
