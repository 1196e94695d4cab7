"""Path converters: parts of addresses that several apps have."""

from django.urls import register_converter
from django.urls.converters import IntConverter


class Number(IntConverter):
    """What can be the number of a row."""

    regex = "[0-9]{1,18}"


register_converter(Number, "number")
