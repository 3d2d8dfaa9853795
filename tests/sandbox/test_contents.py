"""Another picture goes into an asset in place, and only one of the same format."""

from typing import Any

import pytest
from sandbox.conftest import Api, FakeClock

JPEG = b"\xff\xd8\xff\xe0another picture"


def put(api: Api, asset_id: str, content: bytes = JPEG, field: str = "file") -> Any:
    files = {field: ("any.jpg", content, "image/jpeg")}
    return api("PUT", f"/assets/{asset_id}/content", files=files)


def test_name_id_and_links_stay_and_the_content_is_new(api: Api, product: str, clock: FakeClock) -> None:
    id_ = api.upload(filename="kept.jpg")
    api("POST", f"/products/{product}/assets", {"id": id_, "attribute_label": "amazon_images"})
    clock.now += 60
    answer = put(api, id_)
    assert answer.status_code == 202
    (asset,) = answer.json()["data"]
    assert (asset["id"], asset["filename"], asset["n_products"]) == (id_, "kept.jpg", 1)
    assert (asset["file_size"], asset["modified"] > asset["created"]) == (len(JPEG), True)
    assert api.gallery(product) == [id_]
    assert put(api, id_).status_code == 202


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n", b"<html>", b"", b"RIFF1234WEBP"])
def test_another_format_is_refused_and_changes_nothing(api: Api, content: bytes) -> None:
    id_ = api.upload()
    before = api.data("GET", f"/assets/{id_}")
    assert put(api, id_, content).status_code == 400
    assert api.data("GET", f"/assets/{id_}") == before


def test_only_a_form_with_a_file_for_a_known_asset_is_taken(api: Api) -> None:
    id_ = api.upload()
    assert put(api, "nobody").status_code == 404
    assert put(api, id_, field="picture").status_code == 422
    assert api("PUT", f"/assets/{id_}/content", {"url": "https://h/a.jpg"}).status_code == 400
    no_boundary = {"Content-Type": "multipart/form-data"}
    assert api("PUT", f"/assets/{id_}/content", data=JPEG, headers=no_boundary).status_code == 422
    assert api("POST", f"/assets/{id_}/content", {}).status_code == 405
