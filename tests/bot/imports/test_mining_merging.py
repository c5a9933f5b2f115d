import numpy as np

from bot.imports.mining_drafts import Draft, merged_drafts
from bot.imports.mining_exchanges import AgentReply, Exchange, SourceTurn
from bot.imports.mining_merging import MergingLevels, drafts_to_merge
from bot.imports.mining_turns import Reply, ReplyKind

LEVELS = MergingLevels(reply=0.6, question=0.5, together=1.3)


def unit(degrees: float) -> np.ndarray:
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], dtype=np.float32)


def draft(text: str, degrees: float, *, language: str = "en", conversation: str = "c1") -> Draft:
    said = SourceTurn(conversation, 1, "agent", text)
    exchange = Exchange(
        "How long?",
        SourceTurn(conversation, 0, "customer", "How long?"),
        AgentReply(said, Reply(ReplyKind.ANSWER, text), None),
        weight=1.0,
    )
    return Draft((exchange,), text, language, with_slots=False, vector=unit(degrees))


def parts(*drafts: Draft, questions: tuple[float, ...]) -> list[list[int]]:
    return drafts_to_merge(drafts, [unit(degrees)[None] for degrees in questions], LEVELS)


SLOW = "Refunds take 5 working days."
OTHER_WORDS = "You get your money back in 5 working days."


def test_other_words_for_the_same_question_are_merged() -> None:
    # replies cos 40° = .766, questions cos 30° = .866: 1.63 together
    assert parts(draft(SLOW, 0), draft(OTHER_WORDS, 40), questions=(0, 30)) == [[0, 1]]


def test_distant_replies_or_questions_are_not_merged() -> None:
    assert parts(draft(SLOW, 0), draft(OTHER_WORDS, 60), questions=(0, 0)) == [[0], [1]]  # .5 < .6
    assert parts(draft(SLOW, 0), draft(OTHER_WORDS, 0), questions=(0, 70)) == [[0], [1]]  # .34 < .5
    assert parts(draft(SLOW, 0), draft(OTHER_WORDS, 50), questions=(0, 55)) == [[0], [1]]  # .64 + .57 < 1.3


def test_other_numbers_names_and_denials_are_not_merged() -> None:
    assert parts(draft(SLOW, 0), draft("Refunds take 9 working days.", 0), questions=(0, 0)) == [[0], [1]]
    assert parts(draft(SLOW, 0), draft("Refunds take some time.", 0), questions=(0, 0)) == [[0], [1]]
    in_shop = draft("Ask in the Leeds shop.", 0), draft("Ask in the Dover shop.", 0)
    assert parts(*in_shop, questions=(0, 0)) == [[0], [1]]
    denied = draft("It can be returned.", 0), draft("It can't be returned.", 0)
    assert parts(*denied, questions=(0, 0)) == [[0], [1]]


def test_languages_are_kept_apart() -> None:
    assert parts(draft(SLOW, 0), draft("5个工作日退款", 0, language="zh"), questions=(0, 0)) == [[0], [1]]


def test_every_pair_in_a_part_must_be_close() -> None:
    # 0-45 and 45-90 are close (.707 each), 0-90 are not
    chain = [draft(SLOW, 0), draft(OTHER_WORDS, 45), draft("It takes 5 working days.", 90)]
    assert parts(*chain, questions=(0, 0, 0)) in ([[0, 1], [2]], [[0], [1, 2]])


def test_merged_drafts_keep_all_exchanges_and_the_best_wording() -> None:
    (merged,) = merged_drafts(
        [draft("5 working days", 0), draft(OTHER_WORDS, 40, conversation="c2")], [[0, 1]]
    )
    assert merged.text == OTHER_WORDS
    assert merged.conversations == {"c1", "c2"}
    np.testing.assert_allclose(merged.vector, unit(20), atol=1e-6)
