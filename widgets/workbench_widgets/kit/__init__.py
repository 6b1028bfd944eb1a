"""The kit that pages are built from.

A page is a folder: ``page.py`` (a ``Page`` whose traits are the view model), ``page.vue`` (its view), ``test_page.py``
(sets traits, asserts traits, no browser)::

    class PumpPage(Page):
        template_file = (__file__, "page.vue")
        title = Unicode().tag(sync=True)
        machine = Dict().tag(sync=True)

        def read(self):                       # in a thread: reads records, touches no trait
            profile = self.ws.machines.get("pump_01")
            return {"title": profile.title, "machine": look(HealthState.HEALTHY)}

``refresh()`` calls ``read`` and sets the traits; the browser asks for it every ``refresh_s`` seconds while it looks.
When ``read`` raises, ``fault`` says why and what was shown stays. ``navigate("machine", machine="pump_01")`` (in the
view: ``navigate({page: 'machine', machine: id})``) asks the shell for another page.

Components, in every template:

* ``<wb-page v-model:dark="dark" :embedded="embedded" :every="refresh_s" :at="refreshed_at" :loaded="loaded"
  :fault="fault" @refresh="refresh">`` around everything: theme, base styles, refresh, loading and error states.
* ``<wb-panel title="Sensors" :code="code.sensors">`` a card with a heading and "Show code"; slots: default, ``actions``.
* ``<wb-state :look="row.look"/>`` icon, word and colour of a state; ``look()`` makes it from a domain state.
* ``<wb-icon name="critical"/>`` inline SVG; names in ``components/icon.vue``.
* ``<wb-notice kind="empty|error|info|warning" title=".." text=".." action="Try again" @action="..">``
* ``<wb-code :code="line"/>`` the Python line with a copy button (``wb-panel`` has it already).

Colours are CSS variables under ``.wb``: ``--wb-background --wb-card --wb-raised --wb-line --wb-text --wb-muted --wb-link
--wb-button`` and for each state of ``theme.STATES`` ``--wb-critical`` (fill) and ``--wb-critical-ink`` (text). Plots take
theirs from ``DARK`` and ``LIGHT`` by the page's ``dark``. Text of users goes through ``{{ }}`` only, never ``v-html``.
"""

from .looks import Look, look
from .page import REFRESH_S, Page
from .theme import DARK, GRADIENT, LIGHT, STATES, contrast, use_theme
from .words import ago, python_call, until

__all__ = [
    "DARK",
    "GRADIENT",
    "LIGHT",
    "REFRESH_S",
    "STATES",
    "Look",
    "Page",
    "ago",
    "contrast",
    "look",
    "python_call",
    "until",
    "use_theme",
]
