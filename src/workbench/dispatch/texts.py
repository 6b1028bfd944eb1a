"""Texts of notices: for each kind a subject, a body, and short forms for chat and SMS, with named places for facts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Template
from typing import Literal

from workbench.domain.notices import Notice, NoticeKind

from .gsm import MOST_SMS, gsm_text

Form = Literal["subject", "body", "chat", "sms"]
FORMS: tuple[Form, ...] = ("subject", "body", "chat", "sms")
SIMULATED = "SIMULATED: "

# What every text may name; chat and SMS also the finished subject and body.
COMMON = ("subject", "body", "severity", "recipient", "machine_id")
_ORDER = (
    *("number", "priority", "title", "machine", "site", "when", "due", "start", "assignment"),
    *("wait", "labour_h", "tools", "parts", "cost", "why"),
)
FACTS: dict[NoticeKind, tuple[str, ...]] = {
    NoticeKind.WORK_ORDER: _ORDER,
    NoticeKind.WORK_ORDER_MANAGER: _ORDER,
    NoticeKind.MORE_URGENT: _ORDER,
    NoticeKind.MORE_URGENT_MANAGER: _ORDER,
    NoticeKind.ESCALATION: ("number", "priority", "title", "machine", "site", "due", "told", "told_at"),
    NoticeKind.CASE: ("site", "count", "cases"),
}

_TECHNICIAN = (
    "You are assigned to $machine, $site. $when $wait About $labour_h h of labour.\n"
    "Tools: $tools.\n"
    "The dispatch report has the safety instructions and the steps; read it before you start: workbench orders show $number"
)
_MANAGER = "$machine, $site. $when\n$why\n$assignment\n$parts\nEstimated cost $cost."
_CHAT = "$subject\n$body"

Texts = Mapping[tuple[NoticeKind, Form], str]


def _texts(kind: NoticeKind, subject: str, body: str, sms: str) -> dict[tuple[NoticeKind, Form], str]:
    return {(kind, "subject"): subject, (kind, "body"): body, (kind, "chat"): _CHAT, (kind, "sms"): sms}


_TITLE = "$number ($priority): $title"
DEFAULT_TEXTS: Texts = {
    **_texts(NoticeKind.WORK_ORDER, _TITLE, _TECHNICIAN, "$number $priority: $title, $machine_id. $when"),
    **_texts(
        NoticeKind.WORK_ORDER_MANAGER, _TITLE, _MANAGER, "$number $priority: $title, $machine_id. $when $assignment"
    ),
    **_texts(
        NoticeKind.MORE_URGENT,
        f"More urgent: {_TITLE}",
        _TECHNICIAN,
        "Now $priority: $number $title, $machine_id. $when",
    ),
    **_texts(
        NoticeKind.MORE_URGENT_MANAGER,
        f"More urgent: {_TITLE}",
        _MANAGER,
        "Now $priority: $number $title, $machine_id. $when $assignment",
    ),
    **_texts(
        NoticeKind.ESCALATION,
        f"Nobody acknowledged {_TITLE}",
        "$machine, $site. Due $due.\n"
        "$told was told $told_at and has neither acknowledged it nor begun.\n"
        "Please see to it, and acknowledge this notice when somebody does.",
        "Nobody acknowledged $number ($priority): $title, $machine_id. Due $due. Told: $told",
    ),
    **_texts(
        NoticeKind.CASE,
        "$count at $site",
        "$cases\nNo order tells of these. See them and say who looks after them: workbench cases list",
        "$count at $site",
    ),
    **{
        place: text
        for kind in NoticeKind
        if kind not in FACTS
        for place, text in _texts(kind, "$subject", "$body", "$subject").items()
    },
}


def placeholders(kind: NoticeKind) -> tuple[str, ...]:
    """Return the names that a text of this kind may use."""
    return (*COMMON, *FACTS.get(kind, ()))


def text_faults(kind: NoticeKind, text: str) -> list[str]:
    r"""Return what is wrong with a text: each unknown name, and each $ that names nothing, with its line.

    >>> text_faults(NoticeKind.CASE, "$machine_id runs hot\nsee $colour, costs 5 $")
    ['line 2: $colour is unknown', 'line 2: a $ that names nothing (write $$ for the sign)']
    """
    known, faults = placeholders(kind), []
    for number, line in enumerate(text.splitlines(), start=1):
        for found in Template.pattern.finditer(line):
            name = found["named"] or found["braced"]
            if name and name not in known:
                faults.append(f"line {number}: ${name} is unknown")
            if found["invalid"] is not None:
                faults.append(f"line {number}: a $ that names nothing (write $$ for the sign)")
    return faults


def worded(notice: Notice, texts: Texts = DEFAULT_TEXTS) -> Notice:
    """Return the notice with subject and body as the texts of its kind say; one without its kind's facts stays as it is."""
    known = _known(notice)
    if known is None:
        return notice
    subject = _marked(notice, _filled(texts[notice.kind, "subject"], known))
    return notice.model_copy(update={"subject": subject, "body": _filled(texts[notice.kind, "body"], known)})


def short_text(notice: Notice, form: Literal["chat", "sms"], texts: Texts = DEFAULT_TEXTS) -> str:
    """Return the short form of a notice that is ``worded`` already: for a chat, or at most 160 letters for an SMS."""
    known = _known(notice)
    template = texts[notice.kind, form] if known is not None else {"chat": _CHAT, "sms": "$subject"}[form]
    text = _filled(template, {**(known or {}), "subject": notice.subject, "body": notice.body})
    text = _marked(notice, text)
    return gsm_text(text, MOST_SMS) if form == "sms" else text


def _known(notice: Notice) -> dict[str, str] | None:
    """Return what the texts may name; None when the notice lacks facts of its kind."""
    if not all(name in notice.facts for name in FACTS.get(notice.kind, ())):
        return None
    common = {
        "severity": notice.severity.value,
        "recipient": notice.recipient,
        "machine_id": notice.machine_id or "",
        "subject": notice.subject,
        "body": notice.body,
    }
    return {**notice.facts, **common}


def _filled(template: str, known: Mapping[str, str]) -> str:
    """Put the facts in; a fact that is empty leaves no gap and no empty line."""
    lines = [(line, Template(line).substitute(known)) for line in template.splitlines()]
    text = "\n".join(said for line, said in lines if said.strip() or not line.strip())
    return "\n".join(re.sub(r" {2,}", " ", line).strip() for line in text.splitlines()).strip()


def _marked(notice: Notice, text: str) -> str:
    # Not left to the texts, which users may change.
    return f"{SIMULATED}{text}" if notice.simulated and not text.startswith(SIMULATED) else text
