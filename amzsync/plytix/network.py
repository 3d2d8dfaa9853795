"""Network errors, where no answer came: each as one sentence and a next step."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from socket import gaierror
from urllib.parse import urlsplit

import requests

from amzsync.errors import PlytixError, RetriableError, StopError
from amzsync.plytix.deadline import DeadlineError
from amzsync.plytix.wire import Request

__all__ = ["NETWORK_ERRORS", "Timeouts", "error_without_answer", "sentence_without_answer"]

# Everything that requests and the libraries below it raise while they send and read.
NETWORK_ERRORS = (
    requests.RequestException,
    requests.exceptions.BaseHTTPError,  # type: ignore[attr-defined]  # urllib3's own; the type stubs hide it
    OSError,
    ValueError,
    HTTPException,
)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, between two bytes, and from the sending to the answer's end."""

    connect_s: float = 10.0
    read_s: float = 60.0
    deadline_s: float = 120.0


def error_without_answer(
    request: Request, address: str, error: BaseException, timeouts: Timeouts
) -> PlytixError:
    """One plain sentence. It names only the host: the rest of what was sent may be secret."""
    kind, sentence, next_step = _explained(error, address, timeouts)
    return kind(sentence, method=request.method, path=request.path, next_step=next_step)


def sentence_without_answer(error: BaseException, address: str, timeouts: Timeouts) -> str:
    """The same sentence, for what no run rests on."""
    return _explained(error, address, timeouts)[1]


def _explained(error: BaseException, address: str, timeouts: Timeouts) -> tuple[type[PlytixError], str, str]:
    parts = urlsplit(address)
    causes = tuple(_causes(error))
    if _has(causes, ssl.SSLCertVerificationError):
        sentence = f"The TLS certificate of {parts.hostname} is not accepted."
        return StopError, sentence, "Check the address and this machine's certificates (REQUESTS_CA_BUNDLE)."
    if isinstance(error, OSError) and not isinstance(error, requests.RequestException) and _is_bundle(error):
        return StopError, "The TLS certificate bundle cannot be read.", "Check REQUESTS_CA_BUNDLE."
    return RetriableError, _sentence(causes, parts.netloc, timeouts), ""


def _sentence(causes: tuple[BaseException, ...], host: str, timeouts: Timeouts) -> str:
    # The first that fits: a deadline is a timeout, a timeout can be an error of TLS.
    for kind, sentence in (
        (requests.exceptions.ProxyError, f"The proxy on the way to {host} does not answer as it should."),
        (gaierror, f"The name of {host} was not found."),
        (DeadlineError, f"{host} did not complete its answer within {timeouts.deadline_s:g} seconds."),
        (
            requests.exceptions.ConnectTimeout,
            f"{host} could not be reached within {timeouts.connect_s:g} seconds.",
        ),
        (
            (requests.exceptions.Timeout, TimeoutError),
            f"{host} did not answer within {timeouts.read_s:g} seconds.",
        ),
        (ConnectionRefusedError, f"{host} refused the connection."),
        ((requests.exceptions.SSLError, ssl.SSLError), f"The TLS connection to {host} failed."),
        (requests.exceptions.ContentDecodingError, f"{host} sent an answer that cannot be unpacked."),
        (
            requests.exceptions.ChunkedEncodingError,
            f"{host} closed the connection during its answer.",
        ),
        (ConnectionError, f"{host} closed the connection without answering."),
        ((HTTPException, requests.exceptions.InvalidHeader), f"{host} sent an answer that is not HTTP."),
    ):
        if _has(causes, kind):
            return sentence
    return f"{host} could not be reached."


def _has(
    causes: tuple[BaseException, ...], kind: type[BaseException] | tuple[type[BaseException], ...]
) -> bool:
    return any(isinstance(cause, kind) for cause in causes)


def _is_bundle(error: OSError) -> bool:
    return "certificate" in str(error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
