"""Images that have changed at their addresses or are gone, as people and programs are told of them."""

from typing import TYPE_CHECKING

from amzsync.domain.picture_look import FoundPicture, PictureLook
from amzsync.views.console import count_text, foreign, own, plural
from amzsync.views.names import NameList

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["picture_fields", "render_pictures"]

_NAMES_SHOWN = 10


def render_pictures(view: PictureLook, console: "Console") -> None:
    """A line for each kind of answer."""
    console.print(own(f"Looked at {plural(view.looked, 'image')} at Amazon: {_summary(view)}."))
    for title, entries, style in (
        ("Another picture at the same address", view.changed, "yellow"),
        ("No picture there any more, left in Plytix", view.gone, "yellow"),
    ):
        if entries:
            console.print(NameList(title, _names(entries), len(entries), style))
    failed = view.unanswered + view.left
    if failed:
        line = own(f"{plural(failed, 'image')} could not be looked at", "yellow")
        console.print(
            line.append(": ").append_text(foreign(view.reason)) if view.reason else line.append(".")
        )


def picture_fields(view: PictureLook | None) -> dict[str, object]:
    """For JSON: null where nothing was asked."""
    if view is None:
        return {"pictures": None}
    return {
        "pictures": {
            "looked": view.looked,
            "first": view.first,
            "changed": _entries(view.changed),
            "gone": _entries(view.gone),
            "unanswered": view.unanswered,
            "not_asked": view.left,
        }
    }


def _summary(view: PictureLook) -> str:
    known = f"{count_text(len(view.changed))} changed"
    return f"{known}, {count_text(view.first)} for the first time" if view.first else known


def _names(entries: tuple[FoundPicture, ...]) -> list[str]:
    return [f"{next(iter(one.skus), '')} ({one.url.rpartition('/')[2]})" for one in entries[:_NAMES_SHOWN]]


def _entries(entries: tuple[FoundPicture, ...]) -> list[dict[str, object]]:
    return [{"url": one.url, "skus": list(one.skus)} for one in entries]
