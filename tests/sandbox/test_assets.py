import re

import pytest
from sandbox.conftest import Api, FakeClock

PICTURE = "https://m.media-amazon.com/images/I/61wixnPXtlL.jpg"

DOCUMENTED = {
    "id",
    "filename",
    "url",
    "thumbnail",
    "file_type",
    "extension",
    "content_type",
    "file_size",
    "status",
    "created",
    "modified",
    "n_products",
    "n_catalogs",
    "assigned",
    "categories",
}


def test_a_url_becomes_an_asset_with_every_documented_field(api: Api) -> None:
    asset = api.data("POST", "/assets", {"url": PICTURE, "filename": "amazon_01.jpg"}, status=201)[0]
    assert set(asset) >= DOCUMENTED
    assert asset["filename"] == "amazon_01.jpg"
    assert asset["extension"] == "jpg"
    assert asset["content_type"] == "image/jpeg"
    assert asset["file_type"] == "IMAGES"
    assert asset["status"] == "ACTIVE"
    assert (asset["n_products"], asset["n_catalogs"], asset["assigned"]) == (0, 0, False)
    assert asset["categories"] == []
    assert asset["created"] == asset["modified"] == "2027-01-15T08:00:00.000+00:00"
    assert api.data("GET", f"/assets/{asset['id']}") == [asset]


def test_an_assets_url_is_plytixs_own_copy(api: Api) -> None:
    asset = api.data("POST", "/assets", {"url": PICTURE}, status=201)[0]
    assert PICTURE not in str(asset)
    assert asset["url"].endswith(asset["filename"])


def test_without_a_filename_the_urls_last_part_is_it(api: Api) -> None:
    url = "https://m.media-amazon.com/images/I/61UI%2BgsEGoL.png?x=1"
    asset = api.data("POST", "/assets", {"url": url}, status=201)[0]
    assert (asset["filename"], asset["content_type"]) == ("61UI+gsEGoL.png", "image/png")


@pytest.mark.parametrize("filename", [None, "another.jpg"])
def test_the_same_url_again_is_a_409_that_names_the_asset(api: Api, filename: str | None) -> None:
    id_ = api.upload(PICTURE, "first.jpg")
    body = {"url": PICTURE} | ({"filename": filename} if filename else {})
    answer = api("POST", "/assets", body)
    assert answer.status_code == 409
    assert answer.json() == {
        "error": {"msg": "Asset already exists", "errors": [{"field": "asset.id", "msg": id_}]}
    }
    assert len(api.sandbox.snapshot().assets) == 1


def test_the_same_name_and_content_from_another_url_is_the_same_409(api: Api) -> None:
    api.sandbox.declare_content("https://mirror.example/1.jpg", PICTURE)
    id_ = api.upload(PICTURE, "one.jpg")
    error = api.refusal(
        "POST", "/assets", {"url": "https://mirror.example/1.jpg", "filename": "one.jpg"}, status=409
    )
    assert error["errors"] == [{"field": "asset.id", "msg": id_}]


def test_the_same_name_with_other_content_is_renamed(api: Api) -> None:
    api.upload("https://a.example/1.png", "rabbit.png")
    names = [
        api.data(
            "POST", "/assets", {"url": f"https://a.example/{n}.png", "filename": "rabbit.png"}, status=201
        )[0]["filename"]
        for n in (2, 3)
    ]
    assert all(re.fullmatch(r"rabbit_[0-9a-f]{5}\.png", name) for name in names)
    assert len({"rabbit.png", *names}) == 3


def test_another_name_with_the_same_content_is_a_second_asset(api: Api) -> None:
    api.sandbox.declare_content("https://mirror.example/1.jpg", PICTURE)
    first = api.upload(PICTURE, "one.jpg")
    second = api.upload("https://mirror.example/1.jpg", "two.jpg")
    assert first != second


def test_names_that_differ_in_case_only_are_two_names(api: Api) -> None:
    api.upload("https://a.example/1.jpg", "61wiX.jpg")
    second = api.data(
        "POST", "/assets", {"url": "https://a.example/2.jpg", "filename": "61WIx.jpg"}, status=201
    )
    assert second[0]["filename"] == "61WIx.jpg"


@pytest.mark.parametrize(
    "url",
    [
        None,
        7,
        "",
        "no url",
        "ftp://a.example/1.jpg",
        "file:///etc/hostname.jpg",
        "//a.example/1.jpg",
        "https:///1.jpg",
        "http://[::1/1.jpg",
        "https://a.example:port/1.jpg",
        "https://a.example/a b.jpg",
        "https://gone.invalid/1.jpg",
        "https://a.example/list.html",
        "https://a.example/1.pdf?x=.jpg",
    ],
)
def test_a_url_that_gives_no_image_is_422_and_leaves_nothing(api: Api, url: object) -> None:
    api.refusal("POST", "/assets", {"url": url}, status=422)
    assert api.sandbox.snapshot().assets == ()


def test_a_body_without_url_is_422(api: Api) -> None:
    error = api.refusal("POST", "/assets", {"filename": "a.jpg"}, status=422)
    assert error["errors"][0]["field"] == "url"


@pytest.mark.parametrize("filename", ["", "  ", None, 7, ["a.jpg"], "a/b.jpg", "x" * 252 + ".jpg"])
def test_a_filename_that_is_none_is_422(api: Api, filename: object) -> None:
    error = api.refusal("POST", "/assets", {"url": PICTURE, "filename": filename}, status=422)
    assert error["errors"][0]["field"] == "filename"


def test_unknown_fields_are_ignored(api: Api) -> None:
    asset = api.data("POST", "/assets", {"url": PICTURE, "colour": "red"}, status=201)[0]
    assert "colour" not in asset


def test_an_asset_can_be_renamed_and_categorised(api: Api, clock: FakeClock) -> None:
    id_ = api.upload()
    clock.now += 60
    changed = api.data(
        "PATCH", f"/assets/{id_}", {"filename": "new.png", "categories": ["c1"], "nonsense": 1}
    )[0]
    assert (changed["filename"], changed["extension"], changed["categories"]) == ("new.png", "png", ["c1"])
    assert changed["modified"] > changed["created"]
    assert api.data("GET", f"/assets/{id_}") == [changed]


def test_writing_what_is_there_already_changes_nothing(api: Api, clock: FakeClock) -> None:
    id_ = api.upload(filename="a.jpg")
    before = api.data("GET", f"/assets/{id_}")
    clock.now += 60
    assert api.data("PATCH", f"/assets/{id_}", {"filename": "a.jpg"}) == before


@pytest.mark.parametrize(
    "body", [{"filename": 7}, {"categories": "c1"}, {"categories": [1]}, {"public": "yes"}]
)
def test_a_wrong_value_in_a_change_is_422(api: Api, body: dict[str, object]) -> None:
    api.refusal("PATCH", f"/assets/{api.upload()}", body, status=422)


def test_a_name_that_another_asset_has_is_409_for_a_change(api: Api) -> None:
    first = api.upload("https://a.example/1.jpg", "one.jpg")
    second = api.upload("https://a.example/2.jpg", "two.jpg")
    error = api.refusal("PATCH", f"/assets/{second}", {"filename": "one.jpg"}, status=409)
    assert error["errors"] == [{"field": "asset.id", "msg": first}]


def test_a_deleted_asset_is_gone_from_everywhere(api: Api, product: str) -> None:
    gone, kept = (api.upload(f"https://a.example/{n}.jpg") for n in (1, 2))
    api.sandbox.set_gallery("A", [gone, kept])
    api.sandbox.set_thumbnail("A", gone)
    answer = api("DELETE", f"/assets/{gone}")
    assert (answer.status_code, answer.content) == (204, b"")
    shown = api.data("GET", f"/products/{product}")[0]
    assert shown["thumbnail"] is None
    assert [asset["id"] for asset in shown["assets"]] == [kept]
    assert api.gallery(product) == [kept]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_unknown_asset_is_404(api: Api, method: str) -> None:
    api.refusal(method, "/assets/none", {}, status=404)


def test_the_url_of_a_deleted_asset_can_be_uploaded_again(api: Api) -> None:
    first = api.upload()
    api("DELETE", f"/assets/{first}")
    assert api.upload() != first


def test_an_asset_tells_on_how_many_products_it_is(api: Api) -> None:
    id_ = api.upload()
    api.sandbox.set_gallery("A", [id_])
    api.sandbox.set_thumbnail("A", id_)
    api.sandbox.set_gallery("B", [id_])
    asset = api.data("GET", f"/assets/{id_}")[0]
    assert (asset["n_products"], asset["assigned"]) == (2, True)
