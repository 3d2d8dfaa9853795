"""Families: which attributes a product can have at all (plytix-api, Attributes).

A product without a family can have every attribute.
"""

from collections.abc import Mapping

from amzsync.sandbox.account import Account, invalid, json_object, not_found
from amzsync.sandbox.messages import Reply, Request, data
from amzsync.sandbox.state import Attribute
from amzsync.sandbox.store import Store

NOT_IN_FAMILY = "The attribute does not belong to the product's family."


def attributes_of(store: Store, product_id: str) -> Mapping[str, Attribute]:
    """The attributes that this product can have, by label."""
    attributes = store.attributes()
    family = store.families_of([product_id]).get(product_id)
    if family is None:
        return attributes
    labels = store.family_labels(family)
    return {label: attribute for label, attribute in attributes.items() if label in labels}


def all_attributes(account: Account, ids: tuple[str, ...], _request: Request) -> Reply:
    """`GET /product_families/{id}/all_attributes`."""
    store = account.store
    with store.lock:
        _check_exists(store, ids[0])
        labels = store.family_labels(ids[0])
        return data(
            *(
                {"id": one.id, "label": one.label, "name": one.name, "type_class": one.type_class}
                for one in store.attributes().values()
                if one.label in labels
            )
        )


def link(account: Account, ids: tuple[str, ...], request: Request) -> Reply:
    """`POST /product_families/{id}/attributes/link`: add these labels."""
    labels = json_object(request).get("attributes")
    store = account.store
    with store.transaction():
        _check_exists(store, ids[0])
        if not isinstance(labels, list) or not labels or not all(isinstance(label, str) for label in labels):
            raise invalid("attributes", "Must be a list of labels.")
        unknown = [label for label in labels if label not in store.attributes()]
        if unknown:
            raise invalid("attributes", f"Unknown attribute: {unknown[0]}")
        store.add_to_family(ids[0], labels)
    return data({"id": ids[0]})


def _check_exists(store: Store, id_: str) -> None:
    if not store.has_family(id_):
        raise not_found("Family", id_)
