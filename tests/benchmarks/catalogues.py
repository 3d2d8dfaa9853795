"""Made-up catalogues of any size, with the proportions of real ones."""

import json
import random
from pathlib import Path

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"
_VARIANTS = ("MAIN", *(f"PT{n:02d}" for n in range(1, 9)))


def picture(rng: random.Random) -> str:
    return f"https://m.media-amazon.com/images/I/{''.join(rng.choices(_LETTERS, k=11))}.jpg"


def sku(number: int) -> str:
    return f"AMZN-US-B{number:09d}"


def write_catalogue(path: Path, *, products: int, images: int, unique: int, seed: int = 1) -> list[str]:
    """A mapping of so many products, each with so many pictures out of `unique` different ones; its SKUs.

    Neighbours share pictures, as the sizes of one shoe do.
    """
    rng = random.Random(seed)
    pool = [picture(rng) for _ in range(unique)]
    step = max(1, unique // products)
    with path.open("w") as file:
        file.write('{"metadata": {"marketplace": "US"}, "matched": [')
        for number in range(products):
            start = number * step
            chosen = [pool[(start + offset) % unique] for offset in range(images)]
            entry = {
                "suggested_sku": sku(number),
                "amazon_asin": f"B{number:09d}",
                "amazon_title": "A shoe with a title of the usual length, 13 M",
                "amazon_images": [
                    {"link": link, "variant": variant, "height": 1000, "width": 1000}
                    for link, variant in zip(chosen, _VARIANTS, strict=False)
                ],
            }
            file.write(("," if number else "") + "\n" + json.dumps(entry))
        file.write("]}")
    return [sku(number) for number in range(products)]
