"""Texts of notices that a workspace brings along: files that take the place of the usual ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.dispatch.texts import DEFAULT_TEXTS, FORMS, Texts, text_faults
from workbench.domain.notices import NoticeKind
from workbench.errors import InvalidDocument

if TYPE_CHECKING:
    from workbench.workspace import Workspace

FOLDER = Path("data") / "templates" / "notices"
_MOST_BYTES = 20_000


def notice_texts(ws: Workspace) -> Texts:
    """Return the text of each kind of notice and form: the workspace's own where it has one, else the usual one.

    A workspace's own is the file ``data/templates/notices/<kind>.<form>.txt``, with places such as ``$machine``.
    Raises ``InvalidDocument`` naming every fault of every file.
    """
    texts, faults = read_texts(ws.path)
    if faults:
        raise InvalidDocument(str(ws.path / FOLDER), faults)
    return texts


def read_texts(root: Path) -> tuple[Texts, list[str]]:
    """Return the texts, with the usual one in place of each that is faulty, and the faults."""
    texts, faults = dict(DEFAULT_TEXTS), []
    for path in sorted((root / FOLDER).glob("*.txt")):
        found = _own_faults(path)
        if found:
            faults += [f"{path.name}: {fault}" for fault in found]
        else:
            kind, form = path.name.removesuffix(".txt").split(".")
            texts[NoticeKind(kind), next(f for f in FORMS if f == form)] = path.read_text(encoding="utf-8").strip()
    return texts, faults


def _own_faults(path: Path) -> list[str]:
    kind, _, form = path.name.removesuffix(".txt").partition(".")
    if form not in FORMS or kind not in list(NoticeKind):
        names = ", ".join(kind.value for kind in NoticeKind)
        return [f"the name must be <kind>.<form>.txt; kinds: {names}; forms: {', '.join(FORMS)}"]
    try:
        if path.stat().st_size > _MOST_BYTES:
            return [f"it is longer than {_MOST_BYTES} bytes"]
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        return [f"it cannot be read: {error.strerror}"]
    except UnicodeDecodeError as error:
        return [f"it is not UTF-8 text (byte {error.start})"]
    return text_faults(NoticeKind(kind), text) if text.strip() else ["it is empty"]
