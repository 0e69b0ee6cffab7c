from __future__ import annotations

from typing import Any

import pytest

from imgvid.bot.addressing import Address, addressed, command, prompt
from tests.bot.messages import BOT, EVA, ME, PHOTO, entity, message, raw

NAME = "@Imgvid_Demo_Bot"


def said(text: str, **more: Any) -> dict[str, Any]:
    entities = [entity("mention", text, NAME)] if NAME in text else []
    return {"text": text, "entities": entities, **more}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (said("hello"), None),
        (said("/status"), Address.COMMAND),
        (said("/status@imgvid_demo_bot abc"), Address.COMMAND),
        (said("/STATUS@IMGVID_DEMO_BOT"), Address.COMMAND),
        (said("/weather"), None),
        (said("/weather@imgvid_demo_bot"), Address.COMMAND),
        (said("/status@another_bot"), None),
        (said("/video she smiles"), Address.COMMAND),
        (said("// a comment"), None),
        (said(f"😀 {NAME} please"), Address.MENTION),
        (
            {"text": "Bot, please", "entities": [entity("text_mention", "Bot, please", "Bot", user=BOT)]},
            Address.MENTION,
        ),
        ({"text": "Eva, please", "entities": [entity("text_mention", "Eva, please", "Eva", user=EVA)]}, None),
        (said("thanks", reply_to_message=raw(**{"from": BOT}, text="x")), Address.REPLY),
        (said("thanks", reply_to_message=raw(text="x")), None),
        (said("/status@another_bot", reply_to_message=raw(**{"from": BOT}, text="x")), None),
        ({"photo": PHOTO}, None),
        (
            {
                "photo": PHOTO,
                "caption": f"{NAME} waves",
                "caption_entities": [entity("mention", f"{NAME} waves", NAME)],
            },
            Address.MENTION,
        ),
    ],
)
def test_what_is_meant_for_us_in_a_group(content: dict[str, Any], expected: Address | None) -> None:
    assert addressed(message(group=True, **content), ME) == expected


def test_in_private_everything_is() -> None:
    assert addressed(message(text="hello"), ME) is Address.PRIVATE


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("She waves", "She waves"),
        (f"{NAME} she waves", "she waves"),
        (f"👋🏽 she {NAME} waves", "👋🏽 she waves"),
        (NAME, None),
        ("/video she waves", "she waves"),
        ("/video@imgvid_demo_bot\nshe waves", "she waves"),
        ("/video", None),
        ("", None),
        ("line one\nline two", "line one\nline two"),
    ],
)
def test_the_prompt_is_what_is_left_without_our_name(text: str, left: str | None) -> None:
    assert prompt(message(group=True, **said(text)), ME) == left


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/status ab", ("status", None)),
        ("/My@Some_Bot", ("my", "some_bot")),
        ("/", None),
        ("/ x", None),
        ("status", None),
        ("/1", None),
    ],
)
def test_a_leading_command(text: str, expected: tuple[str, str | None] | None) -> None:
    assert command(message(text=text)) == expected
