"""The diff as a function: what is compared, what is merged, what is never shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from imgvid.ops.endpoint import template as templates
from imgvid.ops.endpoint.diff import REASONS, diff, render
from imgvid.ops.endpoint.health import health
from imgvid.ops.endpoint.template import POOLS, Body, Template, TemplateRefused, pool_for

IMAGE = "registry.test/imgvid-worker:1.2.3"
SECRETS = {"TELEGRAM_BOT_TOKEN": "123456:AAAAAAAAAAAAAAAAAAAAAAAA"}
WAN, LTX = Path("worker_image/endpoint.wan22.json"), Path("worker_image/endpoint.ltx2.json")


def wan(**environ: str) -> Template:
    return templates.read(WAN, SECRETS | environ, image=IMAGE)


def live(template: Template, **changed: object) -> Body:
    return {**json.loads(json.dumps(template.body)), "env": dict(template.env), "id": "ep1", **changed}  # type: ignore[dict-item]


@pytest.mark.parametrize(("path", "timeout", "pool"), [(WAN, 1_800_000, "ADA_24"), (LTX, 3_600_000, "ADA_80_PRO")])
def test_the_shipped_files_are_the_defaults_that_were_decided(path: Path, timeout: int, pool: str) -> None:
    body = templates.read(path, SECRETS, image=IMAGE).body
    assert body["timeout"] == timeout
    assert body["workers"] == {"min": 0, "max": 1, "idleTimeout": 10}
    assert body["scaling"] == {"type": "QUEUE_DELAY", "queueDelay": 4}
    assert body["networkVolumes"] == []
    assert len(body["dataCenterIds"]) > 1  # type: ignore[arg-type]
    assert body["gpu"]["pools"] == [pool]  # type: ignore[index, call-overload]
    assert POOLS[pool][2] == 1, "one GPU type by default"


def test_the_endpoint_of_ltx_serves_its_own_folder_of_the_image() -> None:
    folder = templates.read(LTX, SECRETS, image=IMAGE).env["WORKFLOWS_DIR"]
    copied = Path("worker_image/workflows") / Path(folder).relative_to("/opt/imgvid/workflows")
    assert len(list(copied.glob("*.api.json"))) == 4
    assert "WORKFLOWS_DIR" not in wan().env


def test_the_files_hold_no_secret() -> None:
    for path in (WAN, LTX):
        env = json.loads(path.read_text())["env"]
        assert all(value.startswith("$") for name, value in env.items() if "TOKEN" in name or "URL" in name)


def test_an_endpoint_as_the_file_says_has_no_change() -> None:
    found = diff(wan(), live(wan()))
    assert found.changes == ()
    assert found.body == {}
    assert render(found) == ["no change"]


def test_a_new_endpoint_sends_all_and_says_why() -> None:
    found = diff(wan(), None)
    assert found.body["env"] == {**wan().env}
    text = "\n".join(render(found))
    for reason in ("timeout", "workers.min", "workers.max", "scaling", "gpu.pools", "dataCenterIds", "flashboot"):
        assert REASONS[reason] in text


def test_only_what_differs_is_sent_but_whole() -> None:
    there = live(wan(), workers={"min": 0, "max": 0, "idleTimeout": 10})
    found = diff(wan(), there)
    assert found.body == {"workers": {"min": 0, "max": 1, "idleTimeout": 10}}
    assert [(change.path, change.old, change.new) for change in found.changes] == [("workers.max", "0", "1")]
    assert any("seven days" in note for note in found.notes)


def test_env_is_merged_and_a_hub_token_is_taken_out() -> None:
    there = live(wan(), env={"TELEGRAM_BOT_TOKEN": "1:old", "MINE": "stays", "HF_TOKEN": "hf_secretsecret"})
    found = diff(wan(), there)
    sent = found.body["env"]
    assert isinstance(sent, dict)
    assert sent["MINE"] == "stays"
    assert "HF_TOKEN" not in sent
    assert sent["TELEGRAM_BOT_TOKEN"] == SECRETS["TELEGRAM_BOT_TOKEN"]
    text = "\n".join([*render(found), *found.notes])
    assert "- env.HF_TOKEN" in text
    assert "env.TELEGRAM_BOT_TOKEN = *** (another value)" in text
    for secret in (SECRETS["TELEGRAM_BOT_TOKEN"], "1:old", "hf_secretsecret"):
        assert secret not in text


def test_a_secret_that_only_the_endpoint_has_stays() -> None:
    template = templates.read(WAN, {}, image=IMAGE)
    assert diff(template, live(wan())).problems == ()
    assert diff(template, None).problems == (
        "TELEGRAM_BOT_TOKEN is not set in your environment and not on the endpoint",
    )


def test_another_pool_sends_the_exclusions_and_warns_of_other_pictures() -> None:
    there = live(
        wan(), gpu={"pools": ["ADA_48_PRO"], "excludedTypes": ["NVIDIA L40"], "count": 1, "minCudaVersion": "12.8"}
    )
    found = diff(wan(), there)
    assert found.body["gpu"] == {"pools": ["ADA_24"], "excludedTypes": [], "count": 1, "minCudaVersion": "12.8"}
    assert any("may differ" in note for note in found.notes)


def test_the_type_is_not_changed_in_place() -> None:
    assert diff(wan(), live(wan(), type="LOAD_BALANCER")).problems


@pytest.mark.parametrize(
    ("vram", "pool"), [(16, "AMPERE_16"), (24, "AMPERE_24"), (40, "AMPERE_48"), (141, "HOPPER_141")]
)
def test_a_pool_by_memory_is_the_cheapest_that_fits(vram: int, pool: str) -> None:
    assert pool_for(vram) == pool


def test_no_gpu_is_that_large() -> None:
    with pytest.raises(ValueError, match="141"):
        pool_for(200)


@pytest.mark.parametrize(
    ("image", "told"),
    [(None, "placeholder"), ("a/b", "version"), ("a/b:latest", "version"), ("host:5000/a/b", "version")],
)
def test_an_image_without_a_version_is_refused(image: str | None, told: str) -> None:
    with pytest.raises(TemplateRefused, match=told):
        templates.read(WAN, SECRETS, image=image)


def test_a_digest_is_a_version() -> None:
    assert templates.read(WAN, SECRETS, image="a/b@sha256:" + "0" * 64).body["image"]


def test_an_unknown_field_is_named(tmp_path: Path) -> None:
    body = json.loads(WAN.read_text()) | {"modelReferences": ["x"]}
    (tmp_path / "e.json").write_text(json.dumps(body))
    with pytest.raises(TemplateRefused, match="'modelReferences' is no field"):
        templates.read(tmp_path / "e.json", SECRETS, image=IMAGE)


def test_health_names_what_needs_a_person() -> None:
    endpoint = live(wan(), workers={"min": 1, "max": 0}, env={"HF_TOKEN": "x"}, networkVolumes=["v"])
    alarms = "\n".join(health(endpoint, {"summary": {"unhealthy": 1, "throttled": 1}}).alarms)
    for part in ("workers.max is 0", "workers.min is 1", "unhealthy", "throttled", "HF_TOKEN", "network volume"):
        assert part in alarms
    assert health(live(wan()), {"summary": {}}).alarms == ()
