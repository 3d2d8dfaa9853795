"""The sync as the API's users write it today: the peer that amzsync is measured against.

One search per product, one look-up and one upload per picture, one link per reference, one thumbnail per
product; a 429 is waited out.
"""

import json
import time
from pathlib import Path
from typing import Any

import requests


class PlainSync:
    """One after the other, in file order."""

    def __init__(self, url: str, auth_url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self.requests = 0
        answer = self._send("POST", auth_url, {"api_key": "sandbox-key", "api_password": "sandbox-password"})
        self._session.headers["Authorization"] = f"Bearer {answer['data'][0]['access_token']}"

    def run(self, mapping: Path) -> None:
        for product in json.loads(mapping.read_text())["matched"]:
            product_id = self._search("products", "sku", product["suggested_sku"])["data"][0]["id"]
            thumbnail = None
            for position, image in enumerate(product["amazon_images"], 1):
                asset_id = self._asset(position, image)
                self._send(
                    "POST",
                    f"{self._url}/products/{product_id}/assets",
                    {"id": asset_id, "attribute_label": "amazon_images"},
                )
                thumbnail = thumbnail or asset_id
            self._send("PATCH", f"{self._url}/products/{product_id}", {"thumbnail": {"id": thumbnail}})

    def _asset(self, position: int, image: dict[str, str]) -> str:
        name = image["link"].rpartition("/")[2]
        filename = f"amazon_{position:02d}_{image['variant']}_{name}"
        there = self._search("assets", "filename", filename)["data"]
        if there:
            return str(there[0]["id"])
        answer = self._send("POST", f"{self._url}/assets", {"url": image["link"], "filename": filename})
        if "error" in answer:
            return str(answer["error"]["errors"][0]["msg"])
        return str(answer["data"][0]["id"])

    def _search(self, resource: str, field: str, value: str) -> dict[str, Any]:
        body = {
            "filters": [[{"field": field, "operator": "eq", "value": value}]],
            "attributes": [field],
            "pagination": {"page": 1, "page_size": 25},
        }
        return self._send("POST", f"{self._url}/{resource}/search", body)

    def _send(self, method: str, url: str, body: object) -> dict[str, Any]:
        while True:
            self.requests += 1
            answer = self._session.request(method, url, json=body, timeout=60)
            if answer.status_code != 429:
                found: dict[str, Any] = answer.json()
                return found
            time.sleep(float(answer.headers.get("Retry-After", 60)))
