"""What the bot says, in English, Slovak and Russian: `en.ftl`, `sk.ftl`, `ru.ftl` (Project Fluent).

All three files hold the same keys with the same variables; a test keeps it so. Texts are plain: they are sent without
parse_mode, so a prompt may hold any character.
"""

from imgvid.texts.card import about_span, bar, caption, eta, failure, head, price, span
from imgvid.texts.say import LOCALES, Locale, keys, locale_for, say

__all__ = [
    "LOCALES",
    "Locale",
    "about_span",
    "bar",
    "caption",
    "eta",
    "failure",
    "head",
    "keys",
    "locale_for",
    "price",
    "say",
    "span",
]
