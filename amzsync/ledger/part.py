"""A part of the products: the ones that a command is to look at and to work on.

What a part names stands in a temporary table, so that every query can join it, however many products it has.
"""

from dataclasses import dataclass
from enum import Enum

from amzsync.errors import PartError
from amzsync.ledger.reasons import ASKED_AGAIN
from amzsync.ledger.rows import IS_OPEN
from amzsync.ledger.store import Store

__all__ = ["EVERY", "Among", "ChosenPart", "Part", "Selection", "wanted_by"]


EVERY = "true"
"""An SQL condition that leaves nothing out."""


@dataclass(frozen=True, slots=True)
class Part:
    """Products by SKU, where `*` and `?` match, and at most so many of them."""

    skus: tuple[str, ...] = ()
    limit: int | None = None

    @property
    def is_everything(self) -> bool:
        return not self.skus and self.limit is None


class Among(Enum):
    """Which products a limit counts."""

    OPEN = "wanted, with something to do"
    RETRIED = "wanted, with something to do once what failed is tried again"
    WANTED = "wanted"
    NAMED = "wanted, and named by the last plan"
    KNOWN = "in the ledger, wanted or not"


@dataclass(frozen=True, slots=True)
class ChosenPart:
    """What a part came to: its products, those left out, and how many of these have something to do."""

    part: Part
    products: int
    left_out: int
    left_open: int


def _has_rows(condition: str) -> str:
    return " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} WHERE product_id = products.id AND ({condition}))"
        for table in ("links", "thumbnails")
    )


_ASKED_AGAIN = ", ".join("'" + reason.replace("'", "''") + "'" for reason in ASKED_AGAIN)
_RETRIED = f"{IS_OPEN} OR state = 'failed' OR (state = 'skipped' AND reason IN ({_ASKED_AGAIN}))"
_CONDITIONS = {
    Among.OPEN: f"wanted IS NOT NULL AND ({_has_rows(IS_OPEN)})",
    Among.RETRIED: f"wanted IS NOT NULL AND ({_has_rows(_RETRIED)})",
    Among.WANTED: "wanted IS NOT NULL",
    Among.NAMED: "wanted IS NOT NULL AND id NOT IN (SELECT product_id FROM unnamed_products)",
    Among.KNOWN: EVERY,
}


class Selection:
    """The products that an open ledger is used for: all of them, until a part is chosen."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.chosen: ChosenPart | None = None
        """None: everything."""

    def only(self, column: str) -> str:
        """An SQL condition: this column of product ids holds one that is chosen."""
        return f"{column} IN (SELECT product_id FROM temp.part)" if self.chosen else EVERY

    def only_wanted_by(self, column: str) -> str:
        """An SQL condition: this column of asset ids holds one that a chosen product wants."""
        return wanted_by(column, self.only("product_id"))

    def choose(self, part: Part, among: Among = Among.OPEN) -> ChosenPart | None:
        """Choose the products of a part as the ledger is now; None for everything.

        Raises:
            PartError: one of the SKUs matches no product.
        """
        self.chosen = None
        if part.is_everything:
            return None
        may_be = _CONDITIONS[among if among in (Among.KNOWN, Among.NAMED) else Among.WANTED]
        matches, patterns = self._matching(part, may_be)
        condition = may_be if part.limit is None else _CONDITIONS[among]
        self._fill(
            f"SELECT id FROM products WHERE ({condition}) AND ({matches}) ORDER BY id LIMIT ?",
            (*patterns, -1 if part.limit is None else part.limit),
        )
        return self._choose_filled(part, may_be)

    def keep(self, run_id: int) -> None:
        """Record the chosen products with a run."""
        with self._store.atomic():
            self._store.execute("DELETE FROM run_products WHERE run_id = ?", (run_id,))
            if self.chosen:
                self._store.execute(
                    "INSERT INTO run_products (run_id, product_id) SELECT ?, product_id FROM temp.part",
                    (run_id,),
                )

    def choose_kept(self, run_id: int, part: Part) -> ChosenPart | None:
        """Choose what was recorded with a run that was given this part."""
        self.chosen = None
        if part.is_everything:
            return None
        self._fill("SELECT product_id FROM run_products WHERE run_id = ?", (run_id,))
        return self._choose_filled(part, _CONDITIONS[Among.WANTED])

    def _matching(self, part: Part, may_be: str) -> tuple[str, tuple[str, ...]]:
        patterns = tuple(map(_glob, part.skus))
        for sku, pattern in zip(part.skus, patterns, strict=True):
            if not self._store.value(
                f"SELECT EXISTS (SELECT 1 FROM products WHERE {may_be} AND sku GLOB ?)", (pattern,)
            ):
                raise PartError(
                    f"No product in the ledger {self._store.path} matches --sku {sku}.",
                    "A SKU is given with its exact case; only * and ? stand for other characters.",
                )
        return " OR ".join(["sku GLOB ?"] * len(patterns)) or EVERY, patterns

    def _fill(self, select: str, values: tuple[object, ...]) -> None:
        with self._store.atomic():
            self._store.execute("CREATE TEMP TABLE IF NOT EXISTS part (product_id INTEGER PRIMARY KEY)")
            self._store.execute("DELETE FROM temp.part")
            self._store.execute(f"INSERT INTO temp.part {select}", values)

    def _choose_filled(self, part: Part, may_be: str) -> ChosenPart:
        left_out = f"SELECT count(*) FROM products WHERE {may_be} AND id NOT IN temp.part"
        self.chosen = ChosenPart(
            part,
            int(self._store.value("SELECT count(*) FROM temp.part")),
            int(self._store.value(left_out)),
            int(self._store.value(f"{left_out} AND ({_has_rows(IS_OPEN)})")),
        )
        return self.chosen


def wanted_by(column: str, of_product: str) -> str:
    """An SQL condition: a product wants this column's asset; `of_product` is a condition on its id."""
    if of_product == EVERY:
        return EVERY
    return f"{column} IN (SELECT asset_id FROM links WHERE state <> 'obsolete' AND {of_product})"


def _glob(sku: str) -> str:
    """A pattern in which nothing but `*` and `?` is special."""
    return sku.replace("[", "[[]")
