"""Procurement (R6): what to order, from whom, at what price, and when waiting orders have their parts."""

from .negotiation import PriceRange, negotiation_target, price_range, score_deal
from .reorder import StockPosition, daily_use, few, propose_reorders
from .split import Choice, Offer, Share, best_split
from .waiting import Allotment, Shortage, allot, daily_waiting_cost, parts_there, shortages_of, with_parts

__all__ = [
    "Allotment",
    "Choice",
    "Offer",
    "PriceRange",
    "Share",
    "Shortage",
    "StockPosition",
    "allot",
    "best_split",
    "daily_use",
    "daily_waiting_cost",
    "few",
    "negotiation_target",
    "parts_there",
    "price_range",
    "propose_reorders",
    "score_deal",
    "shortages_of",
    "with_parts",
]
