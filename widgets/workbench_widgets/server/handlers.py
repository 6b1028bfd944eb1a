"""What the dashboard's server answers: its page, its kernels' channels, and for all else a plain page that says so."""

from __future__ import annotations

import functools
import json
import secrets
from typing import Any

from jupyter_server.services.kernels.connection.base import deserialize_binary_message, deserialize_msg_from_ws_v1
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.handlers import KernelHandler
from tornado.web import HTTPError, RequestHandler, authenticated
from voila.handler import BaseVoilaHandler
from voila.request_info_handler import RequestInfoSocketHandler
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from .headers import NONCE, policy_with

# Widgets live by comm messages; none of these types carries code.
MESSAGE_TYPES = ("comm_open", "comm_close", "comm_msg", "comm_info_request", "kernel_info_request")
# The page asks for the state of what the kernel made; it makes no widgets of its own, so it may open nothing else.
_COMM_TARGETS = ("jupyter.widget.control",)
_METHODS = ("update", "custom", "request_state", "request_states", "echo_update")
_RETRY_S = 15


class PageHandler(TornadoVoilaHandler):  # type: ignore[misc]
    """The dashboard, in a kernel of its own, or a page that says that there are too many."""

    @functools.cached_property
    def nonce(self) -> str:
        """Return the word by which scripts of this very page are known."""
        return secrets.token_urlsafe(16)

    @property
    def content_security_policy(self) -> str:
        """Return the policy of this very page."""
        return policy_with(self.nonce)

    def should_use_rendered_notebook(self, _data: Any, pool_size: int, *_chosen: Any) -> bool:
        """Take a kernel that is warm or warming whenever there is one; there is but one notebook, template and theme."""
        return pool_size > 0

    @authenticated  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        """Write the page as the kernel produces it."""
        kernels = self.kernel_manager
        if not kernels.admit():
            self.set_status(503)
            self.set_header("Retry-After", str(_RETRY_S))
            self.set_header("Cache-Control", "no-store")
            self.finish(self.render_template("503.html", retry_s=_RETRY_S, most=kernels.most))
            return
        counted = True
        try:
            async for html in self.get_generator():
                if counted:
                    kernels.arrived()
                    counted = False
                    html = html.replace(NONCE, self.nonce, 1)  # in the head, so in the first piece
                # Voila's sign of life is a script in the page, which the content security policy forbids.
                self.write("<!-- -->\n" if "voila_heartbeat()" in html else html)
                self.flush()
        finally:
            if counted:
                kernels.arrived()
            RequestInfoSocketHandler._cache.clear()


class NotFound(BaseVoilaHandler):  # type: ignore[misc]
    """Every address that is none of ours."""

    async def prepare(self) -> None:
        """Answer 404 whatever was asked."""
        await super().prepare(_redirect_to_login=False)
        raise HTTPError(404)


class StrangeHost(RequestHandler):  # type: ignore[misc]
    """Requests under a name that is not the server's: a page elsewhere that had its name point here."""

    def prepare(self) -> None:
        """Answer 403 whatever was asked."""
        self.set_status(403)
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        self.finish("This server is not reached by that name. Use the address that it printed when it started.\n")


class KernelState(KernelHandler):  # type: ignore[misc]
    """Tells a page whether its kernel lives."""

    SUPPORTED_METHODS = ("GET",)


class Farewell(VoilaShutdownKernelHandler):  # type: ignore[misc]
    """Ends a kernel when its page is closed."""

    def check_xsrf_cookie(self) -> None:
        """Ask for no token: only the page itself knows its kernel's id, and another origin is refused before this."""


class Channel(VoilaKernelWebsocketHandler):  # type: ignore[misc]
    """The websocket between a page and its kernel."""

    def get_compression_options(self) -> dict[str, Any]:
        """Compress: the state of a page is text."""
        return {}


class CommsOnly(ZMQChannelsWebsocketConnection):  # type: ignore[misc]
    """Passes on what widgets say to the kernel and nothing that could run code of the sender's there."""

    def handle_incoming_message(self, incoming_msg: str | bytes) -> None:
        """Drop messages of other types, and those of ipyvue that import a module or call any method by name."""
        try:
            channel, message_type, content = _read(incoming_msg, self.subprotocol)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            self.log.warning("Dropped a message that cannot be read.")
            return
        if channel == "shell" and is_allowed(message_type, content):
            super().handle_incoming_message(incoming_msg)
        else:
            self.log.warning("Dropped a message of type %.40r on channel %.20r.", message_type, channel)

    def on_restart_failed(self) -> None:
        """Close the page's socket when its kernel died, so that the page says so."""
        super().on_restart_failed()
        self.websocket_handler.close(1011, "The session ended.")


def _read(message: str | bytes, subprotocol: str | None) -> tuple[str, str, dict[str, Any]]:
    """Return channel, type and content of a message from the browser, in whichever of the three forms it comes."""
    if subprotocol == "v1.kernel.websocket.jupyter.org":
        channel, parts = deserialize_msg_from_ws_v1(message)
        return channel, json.loads(parts[0])["msg_type"], json.loads(parts[3])
    whole = deserialize_binary_message(message) if isinstance(message, bytes) else json.loads(message)
    return whole["channel"], whole["header"]["msg_type"], whole["content"]


def is_allowed(message_type: str, content: dict[str, Any]) -> bool:
    """Return whether a message may go to a kernel.

    >>> is_allowed("execute_request", {"code": "1"})
    False
    >>> is_allowed("comm_msg", {"data": {"method": "custom", "content": {"event": "open", "data": "pump_01"}}})
    True
    >>> is_allowed("comm_msg", {"data": {"method": "custom", "content": {"create_widget": ["os", "abort"]}}})
    False
    """
    if message_type == "comm_open":
        return content.get("target_name") in _COMM_TARGETS
    if message_type == "comm_msg":
        data = content["data"]
        if data.get("method") == "custom":
            return set(data["content"]) <= {"event", "data"}
        return data.get("method") in _METHODS
    return message_type in MESSAGE_TYPES
