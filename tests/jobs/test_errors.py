"""The registry of failure codes is closed and complete."""

from __future__ import annotations

from imgvid.jobs.errors import REGISTRY, Code, Fault, meaning
from imgvid.texts import say


def test_each_code_has_a_meaning_and_a_text_in_each_language() -> None:
    assert set(REGISTRY) == set(Code)
    for code in Code:
        texts = {locale: say(locale, f"error-{code.replace('_', '-')}", id="abc1234") for locale in ("en", "sk", "ru")}
        assert len(set(texts.values())) == 3, f"{code} is not translated: {texts}"
        assert all("abc1234" in text for text in texts.values())


def test_what_a_person_can_mend_is_never_tried_again() -> None:
    for code, what in REGISTRY.items():
        assert what.scenario
        if what.fault is Fault.PERSON:
            assert not what.retry, code


def test_only_what_a_person_did_counts_and_a_providers_filter_does_not() -> None:
    counting = {code for code, what in REGISTRY.items() if what.counts_against_quota}
    assert counting == {code for code, what in REGISTRY.items() if what.fault is Fault.PERSON} - {Code.CONTENT_POLICY}


def test_an_unknown_code_is_a_workers_failure() -> None:
    assert meaning("from_the_future") is REGISTRY[Code.WORKER_FAILED]
