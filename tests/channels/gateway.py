"""A real HTTP server on localhost that keeps what it takes, and can refuse, redirect, break off, hold still and be down."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.channels.mailbox import free_port, make_certificate

# Status, body and headers of an answer; None breaks the connection off.
Answer = tuple[int, str, dict[str, str]] | None


class Gateway:
    """The server; ``answer`` decides on each request, by default it takes what is posted."""

    def __init__(self, certificate_in: Path | None = None) -> None:
        self.port = free_port()
        self.posts: list[dict] = []
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.answer: Callable[[], Answer | str] = lambda: (200, "taken", {})
        self._context: ssl.SSLContext | None = None
        self.certificate: Path | None = None
        if certificate_in is not None:
            self.certificate, key = make_certificate(certificate_in)
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(self.certificate, key)
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http{'s' if self._context else ''}://127.0.0.1:{self.port}/hook?key=T0psecret"

    def ids(self) -> list[str]:
        """The idempotency keys of what was taken."""
        return [post["key"] for post in self.posts]

    def start(self) -> None:
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                gateway.requests.append((self.path, dict(self.headers), body))
                answer = gateway.answer()
                if answer is None:
                    self.connection.close()
                    return
                status, text, headers = answer
                if 200 <= status < 300:
                    gateway.posts.append({"key": self.headers["Idempotency-Key"], **json.loads(body)})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def handle(self) -> None:
                try:
                    super().handle()
                except (OSError, ValueError):
                    """The other side is gone."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        if self._context:
            self._server.socket = self._context.wrap_socket(self._server.socket, server_side=True)
        self._server.handle_error = lambda *_: None
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
