"""One table of figures: what was measured, against what, what it must be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure. `holds` is None where it has no limit of its own."""

    name: str
    value: str
    yardstick: str = ""
    must: str = ""
    holds: bool | None = None


def markdown(title: str, figures: list[Figure]) -> str:
    rows = [f"## {title}", "", "| what | measured | yardstick | must be | holds |", "|---|---|---|---|---|"]
    for figure in figures:
        holds = {True: "yes", False: "**NO**", None: ""}[figure.holds]
        rows.append(f"| {figure.name} | {figure.value} | {figure.yardstick} | {figure.must} | {holds} |")
    return "\n".join(rows) + "\n"


def ratio(name: str, value: float, against: float, *, unit: str, at_least: float, yardstick: str) -> Figure:
    """A throughput against its yardstick."""
    share = value / against
    return Figure(
        name=name,
        value=f"{value:,.0f} {unit} = {share:.2f} of the yardstick",
        yardstick=f"{yardstick}: {against:,.0f} {unit}",
        must=f">= {at_least:g}",
        holds=share >= at_least,
    )
