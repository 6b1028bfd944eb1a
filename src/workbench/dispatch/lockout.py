"""Lockout and tagout for each energy source of a machine: how it is isolated, what is released, how it is proved safe.

The order of the steps (prepare and tell people, stop, isolate, lock and tag, release or block what is stored, verify)
is that of 29 CFR 1910.147 (OSHA, the control of hazardous energy), paragraph (d), with the kinds of energy of
ISO 14118 (safety of machinery, prevention of unexpected start-up), clauses on isolation and energy dissipation.
The table is general: the maker's manual and the site's own lockout card go before it.
"""

from __future__ import annotations

from workbench.domain.equipment import MachineProfile
from workbench.domain.work import LockoutPoint

# Words that name a kind of energy, the more special kinds first: isolate, release, verify.
_TABLE: tuple[tuple[tuple[str, ...], tuple[str, str, str]], ...] = (
    (
        ("photovoltaic", "solar"),
        (
            "open the DC isolator of every string and lock it; cover the modules, they are live in any light",
            "wait until the inverter's capacitors are discharged (time on its plate, else 5 minutes)",
            "measure no DC voltage between the poles and from each pole to earth",
        ),
    ),
    (
        ("dc bus", "capacitor", "battery", "igniter"),
        (
            "disconnect it from its supply, lock the isolator and cover the terminals",
            "wait for the discharge time on the plate (else 5 minutes) and short it with a discharge rod",
            "measure no DC voltage across the terminals",
        ),
    ),
    (
        (" kv", "high voltage", "transformer", "switchgear"),
        (
            "open and rack out the breakers of every side and lock them; only people authorised for high voltage",
            "earth and short-circuit all phases at the place of work",
            "test every phase dead with a high-voltage detector proved before and after, before earthing",
        ),
    ),
    (
        ("electric", "voltage", "mains"),
        (
            "switch off, open the main isolator and lock it in OFF; the stop button does not isolate",
            "wait until drives and capacitors are discharged (time on the drive's plate, else 5 minutes)",
            "test all poles dead, between each other and to earth, with a two-pole tester proved before and after",
        ),
    ),
    (
        ("hydraulic",),
        (
            "stop the pump, close the supply valve and lock it",
            "lower or block the load, then relieve lines and accumulators to the tank",
            "read 0 bar at the gauge on each side of cylinder and accumulator",
        ),
    ),
    (
        ("pneumatic", "compressed air", "bleed air", "gas"),
        (
            "close the lockable shut-off valve and lock it vented",
            "vent lines and receivers to atmosphere; keep clear of the outlet",
            "read 0 bar at the gauge, then operate a valve by hand: nothing moves",
        ),
    ),
    (
        ("refrigerant",),
        (
            "close and lock the service valves on both sides; only people certified for refrigerants",
            "recover the refrigerant into a bottle, never to atmosphere",
            "read 0 bar on both sides with the manifold; gas detector shows none",
        ),
    ),
    (
        ("steam", "boiler"),
        (
            "close and lock two valves in series with the drain between them open",
            "vent and drain the line and let it cool",
            "read 0 bar and below 40 degC, drain open and dry",
        ),
    ),
    (
        ("chemical", "acid", "caustic", "solvent", "ammonia", "toxic", "fuel"),
        (
            "close and lock valves on both sides or blank the line; read the safety data sheet",
            "drain, flush and ventilate",
            "take a sample or a gas reading before opening; protective equipment stays on",
        ),
    ),
    (
        ("pressure", "liquid", "water", "vacuum"),
        (
            "close and lock the valves on the suction and the delivery side",
            "open vent and drain slowly and leave them open",
            "read 0 bar at the gauge; nothing flows from the drain",
        ),
    ),
    (
        ("gravity", "raised", "hanging", "suspended", "vertical axis"),
        (
            "lower it to its stop, or hold it by pins or props rated for its weight; a brake alone does not hold it",
            "take the load off the drive",
            "try by hand or lever: it does not sink",
        ),
    ),
    (
        ("spring", "tension", "clamp"),
        (
            "secure it with the maker's locking device",
            "release the tension as the manual says, out of its line of force",
            "try by hand: it is slack",
        ),
    ),
    (
        ("mechanical", "rotat", "rotor", "flywheel", "belt", "shaft", "impeller", "coupled"),
        (
            "uncouple or pin it so that neither the driven side nor a draught can turn it",
            "wait until it has come to rest",
            "try by hand: it does not turn",
        ),
    ),
    (
        ("thermal", "hot", "heat", "cold", "cryogenic"),
        (
            "shut off heating or cooling and lock it",
            "let it come to below 40 degC, or guard it and wear gloves for the heat",
            "measure the surface with an infrared thermometer",
        ),
    ),
    (
        ("radiation", "laser", "x-ray", "radioactive"),
        (
            "close and lock the shutter; only with the radiation safety officer",
            "none is stored once the shutter is closed or the source is off",
            "measure at the place of work",
        ),
    ),
)
_PLAIN_KINDS = ("gravity", "mechanical", "hydraulic", "pneumatic", "thermal")
_OTHER = (
    "find its isolating device, open it and lock it",
    "release or block whatever it stores",
    "measure or try that none is left",
)


def lockout_of(profile: MachineProfile) -> tuple[LockoutPoint, ...]:
    """Return one point for each energy source of the profile, in its order; none when it names no source.

    A source of a kind that the table does not know gets general instructions.
    """
    points = []
    for source in profile.energy_sources:
        isolate, release, verify = _kind_of(source)
        points.append(LockoutPoint(source=source, isolate=isolate, release=release, verify=verify))
    return tuple(points)


def _kind_of(source: str) -> tuple[str, str, str]:
    words = source.casefold()
    kind = words.partition(":")[0].strip()
    # "gravity: pump hanging in water" is of the kind gravity, whatever its other words say.
    looked_at = kind if kind in _PLAIN_KINDS else words
    return next((how for names, how in _TABLE if any(name in looked_at for name in names)), _OTHER)
