"""How well the text search finds like work orders of the past in three published sets, and how fast it is."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt

from workbench.errors import InputError
from workbench.store.text_index import Entry, TextIndex, words_of

from .frame import Metrics, Progress, pick_subsets, under, with_intervals

TOP = 5
# Deep enough that five remain when orders of the same wording are left out.
_DEPTH = 400
SPEED_ROWS, QUICK_SPEED_ROWS = 50_000, 5_000
QUICK_QUERIES = 60
PROTOCOL = (
    "leave one out: the text of each order is searched for among the texts of all others of its set, orders with the same wording "
    "left out; hit_at_5 = share of orders for which one of the first five has the same label, precision_at_5 = mean share of such among the five; "
    "the label is never searched; label: mwo2kg = described functional location (component), maintie = annotated undesirable "
    "state or process with the object it befalls, assetops = primary failure code, a unit being one of its distinct wordings (they are made from the codes, so "
    "that figure only shows that the search works); only orders whose label another wording has too; peers: the five most frequent "
    "labels of the others as answer (five different ones, which favours it), plain substring counting, the same search "
    "without endings cut; intervals: bootstrap over orders; speed: CPU time of a search among repeated real texts"
)
CHOSEN_BY = "nothing was fitted or chosen by these figures: Porter's endings, accents folded, FTS5's BM25 with its shipped k1 and b"


@dataclass(frozen=True)
class Labelled:
    """An order's text and what it is about."""

    text: str
    label: str


Ranking = Callable[[int], list[int]]


def run(*, data: Path | None, seeds: Sequence[int], quick: bool, only: Sequence[str], progress: Progress) -> Metrics:
    """Run the protocol; subsets ``mwo2kg``, ``maintie``, ``assetops``, ``speed``. See ``frame.run_benchmark``."""
    if data is None:
        raise InputError("The benchmark history needs a data folder.", "Give --data FOLDER.")
    there = {name: data / file for name, (file, _) in SETS.items() if (data / file).is_file()}
    chosen = pick_subsets([*there, "speed"] if there else [], only, benchmark="history")
    metrics: Metrics = {}
    peers: Metrics = {}
    seconds: Metrics = {}
    texts: list[str] = []
    for place, name in enumerate(chosen):
        progress(place / len(chosen), name)
        began = time.process_time()
        if name == "speed":
            continue
        orders = SETS[name][1](there[name])
        texts += [order.text for order in orders]
        ours, others = _retrieval(orders, draws=100 if quick else 1000, seed=seeds[0], quick=quick)
        metrics |= under(name, ours)
        peers |= under(name, others)
        seconds[f"{name}_cpu"] = round(time.process_time() - began, 3)
    if "speed" in chosen:
        texts = texts or [order.text for name, path in there.items() for order in SETS[name][1](path)]
        metrics |= under("speed", _speed(texts, QUICK_SPEED_ROWS if quick else SPEED_ROWS))
    return {
        "metrics": metrics,
        "peers": peers,
        "seconds": seconds,
        "data": sorted(str(path) for path in there.values()),
        "protocol": PROTOCOL,
        "chosen_by": CHOSEN_BY,
        "simulated": False,
    }


def _mwo2kg(path: Path) -> list[Labelled]:
    import pandas as pd

    frame = pd.read_parquet(path, columns=["ShortText", "Functional_Location_Description"]).dropna()
    frame = frame[frame["Functional_Location_Description"] != "#NAME?"]
    return [Labelled(text, label) for text, label in frame.itertuples(index=False)]


def _maintie(path: Path) -> list[Labelled]:
    import pandas as pd

    frame = pd.read_parquet(path)
    found = []
    for text, raw, related in frame[["text", "entities", "relations"]].itertuples(index=False):
        kinds = [entity["type"] for entity in json.loads(raw)]
        pairs = [
            f"{kinds[one['head']].rsplit('/', 1)[-1]} of {kinds[one['tail']].rsplit('/', 1)[-1]}"
            for one in json.loads(related)
            if "Undesirable" in kinds[one["head"]] and kinds[one["tail"]].startswith("PhysicalObject")
        ]
        found.append(Labelled(text, pairs[0] if pairs else ""))
    return found


def _assetops(path: Path) -> list[Labelled]:
    import pandas as pd

    frame = pd.read_parquet(path, columns=["wo_description", "primary_code"]).drop_duplicates("wo_description")
    return [Labelled(text, label) for text, label in frame.itertuples(index=False)]


SETS: dict[str, tuple[str, Callable[[Path], list[Labelled]]]] = {
    "mwo2kg": ("mwo2kg_work_orders.parquet", _mwo2kg),
    "maintie": ("maintie_gold.parquet", _maintie),
    "assetops": ("assetops_all_wo_with_code_component_events.parquet", _assetops),
}


def _retrieval(orders: Sequence[Labelled], *, draws: int, seed: int, quick: bool) -> tuple[Metrics, Metrics]:
    """Return our figures and the peers'; an order without a label is searched among, but not asked for."""
    wording = [" ".join(re.findall(r"\w+", order.text.lower())) for order in orders]
    wordings: dict[str, set[str]] = {}
    for order, words in zip(orders, wording, strict=True):
        wordings.setdefault(order.label, set()).add(words)
    asked = [at for at, order in enumerate(orders) if order.label and len(wordings[order.label]) > 1]
    asked = asked[:QUICK_QUERIES] if quick else asked
    with tempfile.TemporaryDirectory() as folder:
        index = TextIndex(Path(folder) / "index.db")
        entries = [Entry(str(at), order.text) for at, order in enumerate(orders)]
        index.refresh("benchmark", lambda: entries)
        plain = TextIndex(Path(folder) / "plain.db")
        plain.refresh("benchmark", lambda: entries, stemmed=False)
        rankings: dict[str, Ranking] = {
            "ours": lambda at: [int(hit.key) for hit in index.search(orders[at].text, limit=_DEPTH)],
            "whole_words": lambda at: [int(hit.key) for hit in plain.search(orders[at].text, limit=_DEPTH)],
            "substring": _substring(orders),
        }
        tables = {name: _hits(orders, wording, asked, ranking) for name, ranking in rankings.items()}
    counts = Counter(order.label for order in orders if order.label)
    frequent = np.array([_among_most_frequent(counts, orders[at].label) for at in asked], dtype=float)

    def figures(table: npt.NDArray[np.float64]) -> Callable[[npt.NDArray[np.intp]], dict[str, float]]:
        return lambda rows: {
            f"hit_at_{TOP}": float((table[rows] > 0).mean()),
            f"precision_at_{TOP}": float(table[rows].mean()),
        }

    made = {
        name: with_intervals(figures(table), np.arange(len(asked)), draws=draws, seed=seed)
        for name, table in tables.items()
    }
    made["most_frequent"] = with_intervals(
        lambda rows: {f"hit_at_{TOP}": float(frequent[rows].mean())}, np.arange(len(asked)), draws=draws, seed=seed
    )
    difference = (tables["ours"] > 0).astype(float) - (tables["substring"] > 0)
    ours = {"orders": len(orders), "asked": len(asked), "labels": len(counts), **made.pop("ours")}
    ours |= with_intervals(
        lambda rows: {"hit_over_substring": float(difference[rows].mean())},
        np.arange(len(asked)),
        draws=draws,
        seed=seed,
    )
    peers: Metrics = {}
    for name, table in made.items():
        peers |= under(name, table)
    return ours, peers


def _hits(
    orders: Sequence[Labelled], wording: Sequence[str], asked: Sequence[int], ranking: Ranking
) -> npt.NDArray[np.float64]:
    """Return for each order asked the share of the first five that have its label."""
    found = []
    for at in asked:
        first = [other for other in ranking(at) if wording[other] != wording[at]][:TOP]
        found.append(sum(orders[other].label == orders[at].label for other in first) / TOP)
    return np.array(found)


def _substring(orders: Sequence[Labelled]) -> Ranking:
    """Rank by how many words of the order asked stand anywhere in another one; of equals the first."""
    lower = [order.text.lower() for order in orders]

    def ranked(at: int) -> list[int]:
        words = [word for word in words_of(lower[at]) if len(word) > 1]
        counts = np.array([sum(word in text for word in words) for text in lower])
        return [int(other) for other in np.argsort(-counts, kind="stable")[:_DEPTH] if counts[other]]

    return ranked


def _among_most_frequent(counts: Counter[str], label: str) -> bool:
    """Whether ``label`` is one of the five most frequent ones when this order is left out."""
    others = counts.copy()
    others[label] -= 1
    return label in [name for name, _ in others.most_common(TOP)]


def _speed(texts: Sequence[str], rows: int) -> Metrics:
    """Return the CPU times of making the index of ``rows`` entries and of searching it, a hundred questions."""
    with tempfile.TemporaryDirectory() as folder:
        index = TextIndex(Path(folder) / "index.db")
        began = time.process_time()
        index.refresh(
            "benchmark",
            lambda: (Entry(str(at), f"{texts[at % len(texts)]} {at // len(texts)}") for at in range(rows)),
        )
        made_s = time.process_time() - began
        taken = []
        for text in texts[:: max(1, len(texts) // 100)][:100]:
            began = time.process_time()
            index.search(text, limit=10)
            taken.append(1000 * (time.process_time() - began))
    return {
        "rows": rows,
        "index_s": round(made_s, 3),
        "search_median_ms": round(median(taken), 2),
        "search_p95_ms": round(float(np.percentile(taken, 95)), 2),
    }
