from dataclasses import replace

from amzsync.domain.changes import Change, FailedImage, Sign

URL = "https://m.media-amazon.com/images/I/61wixnPXtlL.jpg"
IN_PLACE = Change("AMZN-US-B07X8Z63ZL", is_parent=False, in_plytix=True)


def test_a_product_in_place_has_no_sign_and_each_difference_has_its_own() -> None:
    assert IN_PLACE.signs == ()
    assert replace(IN_PLACE, in_plytix=None).signs == ()
    assert replace(IN_PLACE, missing=(URL,)).signs == (Sign.MISSING,)
    assert replace(IN_PLACE, is_moved=True).signs == (Sign.MOVED,)
    assert replace(IN_PLACE, thumbnail=URL).signs == (Sign.MOVED,)
    assert replace(IN_PLACE, obsolete=(URL,)).signs == (Sign.OBSOLETE,)
    assert replace(IN_PLACE, failed=(FailedImage(URL, "refused", 422),)).signs == (Sign.FAILED,)
    assert replace(IN_PLACE, in_plytix=False).signs == (Sign.NOT_IN_PLYTIX,)


def test_signs_are_told_in_one_order() -> None:
    everything = Change(
        "A",
        is_parent=False,
        in_plytix=False,
        missing=(URL,),
        is_moved=True,
        thumbnail=URL,
        obsolete=(URL,),
        failed=(FailedImage(URL, "gone", None),),
    )
    assert "".join(sign.value for sign in everything.signs) == "+~-!?"
