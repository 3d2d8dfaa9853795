import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from sandbox.conftest import Api
from sandbox_faults import Sandbox

from amzsync.errors import SandboxError
from amzsync.sandbox import AssetState, TypeClass


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "account.db"


def test_a_seeded_product_that_exists_stays_as_it_is(api: Api, product: str) -> None:
    api.sandbox.set_gallery("A", [api.upload()])
    api.sandbox.seed(["A", "D"])
    snapshot = api.sandbox.snapshot()
    assert list(snapshot.products) == ["A", "B", "C", "D"]
    assert snapshot.products["A"].id == product
    assert len(snapshot.products["A"].gallery) == 1


def test_skus_that_differ_in_case_only_are_two_products(api: Api) -> None:
    api.sandbox.seed(["a"])
    assert {"a", "A"} <= set(api.sandbox.snapshot().products)


def test_a_snapshot_tells_pictures_by_name_and_by_id(api: Api) -> None:
    main = api.upload("https://a.example/1.jpg", "main.jpg")
    other = api.sandbox.add_asset("by_hand.jpg")
    api.sandbox.set_gallery("A", [other, main])
    api.sandbox.set_thumbnail("A", main)
    snapshot = api.sandbox.snapshot()
    state = snapshot.products["A"]
    assert (state.thumbnail, state.thumbnail_id) == ("main.jpg", main)
    assert (state.gallery, state.gallery_ids) == (("by_hand.jpg", "main.jpg"), (other, main))
    assert state.linked_ids == {main, other}
    assert snapshot.assets[0] == AssetState(main, "main.jpg", "https://a.example/1.jpg")
    assert snapshot.pictures["A"] == ("main.jpg", ("by_hand.jpg", "main.jpg"))
    assert snapshot.pictures["B"] == (None, ())


def test_a_snapshot_does_not_follow_later_changes(api: Api) -> None:
    before = api.sandbox.snapshot()
    api.sandbox.set_gallery("A", [api.sandbox.add_asset("1.jpg")])
    assert before.products["A"].gallery == ()


def test_a_person_can_delete_and_clear(api: Api) -> None:
    picture = api.sandbox.add_asset("1.jpg")
    api.sandbox.set_gallery("A", [picture])
    api.sandbox.set_thumbnail("A", picture)
    api.sandbox.set_thumbnail("A", None)
    assert api.sandbox.snapshot().pictures["A"] == (None, ("1.jpg",))
    api.sandbox.delete_asset(picture)
    assert api.sandbox.snapshot().pictures["A"] == (None, ())
    api.sandbox.delete_product("A")
    assert "A" not in api.sandbox.snapshot().products


def test_a_person_cannot_do_things_to_what_is_not_there(api: Api) -> None:
    deeds: tuple[Callable[[], object], ...] = (
        lambda: api.sandbox.set_gallery("A", ["none"]),
        lambda: api.sandbox.set_gallery("none", []),
        lambda: api.sandbox.set_gallery("A", [], label="no_such_label"),
        lambda: api.sandbox.delete_asset("none"),
        lambda: api.sandbox.delete_product("none"),
    )
    for deed in deeds:
        with pytest.raises(KeyError):
            deed()


def test_further_galleries_can_be_defined(api_of: Callable[..., Api]) -> None:
    api = api_of(gallery_labels=("amazon_images", "web_images"))
    label = api.sandbox.add_attribute("Print Images", TypeClass.MEDIA_GALLERY)
    api.sandbox.seed(["A"])
    picture = api.sandbox.add_asset("1.jpg")
    for name in ("web_images", label):
        api.sandbox.set_gallery("A", [picture], label=name)
    wanted = ["attributes.web_images", "attributes.print_images", "attributes.amazon_images"]
    (row,) = api.search("products", [], *wanted)
    assert set(row["attributes"]) == {"web_images", "print_images"}


def test_the_state_in_a_file_outlives_a_stop(api_of: Callable[..., Api], path: Path) -> None:
    api = api_of(path=path)
    api.sandbox.seed(["A"])
    picture = api.upload()
    api.data("POST", "/attributes/product", {"name": "Colour", "type_class": "TextAttribute"}, status=201)
    body = {"thumbnail": {"id": picture}, "attributes": {"amazon_images": [{"id": picture}], "colour": "red"}}
    api.data("PATCH", f"/products/{api.sandbox.product_id('A')}", body)
    before = api.sandbox.snapshot()
    api.sandbox.stop()
    api.sandbox.start()
    assert api.sandbox.snapshot() == before
    (shown,) = api.data("GET", f"/products/{before.products['A'].id}")  # The token is good still.
    assert shown["attributes"]["colour"] == "red"


SERVE = """
import sys, time
from pathlib import Path
from amzsync.sandbox import Sandbox, SandboxSettings
with Sandbox(SandboxSettings(path=Path(sys.argv[1]), limits=((9, 3600.0),))) as sandbox:
    sandbox.seed(["A"])
    print(sandbox.url, sandbox.auth_url, flush=True)
    time.sleep(600)
"""


def test_what_was_answered_outlives_a_kill(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", SERVE, path], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url, auth_url = server.stdout.readline().split()
            with pytest.raises(SandboxError, match="in use by another process"):
                Sandbox(path).start()
            with requests.Session() as session:
                credentials = {"api_key": "sandbox-key", "api_password": "sandbox-password"}
                token = session.post(auth_url, json=credentials, timeout=10).json()["data"][0]["access_token"]
                session.headers["Authorization"] = f"Bearer {token}"
                answers = [
                    session.post(f"{url}/assets", json={"url": f"https://a.example/{n}.jpg"}, timeout=10)
                    for n in range(9)
                ]
        finally:
            server.kill()
    assert [answer.status_code for answer in answers] == [201] * 8 + [429]
    with Sandbox(path, limits=((9, 3600.0),)) as again:
        assert len(again.snapshot().assets) == 8
        assert list(again.snapshot().products) == ["A"]
        refused = requests.post(again.auth_url, json=credentials, timeout=10)
        assert refused.status_code == 429


def test_a_file_of_another_program_is_refused_untouched(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE notes (text)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(SandboxError, match="another program"):
        Sandbox(path).start()
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"this is no database " * 400, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_refused_untouched(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(SandboxError, match="cannot be used") as refused:
        Sandbox(path).start()
    assert refused.value.next_step
    assert path.read_bytes() == content


def test_a_damaged_file_is_refused(path: Path) -> None:
    with Sandbox(path) as sandbox:
        sandbox.seed(f"S{n}" for n in range(2000))
    content = bytearray(path.read_bytes())
    content[8192:40960] = b"\xaa" * 32768
    path.write_bytes(content)
    with pytest.raises(SandboxError, match="cannot be used"):
        Sandbox(path).start()


@pytest.mark.parametrize("place", ["", "missing/account.db"])
def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises(SandboxError) as refused:
        Sandbox(tmp_path / place).start()
    assert refused.value.next_step


def test_a_file_serves_one_sandbox_at_a_time(path: Path) -> None:
    with Sandbox(path), pytest.raises(SandboxError, match="in use"):
        Sandbox(path).start()
    with Sandbox(path) as sandbox:
        assert sandbox.snapshot().assets == ()


def test_a_taken_port_is_refused_and_the_file_let_go(path: Path) -> None:
    with Sandbox() as first:
        port = int(first.url.split(":")[2].split("/")[0])
        with pytest.raises(SandboxError, match=str(port)):
            Sandbox(path, port=port).start()
    with Sandbox(path, port=port) as second:
        assert f":{port}/" in second.url


def test_a_sandbox_that_does_not_run_says_so() -> None:
    sandbox = Sandbox()
    for ask in (lambda: sandbox.url, lambda: sandbox.auth_url, sandbox.snapshot, lambda: sandbox.seed(["A"])):
        with pytest.raises(SandboxError, match="not running"):
            ask()


def test_start_and_stop_can_be_repeated(path: Path) -> None:
    sandbox = Sandbox(path)
    sandbox.stop()
    for _ in range(2):
        assert sandbox.start() is sandbox
        assert sandbox.start() is sandbox
        sandbox.stop()
        sandbox.stop()


def test_many_threads_get_what_they_asked_for(api: Api) -> None:
    problems = []

    def work(worker: int) -> None:
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {api.token}"
            for n in range(10):
                url = f"https://a.example/{worker}-{n}.jpg"
                answer = session.post(f"{api.sandbox.url}/assets", json={"url": url}, timeout=10)
                if answer.json()["data"][0]["filename"] != f"{worker}-{n}.jpg":
                    problems.append(answer.text)

    workers = [threading.Thread(target=work, args=(worker,)) for worker in range(16)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not problems
    assert len({asset.id for asset in api.sandbox.snapshot().assets}) == 160
