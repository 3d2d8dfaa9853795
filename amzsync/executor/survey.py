"""The entry points for a look at an account before any work: each asks one thing, and writes nothing."""

from collections.abc import Collection, Iterator, Sequence

from amzsync.executor.context import Asked, RunContext
from amzsync.executor.other_runs import count_runs
from amzsync.executor.run import ask
from amzsync.executor.scheduler.script import Script
from amzsync.executor.scripts.bulk import ProductsBySku
from amzsync.executor.scripts.context import ScriptContext
from amzsync.executor.scripts.survey import (
    GALLERY_CLASS,
    AttributeAnswer,
    ProductAnswer,
    survey_assets,
    survey_attribute,
    survey_product,
)

__all__ = [
    "GALLERY_CLASS",
    "AttributeAnswer",
    "ProductAnswer",
    "count_runs",
    "survey_access",
    "survey_gallery",
    "survey_products",
]


def survey_access(context: RunContext) -> Asked[bool]:
    """Whether the account lets us in, and lets us read assets."""
    return ask(context, lambda _shared: iter([survey_assets()]))


def survey_gallery(context: RunContext) -> Asked[AttributeAnswer]:
    """What the gallery's attribute is."""
    return ask(context, lambda _shared: iter([survey_attribute(context.gallery_label)]))


def survey_products(
    context: RunContext, skus: Sequence[str], looked_into: Collection[str]
) -> Asked[ProductAnswer]:
    """Which of these products exist; those `looked_into` also tell whether their family has the gallery.

    With nothing to look into, the gallery need not exist.
    """
    label = context.gallery_label if looked_into else None
    query = ProductsBySku(label)

    def scripts(shared: ScriptContext) -> Iterator[Script[ProductAnswer]]:
        for sku in skus:
            wanted = label if sku in looked_into else None
            yield survey_product(sku, query, shared.record, gallery_label=wanted)

    return ask(context, scripts, products=len(skus))
