"""Voila as the dashboard runs it: one notebook, one template, few handlers, known hosts, and an end without remains."""

from __future__ import annotations

import asyncio
import errno
import functools
import os
import re
import signal
import socket
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import nbformat
from jupyter_server.base.handlers import FileFindHandler
from jupyter_server.utils import url_path_join
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, StaticFileHandler
from traitlets import Unicode
from traitlets.config import Config
from voila.app import Voila

from workbench.errors import EnvironmentFailure
from workbench.scratch import scratch_folder

from .handlers import MESSAGE_TYPES, Channel, CommsOnly, Farewell, KernelState, NotFound, PageHandler, StrangeHost
from .headers import SecurityHeaders
from .kernels import Kernels, SameKernelSpecManager
from .options import LOOPBACK, Options

TEMPLATES = Path(__file__).parents[1]
TEMPLATE = "workbench"
OURS = TEMPLATES / "voila" / "templates" / TEMPLATE
SCRATCH = "workbench-dashboard-"
# Linux allows 107 bytes for the path of a local socket, macOS 103.
LONGEST_SOCKET_PATH = 100
EXTENSIONS = (
    "@jupyter-widgets/jupyterlab-manager",
    "@voila-dashboards/widgets-manager8",
    "anywidget",
    "jupyter-vue",
    "jupyter-vuetify",
)
_KERNEL = r"(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)"


def run(workspace: Path, name: str, options: Options, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; see ``serve``."""
    source = options.source
    sockets = _listen(options.host, options.port)
    # Voila finds templates by this variable alone; kernels need to know the workspace.
    places = [str(TEMPLATES), *filter(None, os.environ.get("JUPYTER_PATH", "").split(os.pathsep))]
    os.environ["JUPYTER_PATH"] = os.pathsep.join(dict.fromkeys(places))
    os.environ["WORKBENCH_WORKSPACE"] = str(workspace)
    # The one instance, whose log is then the log of all of Voila's parts.
    server = Server.instance(
        notebook_path=str(source),
        ip=options.host,
        port=sockets[0].getsockname()[1],
        base_url=options.prefix,
        auto_token=options.token,
        config=_config(name, options),
        config_file_paths=[],
        log_level="WARN",
    )
    server.options = options
    server.initialize([])
    asyncio.run(server.serve(sockets, announce))


def _config(name: str, options: Options) -> Config:
    return Config(
        {
            "VoilaConfiguration": {
                "template": TEMPLATE,
                "allow_template_override": "NO",
                "theme": "dark",
                "allow_theme_override": "NO",
                "strip_sources": True,
                "show_tracebacks": False,
                "file_allowlist": [],
                "extension_allowlist": list(EXTENSIONS),
                "resources": {"workspace": name},
            },
            "VoilaExecutor": {"cell_error_instruction": "The server's log says more."},
            "MappingKernelManager": {
                "cull_idle_timeout": options.idle_s,
                "cull_interval": max(min(options.idle_s // 4, 30), 1),
            },
            # Sockets in a folder of ours, which no other user of the machine can reach, where their paths fit.
            "KernelManager": {"transport": _transport()},
            # A kernel that died has lost its page's widgets, so another in its place would only pretend to answer.
            "KernelRestarter": {"restart_limit": 0},
        }
    )


def _transport() -> str:
    longest = Path(tempfile.gettempdir()) / f"{SCRATCH}12345678" / f"kernel-{'0' * 36}-ipc-5"
    return "ipc" if sys.platform != "win32" and len(str(longest)) < LONGEST_SOCKET_PATH else "tcp"


def _listen(host: str, port: int) -> list[socket.socket]:
    """Return sockets bound to one address; a taken port is an error, never another port."""
    try:
        sockets: list[socket.socket] = bind_sockets(port, host)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            what = f"Port {port} of {host} is in use, perhaps by another dashboard."
        elif error.errno in (errno.EACCES, errno.EPERM):
            what = f"Port {port} of {host} may not be used without more rights."
        else:
            what = f"{host} cannot be listened on: {error.strerror or error}."
            raise EnvironmentFailure(what, "Give --host an address of this machine.") from error
        raise EnvironmentFailure(what, "Give another one with --port, or --port 0 for any free one.") from error
    return sockets


class OneNotebook:
    """All the contents that Voila knows of: the notebook itself, as it lies on disk."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def get(self, path: str) -> dict[str, Any]:
        """Return the notebook, whatever path is asked for."""
        return {"type": "notebook", "path": path, "content": nbformat.read(self._place, as_version=4)}


class Server(Voila):  # type: ignore[misc]
    """A standalone Voila for one notebook."""

    options: Options = Options()
    connection_dir = Unicode()

    def init_settings(self) -> dict[str, Any]:
        """Return Voila's settings with our kernels, host rules, error pages and headers."""
        settings: dict[str, Any] = super().init_settings()
        scratch = Path(self.connection_dir)
        self.contents_manager = OneNotebook(Path(self.notebook_path))
        self.kernel_spec_manager = SameKernelSpecManager(
            parent=self, environment={"IPYTHONDIR": str(scratch / "ipython")}
        )
        settings |= {
            "kernel_spec_manager": self.kernel_spec_manager,
            "contents_manager": self.contents_manager,
            "kernel_websocket_connection_class": CommsOnly,
            "allow_remote_access": not self.options.is_local,
            "local_hostnames": [*LOOPBACK, *self.options.names],
            "default_handler_class": StrangeHost,
            "transforms": [SecurityHeaders],
            "ws_ping_timeout": 30_000,
            "websocket_max_message_size": 4 * 1024 * 1024,
        }
        own = jinja2.FileSystemLoader(OURS)
        errors = settings["jinja2_env"]
        errors.loader = jinja2.ChoiceLoader([own, errors.loader])
        return settings

    def init_handlers(self) -> list[Any]:
        """Return the few handlers that the page needs; there is none for files, contents, sessions or terminals."""
        at = functools.partial(url_path_join, self.base_url)
        page = {
            "notebook_path": os.path.relpath(self.notebook_path, self.root_dir),
            "template_paths": self.template_paths,
            "config": self.config,
            "voila_configuration": self.voila_configuration,
        }
        signing_in = [(at(path), *rest) for path, *rest in self.identity_provider.get_handlers()]
        return [
            (re.escape(self.base_url), PageHandler, page),
            (at(rf"/api/kernels/{_KERNEL}"), KernelState),
            (at(rf"/api/kernels/{_KERNEL}/channels"), Channel),
            (at(r"/voila/api/shutdown/(.*)"), Farewell),
            (at(rf"/voila/templates/{TEMPLATE}/static/(.*)"), StaticFileHandler, {"path": OURS / "static"}),
            (at(r"/voila/static/(.*)"), StaticFileHandler, {"path": self._voila_static()}),
            (at(r"/voila/labextensions/(.*)"), FileFindHandler, {"path": self.labextensions_path}),
            *(signing_in if self.options.token else []),
            (r".*", NotFound, {"voila_configuration": self.voila_configuration}),
        ]

    def _voila_static(self) -> str:
        """Return the folder with the scripts that Voila brings."""
        return next(str(folder) for folder in self.static_paths if (Path(folder) / "voila.js").is_file())

    def hosts(self) -> str:
        """Return the pattern of host names under which requests are answered.

        A name that somebody else controls could be made to point here (DNS rebinding), an address could not.
        """
        names = [*LOOPBACK, self.options.host, *self.options.names]
        if not self.options.is_local:
            names += [socket.gethostname(), socket.getfqdn()]
        known = "|".join(sorted({re.escape(name.lower()) for name in names if ":" not in name}))
        addresses = r"\[::1\]" if self.options.is_local else r"[0-9.]+|\[[0-9a-f:.]+\]"
        return rf"({known}|{addresses})$"

    async def serve(self, sockets: list[socket.socket], announce: Callable[[str], None]) -> None:
        """Answer on ``sockets`` until a signal says to stop, then end every kernel."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        with scratch_folder(SCRATCH) as scratch:
            self.connection_dir = str(scratch)
            self.app = Application(**self.init_settings())
            self.kernel_manager = self.app.settings["kernel_manager"] = self._kernels()
            self.app.add_handlers(self.hosts(), self.init_handlers())
            http = HTTPServer(self.app, xheaders=False)
            http.add_sockets(sockets)
            announce(self.address)
            if self.options.browser:
                threading.Thread(target=webbrowser.open, args=(self.address,), daemon=True).start()
            await stop.wait()
            http.stop()
            # Whatever was under way is cut off, and need not complain.
            self.log.setLevel("CRITICAL")
            await self.kernel_manager.shutdown_all(now=True)

    def _kernels(self) -> Kernels:
        return Kernels(
            parent=self,
            connection_dir=self.connection_dir,
            kernel_spec_manager=self.kernel_spec_manager,
            allowed_message_types=list(MESSAGE_TYPES),
            most=self.options.max_kernels,
            warm=self.options.warm_kernels,
        )

    @property
    def address(self) -> str:
        """Return the address to open in a browser, with the token when one is asked for."""
        host = "localhost" if self.ip in ("", "0.0.0.0", "::") else f"[{self.ip}]" if ":" in self.ip else self.ip  # noqa: S104
        token = f"?token={self.identity_provider.token}" if self.options.token else ""
        return f"http://{host}:{self.port}{self.base_url}{token}"
