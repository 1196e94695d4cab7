"""Read model of orders: what each order is; filled by the projection `orders`."""

from django.db import models

from nova.services.columns import id_field


class OrderSummary(models.Model):
    """An order as queries answer it."""

    class Status(models.TextChoices):
        """How far an order is."""

        NONE = "none", "Not created"
        OPEN = "open", "Open"
        CONFIRMED = "confirmed", "Confirmed"
        PAID = "paid", "Paid"
        SHIPPED = "shipped", "Shipped"
        DELIVERED = "delivered", "Delivered"
        CANCELLED = "cancelled", "Cancelled"

    order_id = id_field(primary_key=True)
    customer_id = id_field(default="")
    status = models.CharField(max_length=10, choices=Status.choices)
    currency = models.CharField(max_length=3, default="")
    lines = models.JSONField(default=dict, help_text="Quantity and unit price, by product.")
    price = models.BigIntegerField(null=True, help_text="As calculated for these lines; empty while it is not.")
    total = models.BigIntegerField(default=0, help_text="What has to be paid, in the currency's smallest unit.")
    payment_id = id_field(default="")
    tracking_number = models.CharField(max_length=255, default="")
    reason = models.CharField(max_length=255, default="", help_text="Why it was cancelled.")
    created_at = models.DateTimeField(null=True, help_text="When it was ordered.")
    updated_at = models.DateTimeField(help_text="When the last of its events happened.")

    class Meta:
        db_table = "orders_read"
        verbose_name = "order"
        indexes = [
            models.Index(fields=["created_at", "order_id"], name="orders_read_by_time"),
            models.Index(fields=["customer_id", "created_at", "order_id"], name="orders_read_by_customer"),
            models.Index(fields=["status", "created_at", "order_id"], name="orders_read_by_status"),
        ]

    def __str__(self) -> str:
        return self.order_id
