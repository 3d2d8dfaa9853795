"""The importer for assets: each line has the name of one, which no other line may have."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from amzsync.sandbox import assets
from amzsync.sandbox.account import Account
from amzsync.sandbox.behaviour import Unreachable
from amzsync.sandbox.import_lines import BadFileError, BadLineError
from amzsync.sandbox.import_result import AssetMode, Tally
from amzsync.sandbox.import_store import replace_asset, set_alt_text
from amzsync.sandbox.messages import Refusal
from amzsync.sandbox.state import Asset

NAME, URL, CATEGORY, ALT_TEXT = "Asset name", "Asset URL", "Category", "Alt text"


class AssetImporter:
    """Takes lines one by one."""

    def __init__(self, account: Account, mode: AssetMode, tally: Tally) -> None:
        self._account = account
        self._mode = mode
        self._tally = tally
        self._names: set[str] = set()

    def begin(self, heading: Sequence[str]) -> None:
        """Find out whether a file has the columns that it needs, and no other ones."""
        if NAME not in heading:
            raise BadFileError(f"The column {NAME} is missing.")
        for column in heading:
            if column not in (NAME, URL, CATEGORY, ALT_TEXT):
                raise BadFileError(f"There is no column {column[:100]!r} for assets.")

    def take(self, cells: Mapping[str, str]) -> None:
        """Add or update one asset, as far as the mode allows."""
        name, account = cells[NAME], self._account
        try:
            assets.checked_filename(name)
        except Refusal:
            raise BadLineError(f"{name[:100]!r} cannot be the name of an asset.") from None
        if name in self._names:
            raise BadLineError(f"The name {name[:100]!r} is there twice.")
        self._names.add(name)
        known = next(iter(account.store.assets_named(name)), None)
        if self._mode is (AssetMode.ONLY_NEW if known else AssetMode.ONLY_UPDATE):
            self._tally.passed_over += 1
            return
        asset = self._asset(name, cells, known)
        if known:
            replace_asset(account.store, asset)
            self._tally.assets_updated += 1
        else:
            account.store.add_asset(asset)
            self._tally.assets_added += 1
        if cells.get(ALT_TEXT):
            set_alt_text(account.store, asset.id, cells[ALT_TEXT])

    def _asset(self, name: str, cells: Mapping[str, str], known: Asset | None) -> Asset:
        url = cells.get(URL) or (known.source_url if known else "")
        if not url:
            raise BadLineError(f"The new asset {name[:100]!r} has no {URL}.")
        try:
            content_type = assets.content_type_at(url, Unreachable.REFUSED)
        except Refusal:
            raise BadLineError(f"No image can be downloaded from {url[:200]!r}.") from None
        asset = assets.new_asset(self._account, name, url, content_type)
        if known:
            asset = replace(asset, id=known.id, created=known.created, categories=known.categories)
        return replace(asset, categories=(cells[CATEGORY],)) if cells.get(CATEGORY) else asset
