"""Web: the API and clients, beside a bare view."""
