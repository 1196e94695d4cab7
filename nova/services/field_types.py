"""Field types that the events of several services share."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

Id = Annotated[str, Meta(min_length=1, max_length=255)]
"""A UUID or any other name of a thing."""
MAX_AMOUNT = 2**53 - 1
Amount = Annotated[int, Meta(ge=0, le=MAX_AMOUNT)]
"""Money as a whole number of the currency's smallest unit, such as cents, because I-JSON has no decimals."""
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
"""ISO 4217, such as `EUR`."""
Quantity = Annotated[int, Meta(ge=1, le=1_000_000)]
"""How many of a product."""
Timestamp = Annotated[datetime, Meta(tz=True)]
"""A time with an offset."""
ShortText = Annotated[str, Meta(max_length=255)]
Text = Annotated[str, Meta(max_length=100_000)]
