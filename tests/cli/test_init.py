"""`amzsync init`: asked, tried, written; and nothing secret is ever shown."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli.fixtures import FAST, KEY, PASSWORD, Setup, flat
from cli.terminal import Result, amzsync
from sandbox_faults import Answer, DropAfterWork, Fault, Sandbox

from amzsync.folders import config_folders
from amzsync.sandbox.state import TypeClass

QUESTIONS = 3
"""Name, gallery, place: before the secrets."""


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("amzsync.cli.account_trial.OUTAGE_S", 0.2)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """What is typed while nothing is shown; the environment tells addresses alone."""

    def type_in(key: str, password: str) -> None:
        answers = iter([key, password])
        monkeypatch.setattr("getpass.getpass", lambda *_, **__: next(answers))
        for name in ("PLYTIX_API_KEY", "PLYTIX_API_PASSWORD"):
            monkeypatch.delenv(name, raising=False)

    return type_in


def own_file() -> Path:
    return next(iter(config_folders())) / "plytix_config.json"


def accounts(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))["accounts"]


def init(*more: object, answers: str = "") -> Result:
    return amzsync("init", *more, answer=answers)


def test_what_is_answered_is_written_and_the_commands_it_names_work(
    setup: Setup, typed: Callable[[str, str], None]
) -> None:
    mapping = setup.mapping([flat("BOOT", "a", "b")])
    typed(KEY, PASSWORD)
    ran = init(answers="\n\n\n")
    assert ran.code == 0
    assert accounts(own_file())["production"]["api_key"] == KEY
    assert own_file().stat().st_mode & 0o777 == 0o600
    named = [line.partition(": ")[2] for line in ran.out.splitlines() if line.startswith("Next")]
    assert named == ["amzsync doctor FILE", "amzsync plan FILE --limit 3", "amzsync apply FILE --limit 3"]
    for command in named:
        words = [str(mapping) if word == "FILE" else word for word in command.split()[1:]]
        consent = ["--yes"] if words[0] == "apply" else []
        assert amzsync(*words, *consent, *FAST).code == 0
    assert len(setup.sandbox.snapshot().products["BOOT"].gallery) == 2
    assert KEY not in ran.out + ran.err
    assert PASSWORD not in ran.out + ran.err


def test_elsewhere_and_under_another_name_the_commands_say_so(
    setup: Setup, typed: Callable[[str, str], None]
) -> None:
    mapping = setup.mapping([flat("BOOT", "a")])
    typed(KEY, PASSWORD)
    (setup.folder / "accounts.json").write_text('{"accounts": {"first": {}}}', encoding="utf-8")
    setup.sandbox.add_attribute("Other images", TypeClass.MEDIA_GALLERY)
    ran = init(answers="shop\nother_images\naccounts.json\n")
    assert ran.code == 0
    (command, *_) = [line.partition(": ")[2] for line in ran.out.splitlines() if line.startswith("Next")]
    path = setup.folder / "accounts.json"
    given = f"--gallery other_images --config {path} --plytix-account shop"
    assert command == f"amzsync doctor FILE {given}"
    words = [str(mapping) if word == "FILE" else word for word in command.split()[1:]]
    assert amzsync(*words, *FAST).code == 0
    assert accounts(setup.folder / "accounts.json")["first"] == {}


def test_a_script_takes_options_and_environment(setup: Setup) -> None:
    path = setup.folder / "config" / "plytix_config.json"
    ran = amzsync("init", "--yes", "--config", path, "--plytix-account", "shop")
    assert (ran.code, accounts(path)["shop"]["api_password"]) == (0, PASSWORD)
    assert accounts(path)["shop"]["api_url"] == setup.sandbox.url
    assert "amzsync doctor FILE --plytix-account shop" in ran.out, "the environment would come first"
    assert dict(setup.sandbox.counts) == {
        "POST /auth/api/get-token": 1,
        "POST /assets/search": 1,
        "POST /attributes/product/search": 1,
        "POST /products/search": 1,
    }


def test_a_script_without_consent_or_credentials_is_told_what_to_do(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = amzsync("init")
    assert (ran.code, "add --yes" in ran.err) == (2, True)
    monkeypatch.delenv("PLYTIX_API_PASSWORD")
    ran = amzsync("init", "--yes")
    assert ran.code == 1
    assert ran.error_text.startswith("There is no API password: PLYTIX_API_PASSWORD is not set.")
    assert not own_file().exists()
    assert not setup.sandbox.total


@pytest.mark.usefixtures("setup")
def test_a_script_replaces_no_account() -> None:
    assert amzsync("init", "--yes").code == 0
    before = own_file().read_bytes()
    ran = amzsync("init", "--yes")
    assert ran.code == 1
    assert "has an account 'production' already" in ran.error_text
    assert amzsync("init", "--yes", "--plytix-account", "second").code == 0
    assert [*accounts(own_file())] == ["production", "second"]
    assert accounts(own_file())["production"] == json.loads(before)["accounts"]["production"]


@pytest.mark.usefixtures("setup")
@pytest.mark.parametrize(("answer", "key"), [("n", "old"), ("", "old"), ("y", KEY)])
def test_an_account_is_replaced_only_after_a_yes(
    answer: str, key: str, typed: Callable[[str, str], None]
) -> None:
    own_file().parent.mkdir(parents=True)
    own_file().write_text(json.dumps({"accounts": {"production": {"api_key": "old"}}}), encoding="utf-8")
    typed(KEY, PASSWORD)
    ran = init(answers=f"\n\n\n{answer}\n")
    assert ran.code == (0 if answer == "y" else 1)
    assert accounts(own_file())["production"]["api_key"] == key


def test_wrong_credentials_are_named_never_shown_and_nothing_is_written(
    setup: Setup, typed: Callable[[str, str], None]
) -> None:
    typed(KEY, "not-the-password")
    setup.sandbox.seed(["BOOT"])
    ran = init(answers="\n\n\n")
    assert ran.code == 1
    assert "Credentials not valid" in ran.err
    assert "Nothing was written." in ran.err
    assert not own_file().exists()
    for secret in ("not-the-password", KEY):
        assert secret not in ran.out + ran.err


@pytest.mark.parametrize("path", ["/auth/api/get-token", "/assets/search"])
def test_where_plytix_does_not_answer_nothing_is_written(
    path: str, setup: Setup, typed: Callable[[str, str], None]
) -> None:
    setup.sandbox.faults.add(Fault("POST", path, Answer(503), times=None))
    typed(KEY, PASSWORD)
    ran = init(answers="\n\n\n")
    assert (ran.code, own_file().exists()) == (1, False)


def test_nothing_typed_or_the_end_of_the_input_writes_nothing(
    setup: Setup, typed: Callable[[str, str], None]
) -> None:
    typed("", "")
    ran = init(answers="\n\n\n")
    assert (ran.code, ran.err.strip().endswith("Nothing was written.")) == (1, True)
    ran = init(answers="shop\n")
    assert (ran.code, "The input ended" in ran.err) == (1, True)
    assert init(answers="sandbox\n").code == 1
    assert not setup.sandbox.total


def test_ctrl_c_at_a_question_writes_nothing(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.delenv("PLYTIX_API_KEY")
    monkeypatch.setattr("getpass.getpass", interrupt)
    ran = init(answers="\n\n\n")
    assert (ran.code, own_file().exists(), setup.sandbox.total) == (130, False, 0)


@pytest.fixture
def bare(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """An account without any gallery, with a product in a family and one in none."""
    with Sandbox(limits=(), api_key=KEY, api_password=PASSWORD, gallery_labels=()) as sandbox:
        sandbox.seed(["BOOT", "SHOE", "SOCK"])
        for sku, family in (("BOOT", "Boots"), ("SHOE", "Shoes")):
            sandbox.set_family(sku, sandbox.add_family(family))
        monkeypatch.setenv("PLYTIX_API_URL", sandbox.url)
        monkeypatch.setenv("PLYTIX_AUTH_URL", sandbox.auth_url)
        assert setup
        yield sandbox


def test_a_missing_gallery_is_made_and_put_into_the_families_that_are_agreed_to(bare: Sandbox) -> None:
    ran = init(answers="\n\n\ny\ny\nn\n")
    assert ran.code == 3, "one family still lacks it"
    assert bare.counts["POST /attributes/product"] == 1
    assert bare.counts["POST /product_families/{id}/attributes/link"] == 1
    assert "The media gallery 'amazon_images' is there now." in ran.err
    assert "is not in the family" in ran.err
    assert own_file().exists()


def test_nothing_is_made_without_a_yes_nor_by_a_script(bare: Sandbox) -> None:
    ran = init(answers="\n\n\nn\n")
    assert (ran.code, own_file().exists()) == (3, True)
    assert "no product attribute with the label 'amazon_images'" in ran.err
    ran = amzsync("init", "--yes", "--plytix-account", "second")
    assert ran.code == 3
    assert "`amzsync init` can create it" in ran.err
    assert not bare.counts.get("POST /attributes/product")


def test_names_from_plytix_cannot_control_the_terminal(bare: Sandbox) -> None:
    hostile = "\x1b[2J\u202eBOOT"
    for sku in ("BOOT", "SHOE", "SOCK"):
        bare.delete_product(sku)
    bare.seed([hostile])
    bare.set_family(hostile, bare.add_family("Boots"))
    ran = init(answers="\n\n\ny\nn\n")
    assert r"\x1b[2J\u202eBOOT" in ran.err
    assert "\x1b" not in ran.out + ran.err
    assert "\u202e" not in ran.out + ran.err


def test_the_label_is_the_one_that_plytix_makes(bare: Sandbox) -> None:
    ran = init(answers="\nAmazonImages\n\ny\nn\nn\n")
    assert "Plytix has labelled the new gallery 'amazonimages', not 'AmazonImages'." in ran.err
    assert "amzsync plan FILE --limit 3 --gallery amazonimages" in ran.out
    assert bare.total


def test_a_gallery_that_is_refused_is_told_and_the_account_is_written(bare: Sandbox) -> None:
    bare.faults.add(
        Fault("POST", "/attributes/product", Answer(422, b'{"error": {"msg": "No more attributes"}}'))
    )
    ran = init(answers="\n\n\ny\n")
    assert (ran.code, own_file().exists()) == (3, True)
    assert "No more attributes" in ran.err


def test_a_gallery_whose_answer_was_lost_is_found_to_be_made(bare: Sandbox) -> None:
    bare.faults.add(Fault("POST", "/attributes/product", DropAfterWork()))
    ran = init(answers="\n\n\ny\ny\ny\n")
    assert (ran.code, bare.counts["POST /attributes/product"]) == (0, 2)
    assert "The media gallery 'amazon_images' is there now." in ran.err


@pytest.mark.skipif(os.name != "posix", reason="it needs a terminal of POSIX")
def test_at_a_real_terminal_nothing_of_a_secret_is_echoed(setup: Setup) -> None:
    ours, theirs = pty.openpty()
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PLYTIX_API_KEY", "PLYTIX_API_PASSWORD")
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "amzsync", "init"],
        cwd=setup.folder,
        env={**env, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    for question, answer in (
        (b"[production]: ", ""),
        (b"[amazon_images]: ", ""),
        (b"[1]: ", ""),
        (b"API key (not shown): ", KEY),
        (b"API password (not shown): ", PASSWORD),
    ):
        while question not in shown:
            shown += os.read(ours, 10_000)
        os.write(ours, f"{answer}\n".encode())
    try:
        while part := os.read(ours, 10_000):
            shown += part
    except OSError:
        pass  # the other end has closed
    assert process.wait(30) == 0
    os.close(ours)
    assert b"Next, with your mapping" in shown
    assert KEY.encode() not in shown
    assert PASSWORD.encode() not in shown
    assert accounts(own_file())["production"]["api_password"] == PASSWORD
