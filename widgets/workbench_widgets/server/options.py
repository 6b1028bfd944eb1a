"""What can be chosen about the dashboard's server, checked before anything starts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import InputError

DEFAULT_PORT = 8866
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PLACES = (
    Path(__file__).parents[1] / "notebooks" / "app.ipynb",
    Path(__file__).parents[3] / "notebooks" / "dashboards" / "app.ipynb",
)


@dataclass(frozen=True)
class Options:
    """How the dashboard is served.

    ``port`` 0 takes any free one. ``max_kernels`` counts open sessions and those warmed up; each takes up to 250 MB.
    ``idle_s`` is how long the session of a closed page lives. ``names`` are further host names that visitors may use.
    """

    port: int = DEFAULT_PORT
    host: str = "127.0.0.1"
    base_url: str = "/"
    max_kernels: int = 8
    warm_kernels: int = 1
    idle_s: int = 300
    names: tuple[str, ...] = ()
    token: bool = False
    browser: bool = False
    notebook: Path | None = None

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in LOOPBACK

    @property
    def prefix(self) -> str:
        """Return the base of all addresses, with a slash at both ends."""
        inner = self.base_url.strip("/")
        return f"/{inner}/" if inner else "/"

    @property
    def source(self) -> Path:
        """Return the notebook that is shown; raises ``InputError`` when it is not there."""
        places = (self.notebook,) if self.notebook else _PLACES
        for place in places:
            if place.is_file():
                return place.resolve()
        raise InputError(f"The dashboard's notebook {places[-1]} does not exist.", "Install the workbench again.")

    def check(self) -> None:
        """Raise ``InputError`` for a choice that cannot be."""
        if not 0 <= self.port <= 65535:
            raise InputError(f"--port is {self.port}.", "Give 1 to 65535, or 0 for any free one.")
        if not 1 <= self.max_kernels <= 200:
            raise InputError(f"--max-kernels is {self.max_kernels}.", "Give 1 to 200; each takes up to 250 MB.")
        if not 0 <= self.warm_kernels <= self.max_kernels:
            raise InputError(
                f"{self.warm_kernels} kernels to warm up are more than --max-kernels {self.max_kernels}.",
                "Give 0 up to --max-kernels.",
            )
        if self.idle_s < 1:
            raise InputError(f"The idle time is {self.idle_s} s.", "Give at least 1 s.")
        if not re.fullmatch(r"/?([A-Za-z0-9._~-]+/?)*", self.base_url):
            raise InputError(f"--base-url is {self.base_url!r}.", "Give a path such as /maintenance/.")
