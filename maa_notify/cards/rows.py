"""Rows of a label and a value, where the value holds a time that each reader sees in their own zone."""

from maa_notify.cards.elements import Element, fact, rich, run, trusted_text


def timed(label: str, moment: str, *lines: str) -> Element:
    """A row whose value is a time of ours, and below it `lines`, which no client reads as Markdown."""
    row = fact(label, label)
    name, value = row["columns"]
    below = [rich(run(line), spacing="Small") for line in lines if line]
    return {**row, "columns": [name, {**value, "items": [trusted_text(moment), *below]}]}


def listed(label: str, lines: list[str]) -> Element:
    """A row whose value has several lines, none of which any client reads as Markdown."""
    row = fact(label, label)
    name, value = row["columns"]
    items = [rich(run(line), spacing="Small") for line in lines]
    return {**row, "columns": [name, {**value, "items": items}]}
