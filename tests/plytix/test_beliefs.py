"""What the client believes about Plytix, verb by verb, against the sandbox over real HTTP."""

from collections.abc import Iterator
from typing import Any, TypeVar

import pytest
from attempts import RaisingTransport
from sandbox_faults import Action, Answer, DropAfterWork, DropBeforeWork, Fault, Sandbox, Transform, Truncate

from amzsync.errors import RateLimitedError, RejectedError, RetriableError, StopError, TokenError
from amzsync.plytix import client
from amzsync.plytix.auth import Credentials, Secret
from amzsync.plytix.wire import (
    AssetExistsWithoutId,
    AttributeDefinition,
    Call,
    CreatedAsset,
    LinkResult,
    PlytixAsset,
    PlytixProduct,
)
from amzsync.sandbox import RetryAfterForm

CREDENTIALS = Credentials(Secret("sandbox-key"), Secret("sandbox-password"))
GALLERY = "amazon_images"
SKU = "AMZN-US-B0A"

T = TypeVar("T")


class Account:
    """A running sandbox, and a transport with a token for it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.transport = RaisingTransport(sandbox.url, sandbox.auth_url)
        self.token = self.transport.fetch_token(CREDENTIALS).token

    def ask(self, call: Call[T]) -> T:
        return self.transport.send(call, self.token)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        sandbox.seed([SKU, "AMZN-US-B0B", "a/b?c=d &é"])
        yield sandbox


@pytest.fixture
def account(sandbox: Sandbox) -> Iterator[Account]:
    account = Account(sandbox)
    yield account
    account.transport.close()


def _one(account: Account, sku: str = SKU) -> PlytixProduct:
    return account.ask(client.search_products([sku], GALLERY)).products[0]


def _upload(account: Account, call: Call[CreatedAsset | AssetExistsWithoutId]) -> CreatedAsset:
    created = account.ask(call)
    assert isinstance(created, CreatedAsset)
    return created


# Tokens


def test_credentials_give_a_token_and_wrong_ones_stop_the_run(account: Account) -> None:
    wrong = Credentials(Secret("sandbox-key"), Secret("wrong"))
    with pytest.raises(StopError, match="401") as stop:
        account.transport.fetch_token(wrong)
    assert "PLYTIX_API_KEY" in stop.value.next_step
    assert account.transport.fetch_token(CREDENTIALS).token.reveal()


def test_an_aged_token_is_told_apart_and_a_new_one_works(sandbox: Sandbox, account: Account) -> None:
    sandbox.expire_tokens()
    with pytest.raises(TokenError):
        account.ask(client.find_attribute(GALLERY))
    account.token = account.transport.fetch_token(CREDENTIALS).token
    assert account.ask(client.find_attribute(GALLERY)) is not None


# Products


@pytest.mark.parametrize("by_groups", [False, True], ids=["in", "groups"])
def test_one_search_finds_many_products_with_all_that_a_decision_needs(
    sandbox: Sandbox, account: Account, *, by_groups: bool
) -> None:
    first, second = sandbox.add_asset("one.jpg"), sandbox.add_asset("two.jpg")
    sandbox.set_gallery(SKU, [second, first])
    sandbox.set_thumbnail(SKU, first)
    call = client.search_products([SKU, "AMZN-US-B0B", "a/b?c=d &é", "unknown"], GALLERY, by_groups=by_groups)
    page = account.ask(call)
    assert not page.is_full
    found = {product.sku: product for product in page.products}
    assert set(found) == {SKU, "AMZN-US-B0B", "a/b?c=d &é"}
    assert found[SKU].id == sandbox.product_id(SKU)
    assert found[SKU].gallery == (second, first)
    assert found[SKU].thumbnail_id == first
    assert set(found[SKU].assets or ()) >= {first, second}
    assert found["AMZN-US-B0B"].thumbnail_id is None
    assert not found["AMZN-US-B0B"].gallery


def test_a_hundred_products_fit_one_page_and_the_next_is_empty(sandbox: Sandbox, account: Account) -> None:
    skus = [f"S{number:03d}" for number in range(100)]
    sandbox.seed(skus)
    page = account.ask(client.search_products(skus, GALLERY))
    assert page.is_full
    assert sorted(product.sku for product in page.products) == skus
    assert account.ask(client.search_products(skus, GALLERY, page=2)).products == ()


def test_a_gallery_that_does_not_exist_is_rejected(account: Account) -> None:
    with pytest.raises(RejectedError, match="422"):
        account.ask(client.search_products([SKU], "no_such_gallery"))


def test_a_product_read_by_itself_says_the_same_as_the_search(sandbox: Sandbox, account: Account) -> None:
    sandbox.set_gallery(SKU, [sandbox.add_asset("one.jpg")])
    searched = _one(account)
    read = account.ask(client.read_product(searched.id, GALLERY))
    assert (read.id, read.sku, read.gallery) == (searched.id, SKU, searched.gallery)


def test_a_product_read_by_itself_tells_empty_from_outside_its_family(
    sandbox: Sandbox, account: Account
) -> None:
    family = sandbox.add_family("Books", [])
    read = client.read_product(sandbox.product_id(SKU), GALLERY)
    assert account.ask(read).gallery == ()
    sandbox.set_family(SKU, family)
    assert account.ask(read).gallery is None
    sandbox.add_to_family(family, GALLERY)
    assert account.ask(read).gallery == ()


def test_one_write_sets_gallery_and_thumbnail_and_the_answer_shows_it(
    sandbox: Sandbox, account: Account
) -> None:
    first, second = sandbox.add_asset("one.jpg"), sandbox.add_asset("two.jpg")
    product_id = sandbox.product_id(SKU)
    written = account.ask(
        client.write_product(product_id, GALLERY, gallery=[second, first], thumbnail_id=second)
    )
    assert (written.gallery, written.thumbnail_id) == ((second, first), second)
    state = sandbox.snapshot().products[SKU]
    assert (state.gallery_ids, state.thumbnail_id) == ((second, first), second)


def test_a_write_leaves_alone_what_it_does_not_name(sandbox: Sandbox, account: Account) -> None:
    first, second = sandbox.add_asset("one.jpg"), sandbox.add_asset("two.jpg")
    sandbox.set_gallery(SKU, [first, second])
    product_id = sandbox.product_id(SKU)
    account.ask(client.write_product(product_id, GALLERY, gallery=None, thumbnail_id=first))
    account.ask(client.write_product(product_id, GALLERY, gallery=[second, first], thumbnail_id=None))
    state = sandbox.snapshot().products[SKU]
    assert (state.gallery_ids, state.thumbnail_id) == ((second, first), first)


@pytest.mark.parametrize("product_id", ["000000000000000000000000", "no/such id"])
def test_an_unknown_product_is_rejected(sandbox: Sandbox, account: Account, product_id: str) -> None:
    asset_id = sandbox.add_asset("one.jpg")
    calls: tuple[Call[Any], ...] = (
        client.read_product(product_id, GALLERY),
        client.write_product(product_id, GALLERY, gallery=None, thumbnail_id=asset_id),
        client.link_asset(product_id, asset_id, GALLERY),
    )
    for call in calls:
        with pytest.raises(RejectedError, match="404"):
            account.ask(call)


# Assets


def test_an_upload_makes_an_asset_that_the_search_and_the_read_find(account: Account) -> None:
    created = _upload(account, client.upload_asset("https://images.example/I/61UI+gsEGoL.jpg", "A one.jpg"))
    assert created == CreatedAsset(created.id, "A one.jpg", existed=False)
    page = account.ask(client.search_assets(["A one.jpg", "other.jpg"]))
    assert page.assets == (PlytixAsset(created.id, "A one.jpg"),)
    assert account.ask(client.read_asset(created.id)) == PlytixAsset(created.id, "A one.jpg", uses=0)


def test_the_same_upload_again_gives_the_id_of_the_first(account: Account) -> None:
    call = client.upload_asset("https://images.example/I/1.jpg", "one.jpg")
    first, second = _upload(account, call), _upload(account, call)
    assert (second.id, second.existed) == (first.id, True)


def test_an_upload_that_was_done_and_not_answered_is_found_by_asking_again(
    sandbox: Sandbox, account: Account
) -> None:
    sandbox.faults.add(Fault("POST", "/assets", DropAfterWork(), times=1))
    call = client.upload_asset("https://images.example/I/1.jpg", "one.jpg")
    with pytest.raises(RetriableError):
        account.ask(call)
    assert _upload(account, call).existed
    assert len(sandbox.snapshot().assets) == 1


def test_a_409_without_an_id_sends_one_to_the_search(sandbox: Sandbox, account: Account) -> None:
    sandbox.faults.add(Fault("POST", "/assets", Answer(409, b'{"error":{"msg":"Asset already exists"}}')))
    call = client.upload_asset("https://images.example/I/1.jpg", "one.jpg")
    assert account.ask(call) == AssetExistsWithoutId()


def test_a_hundred_filenames_are_one_search(sandbox: Sandbox, account: Account) -> None:
    names = [f"n{number}.jpg" for number in range(100)]
    for name in names:
        sandbox.add_asset(name)
    before = sandbox.total
    page = account.ask(client.search_assets(names))
    assert page.is_full
    assert sorted(asset.filename for asset in page.assets) == sorted(names)
    assert sandbox.total == before + 1


# Links


def test_a_link_is_appended_and_a_second_one_is_there_already(sandbox: Sandbox, account: Account) -> None:
    first, second = sandbox.add_asset("one.jpg"), sandbox.add_asset("two.jpg")
    sandbox.set_gallery(SKU, [first])
    call = client.link_asset(sandbox.product_id(SKU), second, GALLERY)
    assert account.ask(call) is LinkResult.LINKED
    assert account.ask(call) is LinkResult.ALREADY_LINKED
    assert sandbox.snapshot().products[SKU].gallery_ids == (first, second)


def test_a_link_to_an_unknown_asset_is_rejected(sandbox: Sandbox, account: Account) -> None:
    with pytest.raises(RejectedError):
        account.ask(client.link_asset(sandbox.product_id(SKU), "000000000000000000000000", GALLERY))


# Attributes


def test_the_gallery_attribute_is_found_with_its_type_and_another_is_not(account: Account) -> None:
    found = account.ask(client.find_attribute(GALLERY))
    assert found == AttributeDefinition(GALLERY, "MediaGalleryAttribute")
    assert account.ask(client.find_attribute("amazon_image")) is None
    assert account.ask(client.find_attribute("AMAZON_IMAGES")) is None


# Limits and accidents


@pytest.mark.parametrize(
    ("form", "is_told"),
    [(RetryAfterForm.HEADER, True), (RetryAfterForm.BODY, True), (RetryAfterForm.NEITHER, False)],
)
def test_a_429_carries_its_wait_from_wherever_it_was_told(form: RetryAfterForm, *, is_told: bool) -> None:
    with Sandbox(limits=[(1, 30.0)], retry_after=form, clock=lambda: 1_000_000.0) as sandbox:
        account = Account(sandbox)
        with pytest.raises(RateLimitedError) as limited:
            account.ask(client.find_attribute(GALLERY))
        account.transport.close()
    wait_s = limited.value.retry_after_s
    assert (wait_s is not None) == is_told
    assert wait_s is None or 0 < wait_s <= 31


@pytest.mark.parametrize(
    "accident",
    [Answer(503, b"<html>"), Answer(200, b"<html>"), DropBeforeWork(), DropAfterWork(), Truncate()],
    ids=lambda accident: type(accident).__name__,
)
def test_after_any_accident_the_same_transport_goes_on(
    sandbox: Sandbox, account: Account, accident: Action
) -> None:
    sandbox.faults.add(Fault("POST", "/products/search", accident, times=1))
    with pytest.raises(RetriableError):
        _one(account)
    assert _one(account).sku == SKU


def test_an_announced_ending_is_noticed(sandbox: Sandbox, account: Account) -> None:
    announcement = Transform(headers={"X-Plytix-Deprecation": "POST /products/search ends in 2027"})
    sandbox.faults.add(Fault("POST", "/products/search", announcement))
    _one(account)
    assert account.transport.observed.deprecations == {"POST /products/search ends in 2027"}
