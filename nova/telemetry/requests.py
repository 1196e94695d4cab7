"""Metrics of requests: django-prometheus, with labels that strangers cannot add to.

It labels durations with whatever method a client has made up: each would be a histogram more, for ever.
"""

from typing import Any

from django.http import HttpRequest
from django_prometheus.middleware import PrometheusAfterMiddleware

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"


class RequestMetricsMiddleware(PrometheusAfterMiddleware):  # type: ignore[misc]
    """Counts and times requests by view, method and status; of methods, those that some view could know."""

    def label_metric(self, metric: Any, request: HttpRequest, response: Any = None, **labels: Any) -> Any:
        """The metric with its labels."""
        if "method" in labels:
            labels["method"] = request.method if request.method in METHODS else OTHER
        return super().label_metric(metric, request, response, **labels)
