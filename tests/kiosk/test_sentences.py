"""Every reason has words in every language, and the words keep the house's promises."""

from enum import Enum

import pytest

from kiosk.sentences import SENTENCES, sentence

_ALL = [(kind, reason) for kind in SENTENCES for reason in kind]


@pytest.mark.parametrize(
    ("kind", "reason"), _ALL, ids=lambda v: v.__name__ if isinstance(v, type) else str(v)
)
def test_reason_has_a_sentence_in_both_languages(kind: type[Enum], reason: Enum) -> None:
    assert set(SENTENCES[kind]) == set(kind)
    if reason.value != "none":
        assert sentence(reason, "zh_CN")
        assert sentence(reason, "en")


@pytest.mark.parametrize(
    ("kind", "reason"), _ALL, ids=lambda v: v.__name__ if isinstance(v, type) else str(v)
)
def test_chinese_clauses_are_short(kind: type[Enum], reason: Enum) -> None:
    clauses = sentence(reason, "zh_CN").replace("。", "，").split("，")
    assert all(len(clause) <= 20 for clause in clauses)


def test_offline_words_never_claim_acceptance() -> None:
    for kind in SENTENCES:
        for reason in kind:
            words = sentence(reason, "zh_CN")
            if kind.__name__ != "PlatformState":
                assert "受理" not in words
                assert "办结" not in words
