"""Lockout and tagout for each energy source of a machine: how it is isolated, what is released, how it is proved safe.

The order of the steps (prepare and tell people, stop, isolate, lock and tag, release or block what is stored, verify)
is that of 29 CFR 1910.147 (OSHA, the control of hazardous energy), paragraph (d), with the kinds of energy of
ISO 14118 (safety of machinery, prevention of unexpected start-up), clauses on isolation and energy dissipation.
High voltage is above 1,000 V AC or 1,500 V DC (IEC 60038). The table is general: the maker's manual and the site's own
lockout card go before it. Where a substance could be meant that harms people, the more careful steps stand.
"""

from __future__ import annotations

import re

from workbench.domain.equipment import MachineProfile
from workbench.domain.work import LockoutPoint

# How it is isolated, what is released, how it is proved.
_How = tuple[str, str, str]
# Words that name a kind of energy, the more special kinds first; "(...)" around whole words only.
_Table = tuple[tuple[tuple[str, ...], _How], ...]

_HIGH_VOLTAGE: _How = (
    "open and rack out the breakers of every side and lock them; only people authorised for high voltage",
    "test every phase dead with a high-voltage detector proved before and after; only then earth and short-circuit all phases",
    "see that the place of work is dead and earthed on every side, and cover what near it is still live",
)
_LOW_VOLTAGE: _How = (
    "switch off, open the main isolator and lock it in OFF; the stop button does not isolate",
    "wait until drives and capacitors are discharged (time on the drive's plate, else 5 minutes)",
    "test all poles dead, between each other and to earth, with a two-pole tester proved before and after",
)
_SUBSTANCE: _How = (
    "close and lock valves on both sides or blank the line; read the safety data sheet",
    "drain or purge into a closed system, never into the room; then flush and ventilate",
    "take a sample or a gas reading before opening; protective equipment stays on",
)
_PHOTOVOLTAIC: _How = (
    "open the DC isolator of every string and lock it; cover the modules, they are live in any light",
    "wait until the inverter's capacitors are discharged (time on its plate, else 5 minutes)",
    "measure no DC voltage between the poles and from each pole to earth",
)
_STORED_CHARGE: _How = (
    "disconnect it from its supply, lock the isolator and cover the terminals",
    "wait for the discharge time on the plate (else 5 minutes) and short it with a discharge rod",
    "measure no DC voltage across the terminals",
)
_BATTERY: _How = (
    "open the battery's isolator or draw its fuses with insulated tools, and lock it; no source of ignition",
    "a battery stays live and must never be shorted: cover its terminals, and discharge what is behind the isolator",
    "measure no DC voltage behind the isolator, between the poles and from each pole to earth",
)
_ELECTRICAL: _Table = (
    (("photovoltaic", "(pv)", "solar"), _PHOTOVOLTAIC),
    (("high voltage", "medium voltage", "transformer", "switchgear", "(hv)", "(mv)"), _HIGH_VOLTAGE),
    (("batter", "(ups)"), _BATTERY),
    (("dc bus", "capacitor", "igniter"), _STORED_CHARGE),
    (("electric", "voltage", "(ac)", "(dc)"), _LOW_VOLTAGE),
)
# What can be in a line or a vessel. What burns, poisons or chokes stands before what may be vented.
_CONTENTS: _Table = (
    (
        ("hydraulic",),
        (
            "stop the pump, close the supply valve and lock it",
            "lower or block the load, then relieve lines and accumulators to the tank",
            "read 0 bar at the gauge on each side of cylinder and accumulator",
        ),
    ),
    (
        (
            *(
                "toxic",
                "poison",
                "ammonia",
                "chlorine",
                "phosgene",
                "carbon monoxide",
                "sulphur dioxide",
                "sulfur dioxide",
            ),
            *(
                "hydrogen sul",
                "hydrogen chloride",
                "hydrogen fluoride",
                "hydrogen cyanide",
                "hydrogen peroxide",
                "(h2s)",
                "(r717)",
                "(r 717)",
            ),
        ),
        _SUBSTANCE,
    ),
    (
        (
            *(
                "flammable",
                "explosive",
                "combustible",
                "natural gas",
                "fuel",
                "hydrogen",
                "methane",
                "propane",
                "butane",
            ),
            *("acetylene", "biogas", "syngas", "town gas", "mains gas", "gas main", "landfill gas"),
            *("digester gas", "sewage gas", "coke oven gas", "gas fired", "gas burner", "gas engine"),
            *("petrol", "gasoline", "diesel", "kerosene", "(lpg)", "(lng)", "(cng)"),
            *("(r290)", "(r 290)", "(r600a)", "(r 600a)", "(r1270)", "(r 1270)"),
        ),
        (
            "close and lock valves on both sides or blank the line; no source of ignition, work permit of the site",
            "never vent it into the room: drain liquid into a closed vessel, purge gas with an inert gas as the site's procedure says",
            "read 0 bar, then measure with a gas detector before opening and while the work lasts",
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
    (("chemical", "acid", "caustic", "(lye)", "solvent"), _SUBSTANCE),
    (
        ("steam", "boiler"),
        (
            "close and lock two valves in series with the drain between them open",
            "vent and drain the line and let it cool",
            "read 0 bar and below 40 °C, drain open and dry",
        ),
    ),
    (
        ("(gas)", "(gases)", "(gaseous)", "nitrogen", "argon", "helium", "oxygen", "carbon dioxide", "(co2)"),
        (
            "close and lock valves on both sides or blank the line; find out which gas it is and ask for its safety data sheet",
            "do not vent it: release it only as the safety data sheet and the site's procedure say",
            "read 0 bar, then measure the air (oxygen, and the gas itself) before opening and while the work lasts",
        ),
    ),
    (
        ("pneumatic", "compressed air", "bleed air"),
        (
            "close the lockable shut-off valve and lock it vented",
            "vent lines and receivers to atmosphere; keep clear of the outlet",
            "read 0 bar at the gauge, then operate a valve by hand: nothing moves",
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
)
_OTHERS: _Table = (
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
        ("thermal", "(hot)", "heat", "(cold)", "cryogenic", "liquid nitrogen", "liquid oxygen", "(lng)"),
        (
            "shut off heating or cooling and lock it",
            "let it come to between 0 and 40 °C, or guard it and wear gloves for that heat or cold",
            "measure the surface with an infrared thermometer",
        ),
    ),
    (
        ("radiation", "laser", "x ray", "radioactive"),
        (
            "close and lock the shutter; only with the radiation safety officer",
            "none is stored once the shutter is closed or the source is off",
            "measure at the place of work",
        ),
    ),
)
# "gravity: pump hanging in water" is of the kind gravity, whatever its other words say.
_PLAIN_KINDS = ("gravity", "hydraulic")
_OTHER: _How = (
    "find its isolating device, open it and lock it",
    "release or block whatever it stores",
    "measure or try that none is left",
)
_NUMBER = r"(?:[1-9]\d{0,2}(?:[ ,.]\d{3})+|\d+(?:[.,]\d+)?)"
_VOLTS = re.compile(rf"(\bdc )?({_NUMBER}(?:\s*/\s*{_NUMBER})*)\s*(k?)v(?:\s?(ac|dc))?\b(?! belt)")
_MOST_LOW_V = {"ac": 1_000.0, "dc": 1_500.0}


def lockout_of(profile: MachineProfile) -> tuple[LockoutPoint, ...]:
    """Return the points for the energy sources of the profile, in its order; none when it names no source.

    A source that names more than one kind has a point for each; one of a kind that the table does not know gets general
    instructions.
    """
    return tuple(
        LockoutPoint(source=source, isolate=isolate, release=release, verify=verify)
        for source in profile.energy_sources
        for isolate, release, verify in _kinds_of(source)
    )


def _kinds_of(source: str) -> list[_How]:
    """Return how each kind of energy that a source names is locked out."""
    words = re.sub(r"[-_\s]+", " ", source.casefold())
    # The gas within is not to be released: it is a spring to whoever works there.
    words = re.sub(r"\b(?:gas|air|pneumatic) (?:spring|strut)", "spring", words)
    found = list(dict.fromkeys(how for part in re.split(r" and | [&+] |; ", words) for how in _of_part(part)))
    if _HIGH_VOLTAGE in found and _LOW_VOLTAGE in found:
        found.remove(_LOW_VOLTAGE)
    return found or [_OTHER]


def _of_part(words: str) -> list[_How]:
    """Return the kinds that a part of a source names: electricity, what is in its lines, and what moves or burns besides."""
    kind, _, said = (part.strip() for part in words.partition(":"))
    if kind in _PLAIN_KINDS:
        return [how for table in (_CONTENTS, _OTHERS) if (how := _first(table, kind))]
    if kind == "mechanical":
        return _all(_OTHERS, said) or _all(_OTHERS, kind)
    found = [_electrical(words), *([] if kind == "electrical" else [_first(_CONTENTS, words), *_all(_OTHERS, words)])]
    return [how for how in found if how] or ([_LOW_VOLTAGE] if "mains" in words else [])


def _electrical(words: str) -> _How | None:
    """Return how electricity is locked out; None where nothing says that it is meant."""
    named, voltages = _first(_ELECTRICAL, words), _voltages(words)
    if any(volts > _MOST_LOW_V[current] for volts, current in voltages) and named not in (_PHOTOVOLTAIC, _BATTERY):
        return _HIGH_VOLTAGE
    return named or (_LOW_VOLTAGE if voltages else None)


def _voltages(words: str) -> list[tuple[float, str]]:
    """Return the voltages that are written, each taken for AC, whose limit is the lower, unless it is said to be DC.

    >>> _voltages("20 kv, 24 v dc and 6,600 v"), _voltages("transformer 630 kva, 6.6/0.4 kv")
    ([(20000.0, 'ac'), (24.0, 'dc'), (6600.0, 'ac')], [(6600.0, 'ac'), (400.0, 'ac')])
    """
    return [
        (_value(number, kilo), "dc" if before or after == "dc" else "ac")
        for before, numbers, kilo, after in _VOLTS.findall(words)
        for number in numbers.split("/")
    ]


def _value(number: str, kilo: str) -> float:
    if not kilo and re.fullmatch(r"[1-9]\d{0,2}([ ,.]\d{3})+", number.strip()):
        return float(re.sub(r"[ ,.]", "", number))
    return float(number.replace(" ", "").replace(",", ".")) * (1_000 if kilo else 1)


def _first(table: _Table, words: str) -> _How | None:
    """Return the first kind of a table that words name."""
    return next((how for names, how in table if _any_named(names, words)), None)


def _all(table: _Table, words: str) -> list[_How]:
    return [how for names, how in table if _any_named(names, words)]


def _any_named(names: tuple[str, ...], words: str) -> bool:
    return any(
        re.search(rf"\b{re.escape(name[1:-1])}\b", words) if name.startswith("(") else name in words for name in names
    )
