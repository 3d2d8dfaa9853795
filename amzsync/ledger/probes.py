"""Probes of the account: what they found, and what they made there until it is gone again."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from amzsync.domain.beliefs import AccountAnswers, Answers, readable_answers
from amzsync.domain.timestamp import utc_text
from amzsync.ledger.store import Store

__all__ = ["ObjectKind", "ObjectState", "ProbeObject", "ProbeRecord", "Probes"]


_RECENT = timedelta(hours=1)


class ObjectKind(StrEnum):
    """What a probe makes."""

    PRODUCT = "product"
    ASSET = "asset"


class ObjectState(StrEnum):
    """`SENT`: asked for, and not known whether it was made. `KEPT`: it is another's by now, and stays."""

    SENT = "sent"
    MADE = "made"
    GONE = "gone"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class ProbeObject:
    """Something that a probe made, or may have made; `name` is its SKU or filename.

    `is_recent`: it was asked for within the last hour.
    """

    kind: ObjectKind
    name: str
    plytix_id: str | None
    probe_id: int
    is_recent: bool


@dataclass(frozen=True, slots=True)
class ProbeRecord:
    """What the last finished probe of a gallery found; `ended_at` is UTC."""

    gallery: str
    ended_at: str
    answers: Answers


class Probes:
    """The `probes` and `probe_objects` tables."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def start(self, gallery: str, token: str) -> int:
        """`token` is what tells the names of all that it makes from those of all else."""
        return int(
            self._store.value(
                "INSERT INTO probes (gallery, token, started_at) VALUES (?, ?, ?) RETURNING id",
                (gallery, token, utc_text(self._now())),
            )
        )

    def owner(self, token: str) -> int | None:
        """The probe of this ledger that made what has such a name; None where none did."""
        found = self._store.value("SELECT id FROM probes WHERE token = ?", (token,))
        return None if found is None else int(found)

    def keep(self, probe_id: int, answers: Answers) -> None:
        """The probe has come to its end."""
        self._store.execute(
            "UPDATE probes SET answers = ?, ended_at = ? WHERE id = ?",
            (
                json.dumps({question.value: answer for question, answer in answers.items()}),
                utc_text(self._now()),
                probe_id,
            ),
        )

    def record(self, gallery: str) -> ProbeRecord | None:
        """What the last probe of this gallery found; None where there was none."""
        rows = self._store.rows(
            "SELECT ended_at, answers FROM probes WHERE gallery = ? AND ended_at IS NOT NULL"
            " ORDER BY id DESC LIMIT 1",
            (gallery,),
        )
        for ended_at, answers in rows:
            return ProbeRecord(gallery, ended_at, readable_answers(_read(answers)))
        return None

    def account_answers(self, gallery: str) -> AccountAnswers:
        """What of it changes how a run works."""
        record = self.record(gallery)
        return AccountAnswers.of(record.answers) if record else AccountAnswers()

    # What was made.

    def sent(self, probe_id: int, kind: ObjectKind, name: str) -> None:
        """It is about to be asked for: from here on it may exist."""
        self._store.execute(
            "INSERT OR IGNORE INTO probe_objects (probe_id, kind, name, sent_at) VALUES (?, ?, ?, ?)",
            (probe_id, kind, name, utc_text(self._now())),
        )

    def made(self, kind: ObjectKind, name: str, plytix_id: str) -> None:
        """Plytix has made it, under this id."""
        self._store.execute(
            "UPDATE probe_objects SET plytix_id = ?, state = 'made' WHERE kind = ? AND name = ?",
            (plytix_id, kind, name),
        )

    def found(self, probe_id: int, kind: ObjectKind, name: str, plytix_id: str) -> None:
        """A search shows it, whether or not it is recorded that it was made."""
        with self._store.atomic():
            self.sent(probe_id, kind, name)
            self._store.execute(
                "UPDATE probe_objects SET plytix_id = ?, state = 'made'"
                " WHERE kind = ? AND name = ? AND state <> 'kept'",
                (plytix_id, kind, name),
            )

    def settle(self, kind: ObjectKind, name: str, state: ObjectState) -> None:
        """It is gone, was never made, or is another's by now."""
        self._store.execute(
            "UPDATE probe_objects SET state = ? WHERE kind = ? AND name = ?", (state, kind, name)
        )

    def left(self) -> list[ProbeObject]:
        """What may still exist: products first, since they hold the assets."""
        rows = self._store.rows(
            "SELECT kind, name, plytix_id, probe_id, sent_at > ?"
            " FROM probe_objects WHERE state = 'sent' OR state = 'made'"
            " ORDER BY kind = 'asset', sent_at, name",
            (utc_text(self._now() - _RECENT),),
        )
        return [
            ProbeObject(ObjectKind(kind), name, plytix_id, probe_id, bool(is_recent))
            for kind, name, plytix_id, probe_id, is_recent in rows
        ]

    def is_in_use(self, asset_id: str) -> bool:
        """Whether this ledger has taken the asset for one of its own pictures."""
        found = "SELECT EXISTS (SELECT 1 FROM assets WHERE plytix_id = ?)"
        return bool(self._store.value(found, (asset_id,)))

    def filled_product(self) -> str | None:
        """The SKU of a product that holds pictures, as far as this ledger knows."""
        found = self._store.value(
            "SELECT sku FROM products WHERE plytix_id IS NOT NULL AND EXISTS"
            " (SELECT 1 FROM links WHERE product_id = products.id AND state = 'done') ORDER BY id LIMIT 1"
        )
        return None if found is None else str(found)

    def last_write_wall(self) -> float | None:
        """When a run last asked Plytix to change something (seconds since 1970); None: over an hour ago."""
        found = self._store.value(
            "SELECT max(sent_wall) FROM requests WHERE kind IN ('product_write', 'link', 'unlink',"
            " 'product_create', 'asset_upload')"
        )
        return None if found is None else float(found)

    def some_addresses(self, most: int) -> list[str]:
        """Addresses of wanted pictures to try with, those that Plytix may not have yet first."""
        rows = self._store.rows(
            "SELECT url FROM addresses JOIN assets ON assets.id = addresses.id"
            " WHERE malformed IS NULL AND state IN ('pending', 'in_flight', 'done')"
            " ORDER BY state <> 'pending', addresses.id LIMIT ?",
            (most,),
        )
        return [row[0] for row in rows]


def _read(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
