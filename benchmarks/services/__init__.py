"""Services: feeds and search, as users wait for them."""
