"""Removes key, password and tokens from all text that comes from outside: an answer may quote them."""

import base64
import html
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from amzsync.errors import FieldError, PlytixError
from amzsync.plytix.auth import Secret
from amzsync.plytix.wire import Reply

__all__ = ["Redactor"]

MIN_SECRET_CHARS = 4  # less is no secret, and would be found in every word
MIN_SECRET_CHARS_IN_FACTS = 8  # an id or a name that merely holds a short word stays what it is
_MOST_SECRETS = 24
_MIN_BASE64_CHARS = 6
_MOST_LAYERS = 3
_CUT = "***"
_HIDDEN = "an answer that quotes the credentials"
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


class Redactor:
    """The secrets of a run, old tokens among them. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forms: OrderedDict[str, tuple[str, ...]] = OrderedDict()

    def add(self, *secrets: Secret) -> None:
        """Remove these from now on; of very many, the oldest are dropped."""
        with self._lock:
            for secret in secrets:
                text = secret.reveal()
                if len(text) < MIN_SECRET_CHARS:
                    continue
                if text not in self._forms:
                    self._forms[text] = tuple(dict.fromkeys(_forms_of(text)))
                self._forms.move_to_end(text)
                if len(self._forms) > _MOST_SECRETS:
                    self._forms.popitem(last=False)

    def text(self, text: str) -> str:
        """The text without the secrets; nothing of it where one is left in a form that cannot be removed."""
        known = self._known()
        for _, forms in known:
            for form in forms:
                text = text.replace(form, _CUT)
        secrets = [secret for secret, _ in known]
        return _HIDDEN if any(secret in read for read in _readings(text) for secret in secrets) else text

    def error(self, error: PlytixError) -> None:
        """Remove them from everything that an error says."""
        error.message = self.text(error.message)
        error.next_step = self.text(error.next_step)
        error.fields = tuple(
            FieldError(self.text(field.field), self.text(field.message)) for field in error.fields
        )
        error.args = (error.message,)

    def refusal(self, reply: Reply) -> Reply:
        """An answer that becomes an error: no secret in its headers or its body."""
        body = reply.body
        for _, forms in self._known():
            for form in forms:
                body = body.replace(form.encode("utf-8", "replace"), _CUT.encode())
        return replace(reply, body=body, headers={k: self.text(v) for k, v in reply.headers.items()})

    def facts(self, reply: Reply) -> Reply:
        """An answer whose ids and names are kept: no secret in its body."""
        needles = [
            form.encode("utf-8", "replace")
            for secret, forms in self._known()
            if len(secret) >= MIN_SECRET_CHARS_IN_FACTS
            for form in forms
        ]
        for body in (reply.body, *_plain_json(reply.body)):
            if any(needle in body for needle in needles):
                cut = body
                for needle in needles:
                    cut = cut.replace(needle, _CUT.encode())
                return replace(reply, body=cut)
        return reply

    def _known(self) -> list[tuple[str, tuple[str, ...]]]:
        with self._lock:
            return list(self._forms.items())


def _forms_of(secret: str) -> Iterator[str]:
    """The ways in which a text that quotes a secret commonly writes it."""
    yield secret
    quoted = json.dumps(secret)[1:-1]
    yield from (quoted, quoted.replace("/", "\\/"), json.dumps(secret, ensure_ascii=False)[1:-1])
    for percent in (quote(secret, safe="", errors="replace"), quote_plus(secret, errors="replace")):
        yield percent
        yield re.sub(r"%[0-9A-F]{2}", lambda found: found.group().lower(), percent)
    yield quote(secret, errors="replace")
    yield from (html.escape(secret), html.escape(secret, quote=False))
    yield html.escape(secret).replace("&#x27;", "&#39;")
    raw = secret.encode("utf-8", "replace")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield from _inside_base64(raw, encode)


def _inside_base64(raw: bytes, encode: Callable[[bytes], bytes]) -> Iterator[str]:
    """The characters that are the same wherever the bytes stand within something longer."""
    for before in range(3):
        text = encode(b"\0" * before + raw).decode().rstrip("=")
        start = -(-before * 4 // 3)
        # The last character also depends on what follows, unless the bytes end with it.
        end = len(text) if (before + len(raw)) % 3 == 0 else len(text) - 1
        if end - start >= _MIN_BASE64_CHARS:
            yield text[start:end]


def _readings(text: str) -> set[str]:
    """The text, and what it says when it is decoded, in any order, as a reader may."""
    found = newest = {text}
    for _ in range(_MOST_LAYERS):
        newest = {decode(one) for one in newest for decode in _DECODERS} - found
        found = found | newest
    return found


def _without_escapes(text: str) -> str:
    text = _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), text)
    return text.replace('\\"', '"').replace("\\/", "/").replace("\\\\", "\\")


_DECODERS = (unquote, unquote_plus, html.unescape, _without_escapes)


def _plain_json(body: bytes) -> Iterator[bytes]:
    """A body with escapes, written without them."""
    if b"\\" in body:
        try:
            yield json.dumps(json.loads(body), ensure_ascii=False).encode("utf-8", "replace")
        except (ValueError, RecursionError):
            return
