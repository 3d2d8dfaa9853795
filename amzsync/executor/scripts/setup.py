"""Makes an account ready, one request at a time, each of which a person has agreed to."""

from amzsync.errors import PlytixError
from amzsync.executor.scheduler.script import Script, Send
from amzsync.executor.scripts.survey import as_stop
from amzsync.plytix.account_setup import create_gallery, first_products, link_to_family
from amzsync.plytix.client import find_attribute
from amzsync.plytix.wire import AttributeDefinition

__all__ = ["make_gallery", "put_into_family", "some_skus"]


def some_skus() -> Script[tuple[str, ...]]:
    """The SKUs of up to a hundred products, whichever come first.

    Raises:
        StopError: they could not be asked for.
    """
    try:
        sent = yield Send(first_products())
    except PlytixError as error:
        raise as_stop(error) from None
    return tuple(product.sku for product in sent.value.products)


def make_gallery(name: str, label: str) -> Script[AttributeDefinition]:
    """Create a media gallery, and read it back: its label is the one that Plytix has made.

    Raises:
        StopError: it was refused, or cannot be read back.
    """
    try:
        created = yield Send(create_gallery(name, label))
        made = created.value.label if created.value else label
        found = yield Send(find_attribute(made))
    except PlytixError as error:
        raise as_stop(error) from None
    if found.value is None:
        raise as_stop(PlytixError(f"Plytix has accepted the attribute {made!r}, but does not show it."))
    definition: AttributeDefinition = found.value
    return definition


def put_into_family(family_id: str, label: str) -> Script[bool]:
    """Add an attribute to a family; true.

    Raises:
        StopError: it was refused.
    """
    try:
        yield Send(link_to_family(family_id, label))
    except PlytixError as error:
        raise as_stop(error) from None
    return True
