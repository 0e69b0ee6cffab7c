"""Stars: invoices that wait for an answer, payments, refunds. Amounts are whole Stars (currency XTR)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True, kw_only=True)
class Checkout:
    """A pre-checkout query: the bot has ten seconds (https://core.telegram.org/bots/api#answerprecheckoutquery)."""

    id: str
    chat_id: int
    user_id: int
    amount: int
    payload: str
    at: datetime
    answered: bool = False


@dataclass(slots=True, kw_only=True)
class Payment:
    charge_id: str
    user_id: int
    amount: int
    payload: str
    at: datetime
    refunded_at: datetime | None = None


@dataclass(slots=True)
class Ledger:
    checkouts: dict[str, Checkout] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    payloads: dict[tuple[int, int], str] = field(default_factory=dict)  # (chat, message) of an invoice -> payload

    @property
    def balance(self) -> int:
        return sum(payment.amount for payment in self.payments.values() if payment.refunded_at is None)
