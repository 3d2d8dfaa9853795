"""Seeds that once broke a promise, each with what it found."""

import pytest
from simulation.simulation import Kind, run

FOUND = {
    42: "places believed in the order of links where answers told nothing of a write",
    83: "rows in flight that the next run did not take up",
    225: "the places of an unanswered write forgotten",
    232: "a wrong order counted as done",
    268: "the wait of a 429 forgotten by the next run",
    341: "a write sent after its reading had become too old on the open connection",
    965: "an unanswered write that appended taken for a person's order",
    1_030_191: "what an earlier run had sent forgotten when a write was too late to be claimed",
    1_001_883: "a run's time bounded without what was used of the hour before it",
    1_031_950: "pictures of a refused write counted as ours, though a person put one in afterwards",
    362: "a person's order of what a dead run had sent taken for the program's own by the next run but one",
    2373: "a picture put by a person taken for ours, as its deleted forerunner had been sent",
    2761: "a picture put by a person taken for ours, as a write that put nothing had named it",
    7125: "a person's order taken for ours once a link that did not leave had been claimed",
    1_030_309: "a wrong order told with the reason of a write that a deleted picture had had refused",
    1_010_086: "pictures taken for a person's after a refresh whose search lagged behind the run before it",
    1_031_158: "a mapping merged by a run that died was not known to the judge",
    1_007_481: "a product made anew taken for overwritten, and its order for the program's own",
    1_026_573: "the same, with more links",
    1_024_763: "a gallery taken for overwritten as a search was behind its own write",
    1_021_690: "a picture put by a person taken for ours, as one that was deleted had been ours",
    1_009_018: "a picture put by a person taken for the work of a write of which nothing else stood",
    1_023_258: "the same, after a kill",
    1_026_590: "pictures put by persons taken for the work of a write whose thumbnail was not set",
    1_029_444: "the same as the first, after failures of the same run",
    1_032_045: "a picture put last by a person taken for one that an account had appended",
    1_006_056: "a picture put by a person taken for ours, as a write had named it that the account ignored",
    1_010_548: "a picture put by a person right after a write that nobody can know to be ignored",
    2_001_878: "the same, in an account that tells no empty gallery",
    2_000_930: "the rest of a write whose answer told nothing, of which a person had taken out a part",
    645: "a link that was answered before the thumbnail was set taken for a person's",
    856: "the rest of an unanswered write of which a person had taken out a part is left to them",
    1_002_990: "a picture that Plytix had for another use not found, as a conflict named no asset",
    1_056_991: "places that a dead run had asked for believed, where the account had appended instead",
    1_041_374: "a link told as done though another product's script had found its picture gone",
    1_036_446: "a thumbnail set by a request that the server did after a minute taken for a wrong row",
    1_014_256: "the same as the next, by a clock that was set ahead: nobody can know",
    1_003_939: "pictures taken for a person's after a lagging search, as the clock had been set back",
}

_DEAD_UNDO = "what a dead undo had taken out was still told as done, as long as nobody resumed it"
FOUND_OF_A_KIND = {
    (129, "back probed"): _DEAD_UNDO,
    (48, "back ignore"): _DEAD_UNDO,
    (60, "back ignore"): _DEAD_UNDO,
    (234, "back ignore"): _DEAD_UNDO,
    (2, "typed"): "a `resume` without an unfinished run that ended with 0 while work was pending",
    (581, "back append"): "an order that an account had made of an undo's write taken for a person's",
    (5_001_568, "back"): "a picture put by a person while an undo was interrupted taken for the undo's work",
    (5_002_614, "back"): "what an undo had taken out told as done after a power loss, to no surprise",
}


@pytest.mark.parametrize(("seed", "found"), FOUND.items(), ids=map(str, FOUND))
def test_what_a_seed_has_found_stays_mended(seed: int, found: str) -> None:
    verdict = run(seed)
    assert not verdict.broken, f"{verdict.broken} (it had found: {found})"


@pytest.mark.parametrize(("life", "found"), FOUND_OF_A_KIND.items(), ids=map(str, FOUND_OF_A_KIND))
def test_what_a_seed_has_found_of_a_kind_stays_mended(life: tuple[int, str], found: str) -> None:
    seed, words = life
    verdict = run(seed, Kind.of_words(words.split()))
    assert not verdict.broken, f"{verdict.broken} (it had found: {found})"
