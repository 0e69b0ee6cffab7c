"""Settings: read once, all problems together, secrets never shown; .env.example and the code say the same."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from imgvid import config

GOOD = {
    "DATABASE_URL": "postgresql://u:topsecret@h:5432/d",
    "TELEGRAM_BOT_TOKEN": "123456:abcdefghijKLMNOP",
    "RUNPOD_API_KEY": "rpa_ABCDEFGH12345678",
    "RUNPOD_ENDPOINT_ID": "abc123",
}


def test_defaults_are_read_and_typed() -> None:
    settings = config.read(config.DispatcherSettings, GOOD)
    assert settings.unknown_wait_s == timedelta(seconds=90)
    assert settings.runpod_api_url == "https://api.runpod.ai/v2"
    assert settings.run_deadline_s is None


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(config.SettingsRefused) as caught:
        config.read(
            config.DispatcherSettings, {"DATABASE_URL": "mysql://x", "POLL_S": "soon", "RUNPOD_ENDPOINT_ID": "a/b"}
        )
    text = str(caught.value)
    for name in ("DATABASE_URL", "TELEGRAM_BOT_TOKEN", "RUNPOD_API_KEY", "RUNPOD_ENDPOINT_ID", "POLL_S"):
        assert name in text


@pytest.mark.parametrize(
    ("backends", "said"),
    [
        ({}, "no backend is configured"),
        ({"RUNPOD_API_KEY": "k"}, "which endpoint?"),
        ({"RUNPOD_LTX_ENDPOINT_ID": "e"}, "RUNPOD_API_KEY is not set, and RUNPOD_LTX_ENDPOINT_ID"),
        ({"RUNPOD_API_KEY": "k", "RUNPOD_LTX_ENDPOINT_ID": "e"}, None),
        ({"FAL_API_KEY": "k"}, None),
        ({"COMFYUI_API_URL": "http://gpu"}, None),
    ],
)
def test_a_dispatcher_needs_a_backend_and_only_one(backends: dict[str, str], said: str | None) -> None:
    given = {name: GOOD[name] for name in ("DATABASE_URL", "TELEGRAM_BOT_TOKEN")} | backends
    if said is None:
        config.read(config.DispatcherSettings, given)
        return
    with pytest.raises(config.SettingsRefused, match=said) as caught:
        config.read(config.DispatcherSettings, given)
    assert len(caught.value.problems) == 1


def test_secrets_are_in_no_repr_and_no_refusal() -> None:
    settings = config.read(config.DispatcherSettings, GOOD)
    for name in ("DATABASE_URL", "TELEGRAM_BOT_TOKEN", "RUNPOD_API_KEY"):
        assert GOOD[name] not in repr(settings)
    with pytest.raises(config.SettingsRefused) as caught:
        config.read(config.BotSettings, {**GOOD, "TELEGRAM_BOT_TOKEN": "oops-my-token"})
    assert "oops-my-token" not in str(caught.value)


def test_each_field_is_a_key_and_each_key_has_a_reader() -> None:
    kinds = (
        config.MigrateSettings,
        config.JobsSettings,
        config.BotSettings,
        config.DispatcherSettings,
        config.DoctorSettings,
        config.WorkerSettings,
    )
    used = {item.name.upper() for kind in kinds for item in fields(kind)}
    assert used == set(config.KEYS)


def test_env_example_lists_each_key_with_its_default() -> None:
    text = (Path(__file__).parents[1] / ".env.example").read_text()
    listed = dict(re.findall(r"^#?([A-Z][A-Z0-9_]+)=(.*)$", text, re.MULTILINE))
    own = {name: key.default or "" for name, key in config.KEYS.items()}
    tools = {name: default for name, (default, _, _) in config.TOOL_KEYS.items()}
    assert listed == own | tools
    helps = {name: key.help for name, key in config.KEYS.items()} | {
        name: text for name, (_, text, _) in config.TOOL_KEYS.items()
    }
    for name, said in helps.items():
        (comment,) = re.findall(rf"^# (.*)\n#?{name}=", text, re.MULTILINE)
        assert said in comment
    for name, key in config.KEYS.items():
        optional = key.default is not None or key.empty_is_none
        assert bool(re.search(rf"^#{name}=", text, re.MULTILINE)) is optional


def test_what_the_image_and_the_tools_read_is_listed() -> None:
    source = Path(config.__file__).parent
    read = set(re.findall(r'get\("([A-Z_]+)"', (source / "worker/bootstrap/settings.py").read_text()))
    read |= set(re.findall(r'environ\.get\("([A-Z_]+)"', (source / "ops/endpoint/command.py").read_text()))
    read |= set(re.findall(r'TOKEN = "([A-Z_]+)"', (source / "ops/bundle/command.py").read_text()))
    assert len(read) > 10
    assert read <= set(config.KEYS) | set(config.TOOL_KEYS)
