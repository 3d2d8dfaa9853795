"""README.txt of an export for Plytix's importers: the five steps, and what an import replaces."""

from collections.abc import Iterator

from amzsync.views.console import count_text, plain, plural
from amzsync.views.import_files import Written
from amzsync.views.import_folder import FIRST_LINE

__all__ = ["readme"]


def readme(written: Written, *, made_at: str, refresh: str, apply: str) -> str:
    """The page as text; `refresh` and `apply` are commands to type."""
    return "\n".join(_lines(written, made_at, refresh, apply)) + "\n"


def _lines(written: Written, made_at: str, refresh: str, apply: str) -> Iterator[str]:
    gallery = plain(written.gallery)
    assets, products, galleries, left_out = written.files
    yield from (FIRST_LINE, "")
    yield f"Made at {made_at}, from what the ledger knew then."
    yield f"{plural(written.assets, 'new asset')}, galleries of"
    yield f"{plural(written.products + written.galleries, 'product')}."
    yield from ("", "BEFORE THE IMPORT", "")
    yield f"The import replaces the whole gallery {gallery} of each product in the files,"
    yield "and its thumbnail: what people have put there since Plytix was read last would be"
    yield "gone. So read Plytix, and export again, if that was not today:"
    yield from ("", f"    {refresh}", "")
    if written.unread:
        yield f"{plural(written.unread, 'product')} in these files {_have(written.unread)} NEVER been read."
        yield ""
    if written.left_out_total:
        number = written.left_out_total
        yield f"{plural(number, 'product')} {_be(number)} not in these files; {_list(left_out)} says why."
        yield "amzsync apply works on them as usual, and keeps what others have put there."
        yield ""
    yield "Do not run amzsync apply between the export and the end of the import. Do not save"
    yield "these files in a spreadsheet: that changes SKUs with leading zeros, for example."
    yield from ("", "THE IMPORT, IN FIVE STEPS", "")
    yield from _steps(_list(assets), _list((*products, *galleries)), gallery, apply)
    yield from ("", "AFTERWARDS", "")
    yield "What the import has made belongs to no run of amzsync: undo and prune leave it alone,"
    yield "and what such a gallery lacks later is appended by amzsync apply."


def _steps(assets: str, products: str, gallery: str, apply: str) -> Iterator[str]:
    yield "1. In Plytix, open the import of Assets, and choose"
    yield f"   {assets}."
    yield "2. Match the columns by their names, choose to add new assets only, and start."
    yield "   Wait until all are there. An empty Category or Alt text sets none."
    yield "3. Open the import of Products, and choose"
    yield f"   {products}."
    yield f"4. Match SKU, {gallery} and Thumbnail (if it is there) with the attributes of the"
    yield '   same name, choose to "update" existing products only, and start. Wait until it'
    yield "   is done."
    yield "5. Let amzsync find what is there now, and do what is left:"
    yield from ("", f"    {apply}")


def _list(files: tuple[str, ...]) -> str:
    """`assets-1.csv`, `assets-1.csv to assets-7.csv, one after the other`."""
    if not files:
        return "nothing: there is no such file this time"
    kinds: dict[str, list[str]] = {}
    for name in files:
        kinds.setdefault(name.rpartition("-")[0], []).append(name)
    return ", ".join(
        several[0]
        if len(several) == 1
        else f"{several[0]} to {several[-1]} ({count_text(len(several))} files)"
        for several in kinds.values()
    )


def _have(number: int) -> str:
    return "has" if number == 1 else "have"


def _be(number: int) -> str:
    return "is" if number == 1 else "are"
