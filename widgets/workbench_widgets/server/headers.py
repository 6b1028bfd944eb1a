"""Security headers of every answer, files and errors included."""

from __future__ import annotations

from tornado.httputil import HTTPHeaders
from tornado.web import OutputTransform

NONCE = "page-nonce"

# ``unsafe-eval``: Vue compiles the pages' templates in the browser, and JupyterLab's loader needs it as well.
# ``blob:`` in scripts and connections: ipyvue and anywidget (plotly's figures) load the modules of views so. Inline styles: Vuetify writes its theme and
# Vue every bound style. Inline scripts and handlers such as ``onerror=`` stay forbidden, so text that is taken for
# HTML somewhere still runs nothing; nothing is loaded from, nor sent to, another machine. The page itself adds a nonce,
# for the check of the browser that ipyvue's module loader makes by an inline script.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-eval' blob:",
        "script-src-attr 'none'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def policy_with(nonce: str) -> str:
    """Return the policy that lets inline scripts run if they carry ``nonce``."""
    return POLICY.replace("script-src 'self'", f"script-src 'self' 'nonce-{nonce}'", 1)


class SecurityHeaders(OutputTransform):  # type: ignore[misc]
    """Sets ``HEADERS`` on every answer of an application."""

    def transform_first_chunk(
        self,
        status_code: int,
        headers: HTTPHeaders,
        chunk: bytes,
        finishing: bool,  # noqa: ARG002
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Add the headers; what the server is built with is nobody's business."""
        own = headers.get("Content-Security-Policy", "")
        headers.update(HEADERS)
        if "'nonce-" in own:
            headers["Content-Security-Policy"] = own
        headers.pop("Server", None)
        return status_code, headers, chunk
