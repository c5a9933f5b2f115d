"""Finding an answer by a few words, while somebody is typing: what the index finds, nearest first."""

from dataclasses import dataclass

from bot.answering.knowledge_lookup import servable_answers
from bot.dependencies import Parts
from bot.knowledge.rivals import nearest_answers

FOUND = 8
LONGEST_QUERY = 1_000


@dataclass(frozen=True)
class FoundAnswer:
    answer_id: str
    text: str
    language: str


async def search_answers(parts: Parts, query: str, *, language: str, limit: int = FOUND) -> list[FoundAnswer]:
    """Answers that may be given now, with their words in this language where they have it; none for an empty query."""
    words = query.strip()[:LONGEST_QUERY]
    if not words:
        return []
    near = (await nearest_answers(parts, [words]))[:limit]
    servable = await parts.database.quick.read(lambda connection: servable_answers(connection, near))
    return [FoundAnswer(id, *servable[id].text_in(language)) for id in near if id in servable]
