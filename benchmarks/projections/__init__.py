"""Projections: events to rows, how many and how soon."""
