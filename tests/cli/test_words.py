"""What goes where: one document on stdout, words on stderr, colours where wanted, requests in a log."""

import json
import re
from importlib.metadata import version
from pathlib import Path

import pytest
from cli.fixtures import FAST, KEY, PASSWORD, Setup, boots, flat
from cli.terminal import amzsync, run
from sandbox_faults import Answer, DropBeforeWork, Fault

COMMANDS = (["plan"], ["apply"], ["resume"], ["status"], ["sandbox", "serve"])
ESCAPE = "\x1b["
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d"
LINE = re.compile(
    TIME + r" DEBUG (?P<kind>[a-z_]+) (?P<method>[A-Z]+) (?P<path>\S+)(?: for (?P<about>[^:]+))?:"
    r" (?P<result>.+), attempt (?P<attempt>\d+), \d+\.\d{3} s"
)


def logged(path: Path) -> list[dict[str, str]]:
    matches = [LINE.fullmatch(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [match.groupdict() for match in matches if match]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_the_help_of_every_command_shows_an_example(command: list[str], flag: str) -> None:
    result = amzsync(*command, flag)
    assert result.code == 0
    assert f"Example: amzsync {' '.join(command)}" in " ".join(result.out.split())


def test_the_program_says_its_version_and_its_commands() -> None:
    assert amzsync("--version").out == f"amzsync {version('amzsync')}\n"
    for command in COMMANDS:
        assert command[0] in amzsync("--help").out


def test_it_is_a_module_too(tmp_path: Path) -> None:
    assert run("--version", cwd=tmp_path).out == f"amzsync {version('amzsync')}\n"


def test_json_is_one_document_and_everything_else_is_on_stderr(setup: Setup) -> None:
    mapping = setup.mapping(boots())
    for command in (
        ["plan", "--mapping", mapping],
        ["plan", "--refresh", *FAST],
        ["apply", "--dry-run"],
        ["apply", "--yes", *FAST],
        ["status"],
        ["resume"],
    ):
        result = amzsync(*command, "--json", "-v", is_terminal=True)
        assert result.code == 0, result.err
        assert isinstance(result.json, dict)
        assert ESCAPE not in result.out


def test_with_json_a_failed_run_is_one_document_too(setup: Setup) -> None:
    setup.sandbox.faults.add(Fault("POST", "/assets", Answer(422), times=1))
    result = setup.apply(setup.mapping([flat("A", "a")]), "--json")
    assert result.code == 3
    assert len(result.json["errors"]) >= 1


def test_with_json_a_stopped_run_is_one_document_too(setup: Setup) -> None:
    setup.sandbox.faults.add(Fault("POST", "/products/search", Answer(403), times=None))
    result = setup.apply(setup.mapping([flat("A", "a")]), "--json", "--output", "r.json")
    assert result.code == 1
    assert "403" in result.json["error"]["message"]
    assert result.json["error"]["next_step"]
    assert json.loads(Path("r.json").read_text())["links_created"] == 0


@pytest.mark.parametrize(("flag", "variable"), [(["--no-color"], None), ([], "1")])
def test_colours_end_where_nobody_wants_them(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, flag: list[str], variable: str | None
) -> None:
    mapping = setup.mapping([flat("A", "a")])
    coloured = amzsync("apply", "--mapping", mapping, "--dry-run", is_terminal=True)
    assert re.search(r"\x1b\[\d*;?3\dm", amzsync("status", "--ledger", "nowhere.db", is_terminal=True).err)
    assert ESCAPE in coloured.out
    if variable:
        monkeypatch.setenv("NO_COLOR", variable)
    for command in (["plan", "--mapping", mapping], ["apply", "--yes", *FAST], ["status"]):
        result = amzsync(*command, *flag, is_terminal=True)
        assert not re.search(r"\x1b\[[\d;]*3\dm", result.out + result.err)
    result = amzsync("status", "--ledger", "nowhere.db", *flag, is_terminal=True)
    assert not re.search(r"\x1b\[[\d;]*3\dm", result.err)


def test_no_colour_codes_go_into_a_pipe(setup: Setup) -> None:
    mapping = setup.mapping([flat("A", "a")])
    for command in (["plan", "--mapping", mapping], ["apply", "--yes", *FAST], ["status"]):
        result = amzsync(*command)
        assert ESCAPE not in result.out + result.err


def test_quiet_says_only_what_went_wrong(setup: Setup) -> None:
    mapping = setup.mapping([flat("A", "a")])
    result = setup.apply(mapping, "-q")
    assert (result.code, result.out, result.err) == (0, "", "")
    assert amzsync("plan", "--mapping", mapping, "--quiet").out == ""
    assert amzsync("plan", "--mapping", "nowhere.json", "-q").err != ""


def test_the_log_has_a_line_for_every_request(setup: Setup) -> None:
    setup.sandbox.faults.add(
        Fault("POST", "/assets", Answer(503), times=1),
        Fault("POST", "/assets", DropBeforeWork(), times=1),
        Fault("POST", "/products/search", Answer(401), times=1),
        Fault("POST", "/assets", Answer(422, json.dumps({"error": {"msg": "secret words"}}).encode())),
    )
    setup.apply(
        setup.mapping({"matched": [flat("A", "a", "b", "c", "d")]}), "--log-file", "log", "--workers", "1"
    )
    lines = logged(setup.folder / "log")
    assert len(lines) == setup.sandbox.total
    assert lines[0] == {
        "kind": "token",
        "method": "POST",
        "path": "token",
        "about": None,
        "result": "ok",
        "attempt": "1",
    }
    results = [(line["kind"], line["result"]) for line in lines]
    assert ("asset_upload", "Plytix answered 503") in results
    assert ("product_search", "Plytix answered 401") in results
    assert ("asset_upload", "Plytix answered 422: secret words") in results
    assert "2" in {line["attempt"] for line in lines}


def test_the_log_tells_what_each_request_was_for_and_what_came_back(setup: Setup) -> None:
    setup.sandbox.seed(["SHARED"])
    setup.sandbox.set_gallery("SHARED", [setup.sandbox.add_asset("p.jpg")])
    mapping = setup.mapping({"matched": [flat("A", "a"), flat("SHARED", "a")]})
    setup.apply(mapping, "--log-file", "log")
    told = {
        (line["kind"], line["about"], line["result"].partition(" as ")[0]) for line in logged(Path("log"))
    }
    name = "amazon_01_MAIN_a.jpg"
    assert {
        ("product_search", "A, SHARED", "2 found"),
        ("asset_search", name, "0 found"),
        ("asset_upload", name, "created"),
        ("product_write", "A", "ok"),
        ("link", f"SHARED with {name}", "linked"),
    } <= told


def test_verbose_shows_the_same_lines_beside_the_work(setup: Setup) -> None:
    result = setup.apply(setup.mapping([flat("A", "a")]), "-v")
    assert "product_write PATCH /products/" in result.err
    assert " for A: ok, attempt 1, " in result.err


def test_the_last_lines_of_a_log_tell_the_outcome(setup: Setup) -> None:
    setup.apply(setup.mapping([flat("A", "a")]), "--log-file", "done")
    last = Path("done").read_text().splitlines()[-2:]
    assert re.fullmatch(TIME + r" INFO Done: everything is in place\. \d+ requests in \d+ s\.", last[0])
    assert re.fullmatch(TIME + r" INFO Ended with exit code 0\.", last[1])
    setup.apply(
        setup.mapping([flat("A", "a"), flat("GONE", "b")], "more.json", seed=False), "--log-file", "log"
    )
    text = Path("log").read_text()
    assert "INFO Finished, but 1 product is not in Plytix." in text
    assert "INFO Next, once the products are in Plytix: amzsync apply --retry-failed" in text
    assert text.endswith("INFO Ended with exit code 3.\n")
    amzsync("apply", "--mapping", "nowhere.json", "--yes", "--log-file", "failed")
    first, cause, last_line = Path("failed").read_text().splitlines()
    assert "amzsync apply --mapping nowhere.json --yes" in first
    assert "ERROR nowhere.json: there is no such file." in cause
    assert last_line.endswith("INFO Ended with exit code 1.")


def test_nothing_foreign_begins_a_line_of_the_log(setup: Setup) -> None:
    sku = "A\n2026-11-24 09:00:00.000+01:00 INFO Done"
    setup.apply(setup.mapping([flat(sku, "a")], seed=False), "--log-file", "log")
    lines = Path("log").read_text().splitlines()
    assert all(re.match(TIME + r" (DEBUG|INFO|WARNING|ERROR) ", line) for line in lines)
    assert not any(" INFO Done" in line and "A\\n" not in line for line in lines)


def test_no_secret_is_in_any_word_file_or_ledger(setup: Setup) -> None:
    setup.sandbox.faults.add(
        Fault("POST", "/assets", Answer(422, json.dumps({"error": {"msg": "no"}}).encode())),
        Fault("PATCH", "/products/.*", Answer(401), times=1),
    )
    result = setup.apply(
        setup.mapping(boots()), "-v", "--log-file", "log", "--output", "r.json", "--json", "--no-color"
    )
    texts = [result.out, result.err, amzsync("status", "--json").out, amzsync("status").out]
    texts += [path.read_bytes().decode("latin-1") for path in setup.folder.iterdir() if path.is_file()]
    assert (setup.folder / "log").stat().st_size > 1000
    for text in texts:
        assert KEY not in text
        assert PASSWORD not in text
        assert "Bearer" not in text


def test_a_log_is_appended_to(setup: Setup) -> None:
    mapping = setup.mapping([flat("A", "a")])
    setup.apply(mapping, "--log-file", "log")
    first = (setup.folder / "log").read_text()
    setup.apply(setup.mapping([flat("A", "a", "b")]), "--log-file", "log")
    assert (setup.folder / "log").read_text().startswith(first)
    assert len(logged(setup.folder / "log")) == setup.sandbox.total


def test_foreign_words_cannot_act_on_a_terminal(setup: Setup) -> None:
    nasty = "\x1b[2J\x1b]0;owned\x07[bold red]SKU[/]\u202egnp"
    result = amzsync("plan", "--mapping", setup.mapping([flat(nasty, "a")], seed=False), is_terminal=True)
    assert result.code == 0, result.err
    assert "\x1b[2J" not in result.out
    assert "\x1b]0;" not in result.out
    assert "\u202e" not in result.out
    assert "[bold red]" in result.out


def test_very_verbose_shows_where_it_went_wrong(tmp_path: Path) -> None:
    result = run("plan", "--mapping", "nowhere.json", "-vv", cwd=tmp_path)
    assert result.code == 1
    assert "MappingError" in result.err
