"""Addresses of the orders service, below /api/v1/."""

from django.urls import path

from nova.services.orders import rest

urlpatterns = [
    path("orders", rest.OrdersView.as_view(), name="orders"),
    path("orders/<path:order_id>", rest.OneOrderView.as_view(), name="order"),
    path("order-totals", rest.OrderTotalsView.as_view(), name="order-totals"),
]
