"""Columns that the tables of several services have."""

from django.db import models

ID_LENGTH = 255


def id_field(**options: object) -> "models.CharField[str, str]":
    """A column for the id of a thing, ordered byte by byte as Redis and Python order it."""
    return models.CharField(max_length=ID_LENGTH, db_collation="C", **options)  # type: ignore[arg-type]
