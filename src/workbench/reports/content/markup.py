"""Fragments of HTML that notebooks show and reports are made of; everything that is not markup is escaped here."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

PROVENANCE_MIME = "application/vnd.workbench.provenance+json"


@dataclass(frozen=True)
class Fragment:
    """A piece of a report: HTML that is already safe, and what a machine should know of it."""

    html: str
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"<Fragment of {len(self.html)} characters>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002
        """Show as HTML in a notebook; ``include`` and ``exclude`` are the display protocol's."""
        bundle: dict[str, Any] = {"text/html": self.html, "text/plain": repr(self)}
        if self.provenance:
            bundle[PROVENANCE_MIME] = dict(self.provenance)
        return bundle


def text(value: object) -> str:
    """Return ``value`` as text that no browser takes for markup.

    >>> text("<script>")
    '&lt;script&gt;'
    """
    return html.escape(str(value), quote=True)


def element(name: str, *content: str | Fragment, **attributes: str) -> str:
    """Return an element; ``content`` is markup, attribute values are escaped here.

    A trailing underscore in an attribute name is dropped and inner ones become hyphens.

    >>> element("p", text("a < b"), class_="note")
    '<p class="note">a &lt; b</p>'
    """
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{text(value)}"' for key, value in attributes.items())
    return f"<{name}{given}>{''.join(str(part) for part in content)}</{name}>"


def link(target: str, label: str) -> str:
    """Return a link to the element with id ``target`` in the same document; ``label`` is text."""
    return element("a", text(label), href=f"#{target}")


def chip(label: str, kind: str) -> str:
    """Return a small coloured label; ``kind`` names the colour, the label says the same in words."""
    return element("span", text(label), class_=f"chip chip-{kind}")


def listing(items: Iterable[str], class_: str = "") -> str:
    """Return a bulleted list of markup; nothing for no items."""
    body = "".join(element("li", item) for item in items)
    return (element("ul", body, class_=class_) if class_ else element("ul", body)) if body else ""


def facts(pairs: Iterable[tuple[str, str]], class_: str = "facts") -> str:
    """Return a list of terms (text) and values (markup)."""
    body = "".join(element("div", element("dt", text(term)) + element("dd", value)) for term, value in pairs)
    return element("dl", body, class_=class_)


def empty(message: str, *, short: str | None = None) -> str:
    """Return the paragraph that stands where there is nothing to show.

    With ``short``, the page leaves the paragraph out and says ``short`` in one line at its end, with all others; where
    nobody would look for it, ``short`` is empty and the page does not name it.
    """
    given = {} if short is None else {"data_short": short}
    return element("p", text(message), class_="empty", **given)


def machine_anchor(machine_id: str) -> str:
    """Return the id of a machine's own section."""
    return f"machine-{machine_id}"


def fleet_anchor(machine_id: str) -> str:
    """Return the id of a machine's row in the fleet table."""
    return f"row-{machine_id}"
