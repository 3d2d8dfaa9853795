"""What the account has of the catalogue: the gallery attribute, the products, and their families."""

from collections.abc import Iterable
from dataclasses import dataclass

from amzsync.doctor.finding import Finding, listed, ok, problem, warning
from amzsync.executor.survey import GALLERY_CLASS, AttributeAnswer, ProductAnswer

__all__ = ["Family", "attribute_findings", "families_lacking", "family_findings", "product_findings"]


def attribute_findings(answer: AttributeAnswer, label: str) -> list[Finding]:
    """Whether the gallery attribute is there, and is a gallery."""
    if not answer.is_told:
        text = f"This account does not show its attributes, so whether {label!r} is a gallery is not known."
        return [warning("gallery", text, "The first product that is written will tell.")]
    if answer.definition is None:
        return [
            problem(
                "gallery",
                f"Plytix has no product attribute with the label {label!r}.",
                "`amzsync init` can create it; or name yours with --gallery LABEL.",
            )
        ]
    if answer.definition.type_class != GALLERY_CLASS:
        kind = answer.definition.type_class or "different kind of attribute"
        return [
            problem(
                "gallery",
                f"The attribute {label!r} is a {kind}, not a media gallery.",
                "Name a media gallery attribute with --gallery LABEL.",
            )
        ]
    return [ok("gallery", f"The attribute {label!r} is a media gallery.")]


def product_findings(answers: Iterable[ProductAnswer], total: int) -> list[Finding]:
    """Whether the products exist; `total` is how many there are, of which some were asked for."""
    asked = tuple(answers)
    missing = [one.sku for one in asked if one.product is None]
    is_sample = len(asked) < total
    of = f"{len(asked):,} of {total:,} SKUs were asked for" if is_sample else f"{len(asked):,} SKUs"
    if not missing:
        return [ok("products", f"{of}: Plytix has all of them.")]
    more = " `--all` asks for every one." if is_sample else ""
    if len(missing) == len(asked):
        return [
            problem(
                "products",
                f"{of}: Plytix has none of them ({listed(missing)}).",
                f"Compare these SKUs with those in Plytix; --marketplace changes them.{more}",
            )
        ]
    return [
        problem(
            "products",
            f"{of}: Plytix lacks {len(missing):,} of them ({listed(missing)}).",
            f"Create them in Plytix, or let them be: a run skips and lists them.{more}",
        )
    ]


@dataclass(frozen=True, slots=True)
class Family:
    """A family, and which of its products that were looked at lack the gallery. `id` is "" for none."""

    id: str
    lacking: tuple[str, ...]


def families_lacking(answers: Iterable[ProductAnswer]) -> list[Family]:
    """The families without the gallery, of those products that were asked."""
    by_id: dict[str, list[str]] = {}
    for one in answers:
        if one.has_gallery is False:
            by_id.setdefault((one.product.family_id if one.product else None) or "", []).append(one.sku)
    return [Family(id_, tuple(skus)) for id_, skus in by_id.items()]


def family_findings(answers: Iterable[ProductAnswer], label: str) -> list[Finding]:
    """Which families lack the gallery, of those products that were asked."""
    asked = [one for one in answers if one.has_gallery is not None]
    if not asked:
        return []
    lacking = families_lacking(asked)
    if not lacking:
        count = f"{len(asked):,} products were looked at"
        return [ok("families", f"{count}: all of them have the gallery {label!r}.")]
    return [
        problem(
            "families",
            f"The gallery {label!r} {_where(family)}:"
            f" {len(family.lacking):,} of {len(asked):,} products looked at ({listed(family.lacking)}).",
            "Add the attribute to that family in Plytix: until then its products are skipped."
            if family.id
            else "Give them a family that has it: until then they are skipped.",
        )
        for family in lacking
    ]


def _where(family: Family) -> str:
    return f"is not in the family {family.id}" if family.id else "is missing where products have no family"
