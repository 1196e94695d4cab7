"""Truth of the tables, asked over and over while servers come and go."""

import psycopg


class Truth:
    """The tables, asked over and over while servers come and go."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url

    def number(self, query: str) -> int:
        """The one number of a query; -1 while the database is away."""
        try:
            with psycopg.connect(self._url, connect_timeout=2) as connection:
                row = connection.execute(query).fetchone()
                return int(row[0]) if row else -1
        except psycopg.OperationalError:
            return -1

    def events(self) -> int:
        """Events in the log."""
        return self.number("SELECT count(*) FROM domain_events")

    def pending(self) -> int:
        """Outbox rows that are not published."""
        return self.number("SELECT count(*) FROM outbox_events WHERE NOT published")

    def handled(self) -> int:
        """Events that analytics has taken in."""
        return self.number("SELECT count(*) FROM inbox WHERE consumer = 'analytics-service'")

    def counted(self) -> int:
        """Events that analytics has counted."""
        return self.number("SELECT coalesce(sum(count), 0) FROM analytics_daily_events")
