import pytest
from catalogue import well_formed

from amzsync.domain.image_url import PLAIN_AMAZON_URL, ImageUrl, Malformed, read_image_url, small_address

AMAZON = "https://m.media-amazon.com/images/I/"


@pytest.mark.parametrize(
    ("url", "image_id", "extension", "has_modifiers", "size"),
    [
        (AMAZON + "61wixnPXtlL.jpg", "61wixnPXtlL", ".jpg", False, 0),
        (AMAZON + "61UI+gsEGoL.jpg", "61UI+gsEGoL", ".jpg", False, 0),
        (AMAZON + "61UI%2BgsEGoL.jpg", "61UI+gsEGoL", ".jpg", False, 0),
        (AMAZON + "-1-abc-.jpg", "-1-abc-", ".jpg", False, 0),
        (AMAZON + "41BmjsZJSRL._SL75_.jpg", "41BmjsZJSRL", ".jpg", True, 75),
        (AMAZON + "41BmjsZJSRL._AC_SX679_SY500_.JPG", "41BmjsZJSRL", ".jpg", True, 679),
        (AMAZON + "41BmjsZJSRL._AC_.png", "41BmjsZJSRL", ".png", True, 0),
        ("https://images-na.ssl-images-amazon.com/images/I/41Bm.jpg", "41Bm", ".jpg", False, 0),
        ("http://M.Media-Amazon.COM/images/I/41Bm.jpg?x=1#top", "41Bm", ".jpg", False, 0),
    ],
)
def test_an_amazon_address_tells_its_picture_and_size(
    url: str, image_id: str, extension: str, size: int, *, has_modifiers: bool
) -> None:
    assert read_image_url(url) == ImageUrl(image_id, extension, True, has_modifiers, size)


def test_two_amazon_ids_stay_two_when_they_lose_what_a_name_cannot_hold() -> None:
    names = ["a%20b", "a-b", "a%2Fb", "x" * 60 + "1", "x" * 60 + "2", "-a-b"]
    found = [well_formed(f"{AMAZON}{name}.jpg") for name in names]
    assert len({image.image_id for image in found}) == len(names)
    assert all(image.is_amazon for image in found)


@pytest.mark.parametrize(
    ("url", "start", "extension"),
    [
        ("https://shop.example/p/1/main.jpg", "main-", ".jpg"),
        ("https://shop.example/p/1/My%20Photo.PNG?v=2", "My-Photo-", ".png"),
        ("https://shop.example/", "image-", ""),
        ("https://shop.example/picture", "picture-", ""),
        ("https://shop.example/..%2F..%2Fetc%2Fpasswd", "etc-passwd-", ""),
        ("https://evil.example/m.media-amazon.com/images/I/41Bm.jpg", "41Bm-", ".jpg"),
        ("https://notmedia-amazon.com/images/I/41Bm.jpg", "41Bm-", ".jpg"),
        ("https://m.media-amazon.com.evil.example/images/I/41Bm.jpg", "41Bm-", ".jpg"),
    ],
)
def test_another_hosts_picture_is_told_by_its_whole_address(url: str, start: str, extension: str) -> None:
    image = well_formed(url)
    assert image.image_id.startswith(start)
    assert (image.extension, image.is_amazon) == (extension, False)
    assert well_formed(url + "#other").image_id != image.image_id


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "empty"),
        ("https://shop.example/" + "x" * 2048, "longer than 2048"),
        ("https://shop.example/a b.jpg", "space or a control"),
        ("https://shop.example/a\0b.jpg", "space or a control"),
        ("https://shop.example/a\nb.jpg", "space or a control"),
        ("https://shop.example/\ud800.jpg", "space or a control"),
        ("ftp://shop.example/a.jpg", "not http or https"),
        ("file:///etc/passwd", "not http or https"),
        ("javascript:alert(1)", "not http or https"),
        ("data:image/png;base64,AAAA", "not http or https"),
        ("//shop.example/a.jpg", "not http or https"),
        ("a.jpg", "not http or https"),
        ("https:///a.jpg", "no host"),
        ("https://", "no host"),
        ("https://./a.jpg", "no host"),
        ("https://[::1/a.jpg", "malformed"),
        ("https://shop.example:0/a.jpg", "malformed"),
        ("https://shop.example:99999/a.jpg", "malformed"),
        ("https://shop.example:port/a.jpg", "malformed"),
        ("https://%31%32%37.0.0.1/a.jpg", "neither a name nor an address"),
        ("https://127.0.0.1\\.shop.example/a.jpg", "neither a name nor an address"),
        ("https://shop..example/a.jpg", "neither a name nor an address"),
        (f"https://{'a' * 64}.example/a.jpg", "neither a name nor an address"),
        ("https://user:secret@shop.example/a.jpg", "credentials"),
        ("https://@shop.example/a.jpg", "credentials"),
    ],
)
def test_what_can_be_no_picture_says_why(url: str, reason: str) -> None:
    judged = read_image_url(url, allow_private=True)
    assert isinstance(judged, Malformed)
    assert reason in judged.reason
    assert "secret" not in judged.reason


INTERNAL = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f.1",
    "0x7f000001",
    "0177.0.0.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[2002:7f00:1::]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[fe80::1%25eth0]",
    "224.0.0.1",
    "\uff11\uff12\uff17.0.0.1",
    "\u2460\u2465\u2468.254.169.254",
    "127\u30020\u30020\u30021",
    "127.0.0.1\u200b",
    "local\u00adhost",
    "[fd00::1]",
    "10.0.0.8",
    "172.16.0.1",
    "192.168.1.1",
    "192.168.257",
    "169.254.169.254",
    "0.0.0.0",
    "255.255.255.255",
    "100.64.0.1",
    "localhost",
    "LOCALHOST.",
    "api.localhost",
    "printer.local",
    "db.internal",
    "files.corp",
    "box.lan",
    "nas",
    "0x7f.0x.0x.1",
    "0X7F.1",
    "0x",
    "0.",
    "010.0.0.1",
    "0127.0.0.1",
    "127.0.0.08",
    "127.0.0.256",
    "4294967296",
    "[fec0::1]",
    "[5f00::1]",
    "[3fff::1]",
    "[2001:db8::1]",
    "[2001::7f00:1]",
    "[2002:c000:c0::]",
    "[::ffff:168.63.129.16]",
    "[2606:4700::1%25eth0]",
    "192.0.0.192",
    "192.0.0.9",
    "192.88.99.1",
    "168.63.129.16",
    "0250.63.129.16",
    "127\u20240\u20240\u20241",
    "kubernetes.default.svc",
]


@pytest.mark.parametrize(
    "host",
    [
        "1%36%39.254.169.254",
        "1%327.0.0.1",
        "127.0.0.1%25eth0",
        "8.8.8.8%eth0",
        "shop.example%2f.evil.example",
        "\U0001fbf1\U0001fbf2\U0001fbf7.0.0.1",
        "\U0001fbf1\U0001fbf6\U0001fbf9.254.169.254",
        "\U0001f12f.example",
        "127.0.0.1\u17b5",
        "lo\u115fcalhost",
        "[v1.fe80]",
        "[shop.example]",
        "127.0.0.1[2606:4700::1]",
        "[2606:4700::1]127.0.0.1",
        "[::1%25eth0/]",
    ],
)
def test_a_host_that_fetchers_read_in_different_ways_is_never_accepted(host: str) -> None:
    assert isinstance(read_image_url(f"http://{host}/a.jpg", allow_private=True), Malformed)
    assert isinstance(read_image_url(f"http://{host}/a.jpg"), Malformed)


@pytest.mark.parametrize("host", INTERNAL)
def test_a_private_network_is_no_place_for_a_picture(host: str) -> None:
    judged = read_image_url(f"http://{host}/a.jpg")
    assert isinstance(judged, Malformed)
    assert "--allow-private-urls" in judged.reason


@pytest.mark.parametrize("host", INTERNAL)
def test_a_private_network_is_allowed_where_it_is_asked_for(host: str) -> None:
    assert isinstance(read_image_url(f"http://{host}/a.jpg", allow_private=True), ImageUrl)


@pytest.mark.parametrize(
    "host",
    [
        "8.8.8.8",
        "[2606:4700::1]",
        "shop.example",
        "my_shop.example.",
        "b\u00fccher.example",
        "\u4f8b\u3048.jp",
        "xn--bcher-kva.example",
        "\u4eac\u90fd10.\u65e5\u672c",
        "008.8.8.8",
        "0x8.8.8.8",
        "134744072",
        "[2606:4700:4700::1111]",
        "[2a00:1450:4001:82b::200e]:8080",
        "[::ffff:8.8.8.8]",
        "[2002:808:808::]",
        "\u0e44\u0e17\u0e22.example",
        "256.256.256.256.example",
        "1.2.3.4.5",
    ],
)
def test_a_public_host_is_no_private_network(host: str) -> None:
    assert isinstance(read_image_url(f"http://{host}/a.jpg"), ImageUrl)


def test_the_common_form_is_a_picture_whose_id_is_its_file_name() -> None:
    for name in ("61wixnPXtlL", "-1-abc-", "_x_", "61UI+gsEGoL"):
        url = f"{AMAZON}{name}.jpg"
        assert PLAIN_AMAZON_URL.fullmatch(url)
        assert read_image_url(url) == ImageUrl(name, ".jpg", True, False, 0)


@pytest.mark.parametrize("tail", ["41Bm._SL75_.jpg", "41Bm.png", "41Bm.jpg?x=1", "41%20Bm.jpg", "41Bm.JPG"])
def test_what_may_name_the_same_picture_in_another_way_is_not_the_common_form(tail: str) -> None:
    assert not PLAIN_AMAZON_URL.fullmatch(AMAZON + tail)


@pytest.mark.parametrize(
    ("url", "small"),
    [
        (AMAZON + "61wixnPXtlL.jpg", AMAZON + "61wixnPXtlL._SL160_.jpg"),
        (AMAZON + "41BmjsZJSRL._AC_SX679_SY500_.JPG", AMAZON + "41BmjsZJSRL._SL160_.JPG"),
        (AMAZON + "41Bm.jpg?x=1#top", AMAZON + "41Bm._SL160_.jpg"),
        (
            "http://IMAGES-NA.ssl-images-amazon.com./images/P/0306406152.01.LZZ.jpg",
            "https://images-na.ssl-images-amazon.com/images/P/0306406152.01.LZZ._SL160_.jpg",
        ),
        ("https://m.media-amazon.com/shop/a.jpg?v=2", "https://m.media-amazon.com/shop/a.jpg?v=2"),
        ("https://shop.example/images/I/41Bm.jpg", None),
        ("https://m.media-amazon.com.example/images/I/41Bm.jpg", None),
        ("https://m.media-amazon.com:8080/images/I/41Bm.jpg", None),
        ("https://evil-media-amazon.com/images/I/41Bm.jpg", None),
        ("javascript:alert(1)//m.media-amazon.com/images/I/41Bm.jpg", None),
        ("", None),
    ],
)
def test_a_picture_of_amazon_has_a_small_size_over_https(url: str, small: str | None) -> None:
    assert small_address(url, 160) == small
