"""Times as they are written down, and as people read them."""

from datetime import UTC, datetime, tzinfo

__all__ = ["local_text", "read_moment", "utc_text"]


def utc_text(moment: datetime) -> str:
    """A moment in UTC, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def local_text(moment: datetime, zone: tzinfo | None = None) -> str:
    """`2026-11-24 21:03+01:00`: local time with its offset; `zone` is by default the machine's."""
    return moment.astimezone(zone).isoformat(sep=" ", timespec="minutes")


def read_moment(text: str | None) -> datetime | None:
    """None where there is no time, or none that can be read with its zone."""
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
