"""A host of pictures on this machine, which tells headers and content by path, and what it was asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JPEG = b"\xff\xd8\xff\xe0"


@dataclass
class Hosted:
    """What stands at a path. `etag` None: it is not told."""

    content: bytes = JPEG
    etag: str | None = '"1"'
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class PictureHostServer:
    """`pictures` may be changed at any time; `asked` are methods and paths."""

    def __init__(self) -> None:
        self.pictures: dict[str, Hosted] = {}
        self.asked: list[tuple[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def count(self, method: str) -> int:
        return sum(one == method for one, _ in self.asked)

    def address(self, name: str) -> str:
        return f"{self.url}/{name}"

    @contextmanager
    def running(self) -> Iterator["PictureHostServer"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer()

            def do_HEAD(self) -> None:
                self._answer()

            def log_message(self, *_: Any) -> None:
                pass

            def _answer(self) -> None:
                host.asked.append((self.command, self.path))
                hosted = host.pictures.get(self.path[1:], Hosted(status=404, content=b""))
                self.send_response(hosted.status)
                told = {"Content-Length": str(len(hosted.content)), **hosted.headers}
                for name, value in (told | ({"ETag": hosted.etag} if hosted.etag else {})).items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(hosted.content)

        return Handler
