"""Texts that people send, made ready to be stored."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.db.base import JsonObject, new_id
from bot.errors import InvalidInputError
from bot.imports.fields import visible
from bot.knowledge.folding import folded_hash
from bot.knowledge.personal_data import masked_answer, masked_question
from retrieval.language import detect_language
from retrieval.normalize import fold


@dataclass(frozen=True)
class Asked:
    """A question, masked, as it is stored."""

    text: str
    folded: str
    language: str

    def row(self, answer_id: str, *, source: str, revision: int, label_id: str | None = None) -> JsonObject:
        return {
            "id": new_id("qst"),
            "answer_id": answer_id,
            "text": self.text,
            "folded": self.folded,
            "language": self.language,
            "source": source,
            "label_id": label_id,
            "revision": revision,
        }


def asked(text: str, *, language: str | None, languages: Sequence[str], default: str | None = None) -> Asked:
    """Raises InvalidInputError for a text without letters, or a language that is not served."""
    masked = masked_question(text).text
    if not fold(masked):
        raise InvalidInputError(f"the question {text[:80]!r} has no letter or digit; write it out")
    return Asked(masked, folded_hash(masked), served(language, masked, languages=languages, default=default))


def answer_text(text: str) -> str:
    """The text of an answer, without characters nobody sees and without personal data; its lines stay."""
    kept = masked_answer(visible(text).strip()).text
    if not kept:
        raise InvalidInputError("the answer's text is empty; write it out")
    return kept


def served(language: str | None, text: str, *, languages: Sequence[str], default: str | None = None) -> str:
    """The language given, else that of the text. Raises InvalidInputError for one that is not served."""
    if language is None:
        known = default if default in languages else None
        return detect_language(text, languages=languages, default=known)
    primary = language.replace("_", "-").split("-")[0].casefold()
    if primary not in languages:
        raise InvalidInputError(
            f"language {language!r} is not served; use one of {', '.join(languages)} (KEFU_LANGUAGES)"
        )
    return primary
