"""The entry points that make an account ready for its first run. Each writes only what its name says."""

from amzsync.executor.context import Asked, RunContext
from amzsync.executor.run import ask
from amzsync.executor.scripts.setup import make_gallery, put_into_family, some_skus
from amzsync.plytix.wire import AttributeDefinition

__all__ = ["add_gallery_to_family", "create_gallery", "find_some_skus"]


def find_some_skus(context: RunContext) -> Asked[tuple[str, ...]]:
    """Whichever products there are, a hundred at most. Reads only."""
    return ask(context, lambda _shared: iter([some_skus()]))


def create_gallery(context: RunContext) -> Asked[AttributeDefinition]:
    """Create the gallery's attribute; its label may come out as another one."""
    label = context.gallery_label
    name = " ".join(word.capitalize() for word in label.replace("_", " ").split())
    return ask(context, lambda _shared: iter([make_gallery(name, label)]))


def add_gallery_to_family(context: RunContext, family_id: str) -> Asked[bool]:
    """Add the gallery's attribute to a family."""
    return ask(context, lambda _shared: iter([put_into_family(family_id, context.gallery_label)]))
