"""Rolling bearings: rating life after ISO 281, grease life, friction and heat, and the spall that grows after the first crack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from workbench.twin.streams import Floats

from .contract import SECONDS_PER_HOUR, Component, Event, Input, Output, Parameter, State, Values
from .degradation import grow_after

# ln(1 / 0.9): the rating life is the one that 90 % of bearings reach.
TEN_PERCENT = 0.1053605157
LARGEST_LIFE_FACTOR = 50.0
# ISO 281 covers viscosity ratios from 0.1 to 4; its bands meet at 0.4 and 1.
LOG_KAPPA_LOW, LOG_04, LOG_KAPPA_HIGH = np.log((0.1, 0.4, 4.0)).tolist()
LOG_1000, LOG_2000 = np.log((1000.0, 2000.0)).tolist()
LOG_1E6_60 = float(np.log(1e6 / 60.0))
# Cameron, The Principles of Lubrication (1966): Vogel's constant of mineral oils, in degC.
VOGEL_C = 95.0
# Oils are no colder than this in Vogel's law, which ends at -95 degC.
COLDEST_C = -40.0
SETTLING_STEPS = 15
# Grease holds its film until this share of its life, and has lost nearly all of it this much later.
GREASE_FADES, GREASE_FADING, LEAST_FILM = 0.8, 0.4, 0.1
GREASE_HALVES_K, GREASE_FULL_LIFE_C = 15.0, 70.0
SPALL_GROWTH = 5.0
LEAST_COOLING = 0.05

Number = Floats | float


def at_rated_unless_told(speed_rpm: Number, rated_rpm: Number) -> Number:
    """Return the speed, or the rated one where no speed is known (NaN)."""
    if isinstance(speed_rpm, float):
        return rated_rpm if np.isnan(speed_rpm) else speed_rpm
    return np.where(np.isnan(speed_rpm), rated_rpm, speed_rpm)


def kinematic_viscosity(temperature_C: Number, viscosity_40_cSt: Number, viscosity_100_cSt: Number) -> Floats:
    """Return an oil's kinematic viscosity by Vogel's law with Cameron's constant, through its values at 40 and 100 degC.

    >>> round(float(kinematic_viscosity(70.0, 220.0, 19.0)), 1)
    51.7
    """
    return np.exp(_log_viscosity(temperature_C, viscosity_40_cSt, viscosity_100_cSt))


def reference_viscosity(speed_rpm: Number, pitch_diameter_mm: Number) -> Floats:
    """Return the viscosity that an adequate film needs, ISO 281:2007, 9.3.3.3.

    >>> round(float(reference_viscosity(1500.0, 60.0)), 1)
    15.0
    """
    return np.exp(_log_reference_viscosity(np.log(speed_rpm), pitch_diameter_mm))


def weibull_life(strength: Number, slope: Number, minimum: Number) -> Number:
    """Return a bearing's own life over the rating life (three-parameter Weibull, ISO/TR 1281-2; a1 of ISO 281 table 12).

    ``strength`` is the exponential of the bearing's standard normal score in its population, 1 at the median. The
    normal distribution is Page's logistic one (Applied Statistics 26, 1977; error under 1.4e-4).

    >>> bool(abs(weibull_life(np.exp(-1.2816), 1.5, 0.05) - 1.0) < 0.005)
    True
    """
    score = np.log(strength)
    # -ln(survival) of a logistic distribution is the softplus of its logit.
    hazard = np.log1p(np.exp(score * (1.5976 + 0.07056 * score * score)))
    return (1.0 - minimum) * np.exp(np.log(hazard / TEN_PERCENT) / slope) + minimum


# Powers are written as exponentials of logarithms below: numpy's are several times faster.
def _log_viscosity(temperature_C: Number, viscosity_40_cSt: Number, viscosity_100_cSt: Number) -> Floats:
    warm = np.maximum(temperature_C, COLDEST_C) + VOGEL_C
    slope = _vogel_slope(viscosity_40_cSt, viscosity_100_cSt)
    return np.asarray(np.log(viscosity_40_cSt) + slope * (1.0 / warm - 1.0 / (40.0 + VOGEL_C)))


def _vogel_slope(viscosity_40_cSt: Number, viscosity_100_cSt: Number) -> Floats:
    return np.asarray(np.log(viscosity_40_cSt / viscosity_100_cSt) / (1.0 / (40.0 + VOGEL_C) - 1.0 / (100.0 + VOGEL_C)))


def _log_reference_viscosity(log_speed: Number, pitch_diameter_mm: Number) -> Floats:
    slow = np.log(45_000.0) - 0.83 * log_speed
    fast = np.log(4_500.0) - 0.5 * log_speed
    return np.asarray(np.where(log_speed < LOG_1000, slow, fast) - 0.5 * np.log(pitch_diameter_mm))


class RollingBearing(Component):
    """A radial ball bearing.

    Fatigue: Miner's sum over L = a1 a_ISO (C/P)^p million revolutions (ISO 281:2007, with kappa, e_C and C_u); the
    bearing's own a1 comes from its ``strength``. Grease ages by revolutions and heat and then thins the film. After the
    first spall (fatigue 1) the damage grows exponentially with revolutions and load (Rosado et al., Tribology Transactions 53, 2010), which is
    the P-F interval. Friction after Palmgren heats it against its surroundings.
    """

    model = "rolling_bearing"
    states = (
        State("fatigue", "1", "share of the fatigue life used", low=0.0, noise=0.05, monotone=True),
        State("grease_used", "1", "share of the grease life used", low=0.0, noise=0.05, monotone=True),
        State("damage", "1", "spall, 0 none to 1 failed", low=0.0, high=1.0, noise=0.3, monotone=True),
        State("temperature_C", "degC", "temperature of the bearing", low=-60.0, high=400.0),
    )
    inputs = (
        Input("load", "1", "load, 1 = rated", 0.7),
        Input("extra_load", "1", "further load by unbalance or misalignment, 1 = rated", 0.0, 0.0, 3.0),
        Input("running", "1", "share of the step in which it runs", 1.0),
        Input(
            "speed_rpm",
            "rpm",
            "speed while it runs; rated where it is not wired",
            float("nan"),
            0.0,
            2.0,
            "rated_speed_rpm",
        ),
        Input("ambient_C", "degC", "what the bearing is cooled by: air, or the part that holds it", 20.0),
        Input(
            "air_cooling", "1", "factor on the heat given off, for a bearing that the air itself cools", 1.0, 0.0, 2.0
        ),
        Input("lubrication", "1", "share of the lubricant film that arrives, 1 = all", 1.0),
        Input("wear", "1", "factor on the rate of wear", 1.0),
    )
    outputs = (
        Output("temperature_rise_K", "K", "rise over what cools it"),
        Output("acceleration_g", "g", "high-frequency acceleration, RMS, at the housing"),
        Output("friction_kW", "kW", "friction loss"),
        Output("rating_life_h", "h", "modified rating life L10mh under these conditions"),
        Output("kappa", "1", "viscosity ratio"),
    )
    events = (Event("failed", "damage", "the bearing no longer carries its load"),)
    parameters = (
        Parameter(
            "dynamic_rating_kN", "kN", "basic dynamic load rating C", 30.0, 0.1, 1e5, "bearing catalogue, ISO 281"
        ),
        Parameter("fatigue_limit_kN", "kN", "fatigue load limit C_u", 0.7, 1e-4, 1e4, "ISO 281:2007, C_0/22"),
        Parameter("load_kN", "kN", "equivalent dynamic load P at rated load", 3.5, 1e-3, 1e4, "class value", 0.05),
        Parameter("idle_load", "1", "share of the load that is there without work", 0.3, 0.0, 1.0, "class value"),
        Parameter("life_exponent", "1", "p: 3 for balls, 10/3 for rollers", 3.0, 2.0, 4.0, "ISO 281:2007"),
        Parameter("pitch_diameter_mm", "mm", "pitch diameter", 60.0, 3.0, 5e3, "bearing catalogue"),
        Parameter("bore_mm", "mm", "bore", 45.0, 1.0, 5e3, "bearing catalogue"),
        Parameter("rated_speed_rpm", "rpm", "rated speed", 1500.0, 1.0, 1e6, "name plate"),
        Parameter("viscosity_40_cSt", "mm2/s", "oil at 40 degC", 110.0, 2.0, 2e3, "lubricant data sheet"),
        Parameter("viscosity_100_cSt", "mm2/s", "oil at 100 degC", 11.0, 1.0, 200.0, "lubricant data sheet"),
        Parameter("contamination", "1", "e_C: 1 cleanest to 0 dirtiest", 0.5, 0.0, 1.0, "ISO 281:2007 table 13", 0.2),
        Parameter("weibull_slope", "1", "slope of the lives of a population", 1.5, 0.5, 5.0, "ISO/TR 1281-2"),
        Parameter("minimum_life", "1", "life that all reach, over L10", 0.05, 0.0, 0.5, "ISO/TR 1281-2"),
        Parameter("strength", "1", "exp of the normal score in the population", 1.0, 1e-3, 1e3, "weibull_life", 1.0),
        Parameter(
            "grease_factor", "1", "K: 10 balls, 5 rollers, 1e6 oil", 10.0, 0.1, 1e9, "SKF relubrication interval"
        ),
        Parameter("grease_intervals", "1", "grease life over interval", 2.7, 1.0, 10.0, "L10 over L1 of grease", 0.3),
        Parameter("propagation_h", "h", "first spall to failure at rated", 500.0, 1.0, 1e6, "P-F interval", 0.3),
        Parameter("friction_coefficient", "1", "of the load", 0.0015, 1e-4, 0.1, "Palmgren 1959", 0.1),
        Parameter("viscous_factor", "1", "f_0 of the viscous moment", 2.0, 0.0, 20.0, "Palmgren 1959"),
        Parameter("spalled_friction", "1", "rise of the friction at failure", 4.0, 0.0, 100.0, "class value"),
        Parameter("dry_friction", "1", "rise of the friction without film", 4.0, 0.0, 100.0, "class value"),
        Parameter("conductance_W_K", "W/K", "bearing to what cools it", 2.0, 0.01, 1e5, "class value", 0.1),
        Parameter("seat_rise_K", "K", "rise by the machine's other heat, idle", 0.0, 0.0, 200.0, "class value"),
        Parameter("seat_load_rise_K", "K", "further such rise at rated load", 0.0, 0.0, 200.0, "class value", 0.05),
        Parameter("lag_s", "s", "thermal time constant", 5400.0, 1.0, 1e6, "class value"),
        Parameter("acceleration_new_g", "g", "acceleration when new", 0.3, 0.0, 100.0, "class value", 0.05),
        Parameter("acceleration_spalled_g", "g", "further acceleration at failure", 2.0, 0.0, 500.0, "class value"),
    )

    # a_ISO = 0.1 (1 - (a - b / kappa^c)^d (e_C C_u / P)^e)^-f; b and c for kappa under 0.4, under 1, up to 4.
    ISO_A: ClassVar[float] = 2.5671
    ISO_B: ClassVar[tuple[float, float, float]] = (2.2649, 1.9987, 1.9987)
    ISO_C: ClassVar[tuple[float, float, float]] = (0.054381, 0.19087, 0.071739)
    ISO_D: ClassVar[float] = 0.83
    ISO_E: ClassVar[float] = 1.0 / 3.0
    ISO_F: ClassVar[float] = 9.3

    @classmethod
    def life_factor(cls, kappa: Number, cleanliness: Number) -> Floats:
        """Return a_ISO for a viscosity ratio and ``cleanliness`` = e_C C_u / P, at most 50.

        ISO 281:2007, equations 31 to 33 (rollers: 34 to 36). Ratios outside 0.1 to 4 count as the nearer end.

        >>> round(float(RollingBearing.life_factor(2.45, 0.8 * 0.134)), 1)
        5.5
        """
        return np.exp(cls._log_life_factor(np.log(kappa), np.log(cleanliness)))

    @classmethod
    def _log_life_factor(cls, log_kappa: Number, log_cleanliness: Number) -> Floats:
        ratio = np.minimum(np.maximum(log_kappa, LOG_KAPPA_LOW), LOG_KAPPA_HIGH)
        thin, middle, thick = (b * np.exp(-c * ratio) for b, c in zip(cls.ISO_B, cls.ISO_C, strict=True))
        film = cls.ISO_A - np.where(ratio < LOG_04, thin, np.where(ratio < 0.0, middle, thick))
        inner = 1.0 - np.exp(cls.ISO_D * np.log(np.maximum(film, 1e-12)) + cls.ISO_E * log_cleanliness)
        # The bracket may close for the cleanest oils: there the factor has its upper limit.
        least = (10.0 * LARGEST_LIFE_FACTOR) ** (-1.0 / cls.ISO_F)
        return np.asarray(np.log(0.1) - cls.ISO_F * np.log(np.maximum(inner, least)))

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:
        """Return a new bearing, settled at its temperature."""
        log_speed, force = _log_speed(u, p), _force(u, p)
        temperature: Number = u["ambient_C"]
        for _ in range(SETTLING_STEPS):
            log_viscosity = _log_viscosity(temperature, p["viscosity_40_cSt"], p["viscosity_100_cSt"])
            friction_W, viscous_W = _friction(log_viscosity, log_speed, force, 1.0, u, p)
            temperature = temperature + _warming(temperature, friction_W, viscous_W, np.inf, u, p)
        return {"temperature_C": temperature}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Age the grease, use up fatigue life, grow the spall, and warm up; see the class."""
        temperature, damage, fatigue = x["temperature_C"], x["damage"], x["fatigue"]
        log_speed, force = _log_speed(u, p), _force(u, p)
        speed = np.exp(log_speed)
        log_viscosity = _log_viscosity(temperature, p["viscosity_40_cSt"], p["viscosity_100_cSt"])
        worked_h = u["running"] * u["wear"] * (step_s / SECONDS_PER_HOUR)
        x["grease_used"] += worked_h / _grease_life_h(temperature, speed, p)
        fading = np.minimum(np.maximum((x["grease_used"] - GREASE_FADES) / GREASE_FADING, 0.0), 1.0)
        film = np.maximum(u["lubrication"] * (1.0 - (1.0 - LEAST_FILM) * fading), 1e-3)

        log_kappa = log_viscosity + np.log(film) - _log_reference_viscosity(log_speed, p["pitch_diameter_mm"])
        log_force = np.log(force)
        cleanliness = np.log(np.maximum(p["contamination"], 1e-6) * p["fatigue_limit_kN"]) - log_force
        log_mrev = self._log_life_factor(log_kappa, cleanliness) + p["life_exponent"] * (
            np.log(p["dynamic_rating_kN"]) - log_force
        )
        rating_life_h = np.exp(log_mrev + LOG_1E6_60 - log_speed)
        used = worked_h / (rating_life_h * weibull_life(p["strength"], p["weibull_slope"], p["minimum_life"]))
        fatigue += used
        pace = (force / p["load_kN"]) ** p["life_exponent"] * speed / p["rated_speed_rpm"]
        grow_after(fatigue, used, damage, worked_h * pace / p["propagation_h"], SPALL_GROWTH)

        rough = 1.0 + p["spalled_friction"] * damage + p["dry_friction"] * (1.0 - film)
        friction_W, viscous_W = _friction(log_viscosity, log_speed, force, rough, u, p)
        temperature += _warming(temperature, friction_W, viscous_W, step_s, u, p)
        quick = u["running"] * speed / p["rated_speed_rpm"]
        return {
            "temperature_rise_K": temperature - u["ambient_C"],
            "acceleration_g": quick * (p["acceleration_new_g"] + p["acceleration_spalled_g"] * damage),
            "friction_kW": friction_W / 1000.0,
            "rating_life_h": rating_life_h,
            "kappa": np.exp(log_kappa),
        }


def _log_speed(u: Values, p: Values) -> Floats:
    return np.log(np.maximum(at_rated_unless_told(u["speed_rpm"], p["rated_speed_rpm"]), 0.1))


def _force(u: Values, p: Values) -> Number:
    share = p["idle_load"] + (1.0 - p["idle_load"]) * np.maximum(u["load"], 0.0) + u["extra_load"]
    return p["load_kN"] * np.maximum(share, 0.01)


def _grease_life_h(temperature: Number, speed: Number, p: Values) -> Floats:
    """Return the grease's life: SKF's interval at 70 degC, halved by every 15 K above."""
    interval = np.maximum(14e6 / (speed * np.sqrt(p["bore_mm"])) - 4.0 * p["bore_mm"], 10.0)
    hot = np.maximum(temperature - GREASE_FULL_LIFE_C, 0.0) * (np.log(2.0) / GREASE_HALVES_K)
    return np.asarray(p["grease_intervals"] * p["grease_factor"] * interval * np.exp(-hot))


def _friction(
    log_viscosity: Number, log_speed: Number, force_kN: Number, rough: Number, u: Values, p: Values
) -> tuple[Number, Number]:
    """Return the friction loss in W by Palmgren's two moments, of load and oil, and the part of the oil."""
    turning = u["running"] * np.exp(log_speed) * (2.0 * np.pi / 60.0)
    of_load = 0.5 * p["friction_coefficient"] * p["bore_mm"] * force_kN * rough
    stirred = np.exp((2.0 / 3.0) * np.maximum(log_viscosity + log_speed, LOG_2000))
    viscous_W = turning * (1e-10 * p["viscous_factor"] * p["pitch_diameter_mm"] ** 3) * stirred
    return turning * of_load + viscous_W, viscous_W


def _warming(temperature: Number, friction_W: Number, viscous_W: Number, step_s: float, u: Values, p: Values) -> Number:
    """Return the warming in K within a step.

    The oil's friction falls as it warms. The step is exact for the heat balance made linear at its start (exponential
    Rosenbrock-Euler), which stays on the near side of the balance however cold and stiff the oil is.
    """
    slope = _vogel_slope(p["viscosity_40_cSt"], p["viscosity_100_cSt"])
    warm = np.maximum(temperature, COLDEST_C) + VOGEL_C
    cooling = np.maximum(u["air_cooling"], LEAST_COOLING)
    conductance = p["conductance_W_K"] * cooling
    falling = 1.0 + (2.0 / 3.0) * viscous_W * slope / (warm * warm) / conductance
    seat = u["running"] * (p["seat_rise_K"] + p["seat_load_rise_K"] * u["load"]) / cooling
    gap = u["ambient_C"] + seat + friction_W / conductance - temperature
    return gap / falling * -np.expm1(-step_s / p["lag_s"] * cooling * falling)


class RollerBearing(RollingBearing):
    """A radial roller bearing: as ``rolling_bearing`` with the roller's a_ISO; give ``life_exponent`` 10/3, ``grease_factor`` 5."""

    model = "roller_bearing"
    ISO_A = 1.5859
    ISO_B = (1.3993, 1.2348, 1.2348)
    ISO_D = 1.0
    ISO_E = 0.4
    ISO_F = 9.185


COMPONENTS = (RollingBearing, RollerBearing)
