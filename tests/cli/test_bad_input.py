"""Whatever is handed in: one or two plain sentences, exit code 1 or 2, and never a traceback."""

import json
import os
import socket
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from cli.fixtures import FAST, Setup, flat
from cli.terminal import Result, amzsync
from sandbox_faults import Answer, Fault

from amzsync.cli import network
from amzsync.executor.engine.engine import Bounds
from amzsync.plytix.retry import RetryPolicy

GOOD = {"matched": [flat("SKU-1", "a")]}
NESTED = b'{"matched":' + b"[" * 1000 + b"]" * 1000 + b"}"

NO_MAPPINGS = {
    "empty": b"",
    "only blanks": b" \n\t ",
    "no JSON": b"<html>not a mapping</html>",
    "cut off": b'{"matched": [{"suggested_sku": "A", ',
    "another shape": b'{"products": {"a": 1}}',
    "a number": b"42",
    "a text": b'"matched"',
    "null": b"null",
    "no products": b'{"matched": []}',
    "an empty list": b"[]",
    "products are no list": b'{"matched": {"suggested_sku": "A"}}',
    "a product is a text": b'{"matched": ["A"]}',
    "a product is null": b'{"matched": [null]}',
    "a SKU is a number": b'{"matched": [{"suggested_sku": 7}]}',
    "no SKU": b'{"matched": [{"title": "A"}]}',
    "images are a text": b'{"matched": [{"suggested_sku": "A", "amazon_images": "x"}]}',
    "an image is a number": b'{"matched": [{"suggested_sku": "A", "amazon_images": [3]}]}',
    "a link is a list": b'{"matched": [{"suggested_sku": "A", "amazon_images": [{"link": []}]}]}',
    "a variant is a number": b'[{"suggested_sku": "A", "amazon_images": [{"link": "x", "variant": 1}]}]',
    "a flat field is an object": b'{"matched": [{"suggested_sku": "A", "amazon_image_main": {}}]}',
    "groups are numbers": b'{"matched": [{"suggested_sku": "A", "images": [1]}]}',
    "URLs are numbers": b'{"matched": [{"suggested_sku": "A", "image_urls": [1]}]}',
    "a thousand deep": NESTED,
    "a thousand deep in a product": b'[{"suggested_sku": "A", "x": ' + b"[" * 1000 + b"]" * 1000 + b"}]",
    "a lone surrogate": b'[{"suggested_sku": "\\ud800", "image_urls": ["https://a.example/b.jpg"]}]',
    "NUL bytes": b'[{"suggested_sku": "A\x00B"}]',
    "a NUL in a SKU": b'[{"suggested_sku": "A\\u0000B"}]',
    "UTF-16": json.dumps(GOOD).encode("utf-16"),
    "UTF-16 without a BOM": json.dumps(GOOD).encode("utf-16-le"),
    "Latin-1": '[{"suggested_sku": "Schön"}]'.encode("latin-1"),
    "not a number": b'[{"suggested_sku": "A", "x": NaNsense}]',
    "two documents": b"[] []",
    "a giant number": b'[{"suggested_sku": ' + b"9" * 6000 + b"}]",
    "a table without known columns": b"Artikel;Bild\nA;https://a.example/b.jpg\n",
    "a quote without an end": b'sku,url\nA,"https://a.example/b.jpg\n',
    "an archive": b"PK\x03\x04" + bytes(40),
    "random bytes": bytes(range(256)) * 4,
}


def refused(result: Result, code: int = 1) -> str:
    """The words of a call that ended well-behaved."""
    assert result.code == code, result.err
    assert result.out == ""
    assert "Traceback" not in result.err
    assert result.error_text.endswith((".", "`")), result.error_text
    assert len(result.error_text) < 600
    assert "Unexpected error" not in result.error_text
    return result.error_text


@pytest.mark.parametrize("content", NO_MAPPINGS.values(), ids=NO_MAPPINGS)
@pytest.mark.parametrize(
    "command", [["plan"], ["apply", "--plytix-account", "sandbox", "--yes"]], ids=["plan", "apply"]
)
def test_a_file_that_is_no_mapping_is_named_with_its_cause(
    command: list[str], content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    assert "bad.json" in refused(amzsync(*command, "--mapping", path))
    assert not list(Path().glob("amzsync.db")), "a ledger that holds nothing"


@pytest.mark.parametrize("name", ["nowhere.json", ".", "no/such/folder/mapping.json"])
def test_a_file_that_is_not_there_or_is_a_folder_is_named(name: str) -> None:
    refused(amzsync("plan", "--mapping", name))


def test_a_bad_file_beside_a_good_one_leaves_the_ledger_as_it_was(setup: Setup) -> None:
    good = setup.mapping(GOOD)
    setup.apply(good)
    before = amzsync("status", "--json").json["tables"]
    bad = setup.folder / "bad.json"
    bad.write_text('{"matched": [{"suggested_sku": "B", "image_urls": ["https://a.example/b.jpg"]}, 7]}')
    refused(amzsync("plan", "--mapping", good, "--mapping", bad))
    assert amzsync("status", "--json").json["tables"] == before


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough to be one " * 100, b"SQLite format 3\x00"]
)
@pytest.mark.parametrize("command", ["plan", "apply", "resume", "status"])
def test_a_ledger_that_is_none_is_refused_and_left_as_it_is(
    setup: Setup, command: str, content: bytes
) -> None:
    path = setup.folder / "other.db"
    path.write_bytes(content)
    options = {
        "plan": ["--mapping", setup.mapping(GOOD)],
        "apply": ["--mapping", setup.mapping(GOOD), "--yes"],
    }
    assert "other.db" in refused(amzsync(command, "--ledger", path, *options.get(command, [])))
    assert path.read_bytes() == content


def test_another_programs_database_is_refused_and_left_as_it_is(setup: Setup) -> None:
    path = setup.folder / "other.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE invoices (id INTEGER)")
    before = path.read_bytes()
    refused(amzsync("plan", "--mapping", setup.mapping(GOOD), "--ledger", path))
    refused(amzsync("status", "--ledger", path))
    assert path.read_bytes() == before


@pytest.mark.parametrize("command", ["plan", "apply", "status", "resume"])
def test_a_ledger_where_none_can_be_is_refused(setup: Setup, command: str) -> None:
    (setup.folder / "file").write_text("in the way")
    options = {
        "plan": ["--mapping", setup.mapping(GOOD)],
        "apply": ["--mapping", setup.mapping(GOOD), "--yes"],
    }
    refused(amzsync(command, "--ledger", "file/amzsync.db", *options.get(command, [])))
    result = amzsync(command, "--ledger", ".", *options.get(command, []))
    assert result.code == 2
    assert "--ledger" in result.err


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to this user")
def test_a_folder_that_cannot_be_written_is_told(setup: Setup) -> None:
    folder = setup.folder / "read-only"
    folder.mkdir(mode=0o500)
    refused(amzsync("plan", "--mapping", setup.mapping(GOOD), "--ledger", folder / "amzsync.db"))


def test_wrong_credentials_are_told_and_nothing_is_written(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLYTIX_API_PASSWORD", "a-wrong-password")
    result = setup.apply(setup.mapping(GOOD))
    assert result.code == 1
    assert "Traceback" not in result.err
    assert "credentials" in result.err.lower()
    assert "a-wrong-password" not in result.err + result.out
    assert {exchange.kind for exchange in setup.sandbox.history} == {"POST /auth/api/get-token"}


def test_without_credentials_the_ways_to_give_them_are_told(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PLYTIX_API_KEY")
    monkeypatch.delenv("PLYTIX_API_PASSWORD")
    complaint = refused(setup.apply(setup.mapping(GOOD)))
    assert "PLYTIX_API_KEY" in complaint
    assert "--config" in complaint
    assert "sandbox" in complaint


def test_an_account_that_is_unknown_is_named(setup: Setup) -> None:
    assert "nowhere" in refused(setup.apply(setup.mapping(GOOD), "--plytix-account", "nowhere"))
    refused(amzsync("plan", "--mapping", setup.mapping(GOOD), "--plytix-account", "nowhere"))


@pytest.fixture
def _soon_tired(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up on a silent server after a moment instead of a minute."""
    soon = Bounds(workers=4, outage_s=0.3, retry=RetryPolicy(base_s=0.01))
    monkeypatch.setattr(network, "_bounds", lambda _options: soon)


@pytest.mark.usefixtures("_soon_tired")
def test_a_host_that_cannot_be_reached_is_told(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: nobody answers there
        monkeypatch.setenv("PLYTIX_AUTH_URL", f"http://127.0.0.1:{taken.getsockname()[1]}/token")
        result = setup.apply(setup.mapping(GOOD))
    assert result.code == 1
    assert "Traceback" not in result.err
    assert "PLYTIX_AUTH_URL" in result.err
    assert "amzsync resume" in result.err
    monkeypatch.setenv("PLYTIX_AUTH_URL", setup.sandbox.auth_url)
    assert amzsync("resume").code == 0


@pytest.mark.usefixtures("_soon_tired")
def test_a_server_that_answers_with_a_page_is_not_believed(setup: Setup) -> None:
    page = Answer(200, b"<html><body>Please log in</body></html>", {"Content-Type": "text/html"})
    setup.sandbox.faults.add(Fault("POST", "/auth/api/get-token", page, times=None))
    result = amzsync("plan", "--mapping", setup.mapping(GOOD), "--refresh")
    assert result.code == 1
    assert "Traceback" not in result.err
    assert "PLYTIX_AUTH_URL" in result.err


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PLYTIX_API_URL", "http://pim.example.com/api/v1"),
        ("PLYTIX_API_URL", "ftp://pim.example.com"),
        ("PLYTIX_AUTH_URL", "not an address"),
        ("PLYTIX_AUTH_URL", "https://user:secret-in-it@auth.example.com/"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_a_request(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    complaint = refused(setup.apply(setup.mapping(GOOD)))
    assert variable in complaint
    assert "secret-in-it" not in complaint
    assert setup.sandbox.total == 0


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--rate-limit", "many"),
        ("--rate-limit", "0/10s"),
        ("--max-wait", "soon"),
        ("--workers", "-1"),
        ("--workers", "x"),
        ("--no-such-option", "1"),
    ],
)
def test_a_value_that_makes_no_sense_is_a_usage_error(setup: Setup, option: str, value: str) -> None:
    result = amzsync("apply", "--mapping", setup.mapping(GOOD), "--yes", option, value)
    assert result.code == 2
    assert option in result.err
    assert "Traceback" not in result.err
    assert result.out == ""
    assert not setup.ledger.exists()


@pytest.mark.parametrize("output", [".", "no/such/folder/report.json", "file/report.json"])
def test_a_report_that_could_not_be_written_is_told_before_the_work(setup: Setup, output: str) -> None:
    (setup.folder / "file").write_text("in the way")
    refused(setup.apply(setup.mapping(GOOD), "--output", output))
    assert setup.sandbox.total == 0


@pytest.mark.skipif(os.name != "posix", reason="devices and pipes of POSIX")
@pytest.mark.parametrize("log", ["/dev/full", "no/such/folder/log", "pipe", "read pipe", "."])
@pytest.mark.parametrize("more", [[], ["-q"]], ids=["", "quiet"])
def test_a_log_that_cannot_be_written_is_one_warning_and_the_work_is_done(
    setup: Setup, log: str, more: list[str]
) -> None:
    reader = None
    if "pipe" in log:
        os.mkfifo(log)
        reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK) if log.startswith("read") else None
    try:
        result = setup.apply(setup.mapping(GOOD), "--log-file", log, *more)
    finally:
        if reader is not None:
            os.close(reader)
    assert result.code == 0, result.err
    assert " ".join(result.err.split()).count("without a log") == 1
    assert "Traceback" not in result.err
    assert "Errno" not in result.err
    assert setup.sandbox.overlapping_writes == 0
    assert setup.sandbox.counts["PATCH /products/{id}"] == 1


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_ledger_log_and_report_are_private_to_their_owner(setup: Setup) -> None:
    (setup.folder / "kept.json").write_text("{}")
    (setup.folder / "kept.json").chmod(0o640)
    before = os.umask(0)
    try:
        for report in ("report.json", "kept.json"):
            result = setup.apply(setup.mapping(GOOD), "--log-file", "run.log", "--output", report)
            assert result.code == 0
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in setup.folder.iterdir()}
    assert modes.pop("kept.json") == 0o640
    del modes["mapping.json"]
    assert {"amzsync.db", "amzsync.db.lock", "run.log", "report.json"} <= modes.keys()
    assert set(modes.values()) == {0o600}


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_a_stricter_umask_is_kept(setup: Setup) -> None:
    before = os.umask(0o277)
    try:
        result = setup.apply(
            setup.mapping(GOOD), "--dry-run", "--log-file", "run.log", "--output", "report.json"
        )
        assert result.code == 0, result.err
    finally:
        os.umask(before)
    assert stat.S_IMODE((setup.folder / "run.log").stat().st_mode) == 0o400
    assert stat.S_IMODE((setup.folder / "report.json").stat().st_mode) == 0o400


@pytest.mark.skipif(os.name != "posix", reason="devices and pipes of POSIX")
@pytest.mark.parametrize("option", ["--ledger", "--config"])
@pytest.mark.parametrize("command", [["plan"], ["apply", "--yes"], ["resume"], ["status"]])
def test_nobody_waits_for_a_pipe_or_reads_a_device_to_its_end(
    tmp_path: Path, option: str, command: list[str]
) -> None:
    os.mkfifo("pipe")
    if option == "--config" and command[0] in ("resume", "status"):
        return
    mapping = ["--mapping", tmp_path / "good.json"] if command[0] in ("plan", "apply") else []
    (tmp_path / "good.json").write_text(json.dumps(GOOD))
    for path in ("pipe", "/dev/zero"):
        assert "regular file" in refused(amzsync(*command, *mapping, option, path))


@pytest.mark.parametrize(
    "command", [["plan"], ["plan", "--refresh"], ["apply", "--yes"], ["resume"], ["status"]]
)
def test_with_json_an_error_is_the_one_document(command: list[str], tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text("{")
    mapping = ["--mapping", path] if command[0] in ("plan", "apply") else []
    result = amzsync(*command, *mapping, "--json")
    assert result.code == 1
    assert set(result.json["error"]) == {"message", "next_step"}
    assert result.json["error"]["message"]


def test_with_json_a_usage_error_is_the_one_document_too(setup: Setup) -> None:
    result = amzsync("apply", "--mapping", setup.mapping(GOOD), "--json")
    assert result.code == 2
    assert "--yes" in result.err
    assert result.json["error"]["message"]


def test_nothing_to_plan_or_apply_is_a_sentence(setup: Setup) -> None:
    assert amzsync("plan").code == 2
    refused(amzsync("apply", "--yes", *FAST))
    refused(amzsync("resume"))
    refused(amzsync("status"))
    assert not setup.ledger.exists()
