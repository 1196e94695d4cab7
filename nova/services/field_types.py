"""Field types that the events of several services share."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

Id = Annotated[str, Meta(min_length=1, max_length=255)]
"""A UUID or any other name of a thing."""
Timestamp = Annotated[datetime, Meta(tz=True)]
"""A time with an offset."""
ShortText = Annotated[str, Meta(max_length=255)]
Text = Annotated[str, Meta(max_length=100_000)]
