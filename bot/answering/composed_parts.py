"""A composition in words: what is said, part by part with its source, and what an explanation keeps of it."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from bot.answering.knowledge_lookup import ServableSection
from bot.answering.texts import texts_for
from bot.db.base import JsonObject
from retrieval.composition import ComposedSentence, Composition
from retrieval.section_search import SectionHit

Part = Mapping[str, Any]


def composed_parts(
    composition: Composition, sections: Mapping[str, ServableSection], *, language: str
) -> list[Part]:
    """One for each sentence; a note comes first where the customer's language has no source."""
    parts: list[Part] = []
    if all(sentence.language != language for sentence in composition.sentences):
        parts.append(_part(texts_for(language).other_language_only, None))
    return parts + [_part(sentence.text, sections[sentence.section_id]) for sentence in composition.sentences]


def composed_text(parts: Sequence[Part]) -> str:
    """Sentences of one section run on, sections are paragraphs."""
    paragraphs = ([part["text"] for part in group] for _, group in groupby(parts, key=_section))
    return "\n\n".join(_joined(sentences) for sentences in paragraphs)


def composition_rows(composition: Composition) -> JsonObject:
    """What is kept of it in an exchange's evidence, whether or not it became the reply."""
    return {
        "confidence": round(composition.confidence, 4),
        "coverage": round(composition.coverage, 4),
        "sentences": [_sentence_row(sentence) for sentence in composition.sentences],
        "left_out": [
            {"text": each.text, "section_id": each.section_id, "reason": each.reason.value}
            for each in composition.left_out
        ],
    }


def section_rows(sections: Sequence[SectionHit]) -> list[JsonObject]:
    return [
        {
            "section_id": hit.section_id,
            "heading": hit.heading,
            "standing": round(hit.standing, 4),
            "words": round(hit.words, 4),
            "relevance": round(hit.relevance, 4),
        }
        for hit in sections
    ]


def _part(text: str, section: ServableSection | None) -> Part:
    source = section and {"title": section.title, "url": section.url, "heading": section.heading}
    return {"text": text, "answer_id": None, "section_id": section.id if section else None, "source": source}


def _sentence_row(sentence: ComposedSentence) -> JsonObject:
    return {"text": sentence.text, "section_id": sentence.section_id, "heading": sentence.heading}


def _section(part: Part) -> str | None:
    section_id: str | None = part["section_id"]
    return section_id


def _joined(sentences: Sequence[str]) -> str:
    """A list keeps its lines; between Chinese sentences there is no space."""
    text = sentences[0]
    for sentence in sentences[1:]:
        if "\n" in text or "\n" in sentence:
            text += "\n" + sentence
        else:
            text += sentence if text.endswith(("。", "！", "？", "；")) else " " + sentence
    return text
