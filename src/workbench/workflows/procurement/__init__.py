"""Procurement (R6): what to reorder, quotes, and purchases from proposal to delivery."""

from .deliveries import cancel_purchase, late_deliveries, place_purchase, receive_delivery
from .proposals import Proposed, propose_purchases
from .quotes import enter_quote, request_quotes
from .reorder import parts_overview, reorder_proposals
from .sharing import expect_parts, expect_parts_of, hold_orders, share_out, take_parts

__all__ = [
    "Proposed",
    "cancel_purchase",
    "enter_quote",
    "expect_parts",
    "expect_parts_of",
    "hold_orders",
    "late_deliveries",
    "parts_overview",
    "place_purchase",
    "propose_purchases",
    "receive_delivery",
    "reorder_proposals",
    "request_quotes",
    "share_out",
    "take_parts",
]
