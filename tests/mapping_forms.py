"""One catalogue in every form in which a mapping may come."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from openpyxl import Workbook

from amzsync.domain.product import MARKETPLACE_IDS, Product

__some_ = ["FORMS", "VARIANTS", "csv_text", "workbook"]

US = MARKETPLACE_IDS["US"]
VARIANTS = ("MAIN", *(f"PT{number:02d}" for number in range(1, 9)), "SWATCH")
"""Those that every form can name, in the order of its columns."""

Row = Sequence[object]
_FLAT = ("amazon_image_main", *(f"amazon_image_variant_{n}" for n in range(1, 9)), "amazon_image_swatch")
_OLD = ("main_image_url", *(f"other_image_url{n}" for n in range(1, 9)), "swatch_image_url")
_NEW = tuple(
    f"{name}[marketplace_id={US}]#1.media_location"
    for name in (
        "main_product_image_locator",
        *(f"other_product_image_locator_{n}" for n in range(1, 9)),
        "swatch_product_image_locator",
    )
)
_SETTINGS = f"settings=attributeRow=5&dataRow=7&labelRow=4&primaryMarketplaceId=amzn1.mp.o.{US}"


def asin(product: Product) -> str:
    return product.sku.removeprefix("AMZN-US-")


def csv_text(rows: Sequence[Row], delimiter: str = ",", end: str = "\r\n") -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)
    return text.getvalue()


def workbook(sheets: Mapping[str, Sequence[Row]]) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _listed(products: Sequence[Product]) -> list[dict[str, Any]]:
    return [
        {
            "suggested_sku": one.sku,
            "title": one.title,
            "is_parent": one.is_parent,
            "amazon_images": [{"link": ref.url, "variant": ref.variant} for ref in one.images],
        }
        for one in products
    ]


def _items(products: Sequence[Product]) -> list[dict[str, Any]]:
    return [
        {
            "asin": asin(one),
            "images": [
                {
                    "marketplaceId": US,
                    "images": [{"variant": ref.variant, "link": ref.url} for ref in one.images],
                }
            ],
            "summaries": [
                {
                    "marketplaceId": US,
                    "itemName": one.title,
                    "itemClassification": "VARIATION_PARENT" if one.is_parent else "BASE_PRODUCT",
                }
            ],
        }
        for one in products
    ]


def _flat(products: Sequence[Product]) -> list[dict[str, Any]]:
    return [
        {
            "amazon_asin": asin(one),
            "amazon_title": one.title,
            "item_classification": "VARIATION_PARENT" if one.is_parent else None,
            **dict(zip(_FLAT, _by_variant(one), strict=True)),
        }
        for one in products
    ]


def _by_variant(product: Product) -> list[str | None]:
    urls = {ref.variant: ref.url for ref in product.images}
    return [urls.get(variant) for variant in VARIANTS]


def _lines(entries: Sequence[object]) -> str:
    return "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)


def _long(products: Sequence[Product]) -> Iterator[Row]:
    yield "SKU", "Title", "is_parent", "variant", "URL"
    for one in products:
        about = one.sku, one.title, one.is_parent
        yield from ((*about, ref.variant, ref.url) for ref in one.images)
        if not one.images:
            yield *about, "", ""


def _wide(products: Sequence[Product], names: Sequence[str]) -> Iterator[Row]:
    yield "note", "asin", "title", "parent_child", *names
    for one in products:
        parentage = "Parent" if one.is_parent else "Child"
        yield "", asin(one), one.title, parentage, *_by_variant(one)


def _old_template(products: Sequence[Product]) -> Iterator[Row]:
    yield "TemplateType=fptcustom", "Version=2021.1014", "The top 3 rows are for Amazon.com use only."
    yield "Seller SKU", "Product ID", "Product ID Type", "Title", "Parentage", "Main Image URL"
    yield "item_sku", "external_product_id", "external_product_id_type", "item_name", "parent_child", *_OLD
    for one in products:
        parentage = "Parent" if one.is_parent else "Child"
        yield "S-1", asin(one), "ASIN", one.title, parentage, *_by_variant(one)


def _new_template(products: Sequence[Product]) -> Iterator[Row]:
    name = f"item_name[marketplace_id={US}][language_tag=en_US]#1.value"
    parentage = f"parentage_level[marketplace_id={US}]#1.value"
    yield _SETTINGS, "Images"
    yield "Use ENGLISH to fill this template.", ""
    yield "Listing Identity", ""
    yield "SKU", "Product Id Type", "Product Id", "Item Name", "Parentage Level", "Main Image URL"
    ids = "amzn1.volt.ca.product_id_type", "amzn1.volt.ca.product_id_value"
    yield "contribution_sku#1.value", *ids, name, parentage, *_NEW
    yield "ABC123", "ASIN", "B0EXAMPLE0", "An example", "Parent", "https://www.example.com/example.jpg"
    for one in products:
        level = "Parent" if one.is_parent else ""
        yield f"S-{one.sku}", "ASIN", asin(one), one.title, level, *_by_variant(one)


FORMS: Mapping[str, Callable[[Sequence[Product]], bytes]] = {
    "export": lambda some: json.dumps(
        {"matched": _listed(some[::2]), "variants": _listed(some[1::2])}
    ).encode(),
    "list of flat fields": lambda some: json.dumps(_flat(some), ensure_ascii=False, indent=1).encode(),
    "search of the SP-API": lambda some: json.dumps({"numberOfResults": 1, "items": _items(some)}).encode(),
    "pages of searches": lambda some: json.dumps(
        [{"items": _items(some[:7])}, {"items": _items(some[7:])}]
    ).encode(),
    "JSON Lines of products": lambda some: _lines(_listed(some)).encode(),
    "JSON Lines of items": lambda some: _lines(_items(some)).encode("utf-8-sig"),
    "long CSV": lambda some: csv_text([*_long(some)]).encode(),
    "long CSV with semicolons": lambda some: csv_text([*_long(some)], ";").encode("utf-8-sig"),
    "long TSV": lambda some: csv_text([*_long(some)], "\t", "\n").encode(),
    "wide CSV of flat fields": lambda some: csv_text([*_wide(some, _FLAT)]).encode("utf-8-sig"),
    "wide CSV with semicolons": lambda some: csv_text([*_wide(some, _OLD)], ";", "\n").encode(),
    "old flat file": lambda some: csv_text([*_old_template(some)], "\t").encode(),
    "new flat file": lambda some: csv_text([*_new_template(some)], "\t").encode("utf-8-sig"),
    "long XLSX": lambda some: workbook({"Sheet1": [*_long(some)]}),
    "template XLSX": lambda some: workbook(
        {"Instructions": [("Read me", "first")], "Template": [*_new_template(some)]}
    ),
}
