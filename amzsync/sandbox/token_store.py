"""Tokens and the times of counted requests in the database."""

from amzsync.sandbox.database import Database


class TokenStore:
    """What has to outlive a restart of the sandbox for access to stay the same."""

    def __init__(self, database: Database) -> None:
        self._db = database.db
        self._lock = database.lock

    def add_token(self, token: str, expires_at: float) -> None:
        with self._lock:
            self._db.execute("INSERT INTO tokens (token, expires_at) VALUES (?, ?)", (token, expires_at))

    def token_expiry(self, token: str) -> float | None:
        with self._lock:
            row = self._db.execute("SELECT expires_at FROM tokens WHERE token = ?", (token,)).fetchone()
        return None if row is None else float(row[0])

    def delete_all(self) -> None:
        with self._lock:
            self._db.execute("DELETE FROM tokens")

    def add_request_time(self, at: float) -> None:
        with self._lock:
            self._db.execute("INSERT INTO arrivals (at) VALUES (?)", (at,))

    def request_times(self, *, since: float) -> list[float]:
        """Oldest first; older ones than `since` are forgotten for good."""
        with self._lock:
            self._db.execute("DELETE FROM arrivals WHERE at < ?", (since,))
            return [row[0] for row in self._db.execute("SELECT at FROM arrivals ORDER BY at")]
