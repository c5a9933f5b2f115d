"""Traffic of a release that was drawn by lot and judged, as rows."""

from bot.access.tokens import token_hash
from bot.db.access_tables import Visitor
from bot.db.base import new_id, now
from bot.db.conversation_tables import Conversation, Exchange
from bot.db.engine import Database
from bot.db.knowledge_tables import Label
from bot.db.quality_tables import AuditDraw
from bot.knowledge.folding import folded_hash
from tests.fixtures.installations import DEFAULT_SITE_ID


async def judged_traffic(
    database: Database, release: str, answer: str, *, known: int, unknown: int, confidence: float = 0.9
) -> None:
    """So many handed-off exchanges whose best candidate `answer` was right, and so many that have no answer."""
    async with database.write() as session:
        visitor, conversation = new_id("vis"), new_id("cnv")
        session.add(Visitor(id=visitor, site_id=DEFAULT_SITE_ID, token_hash=token_hash(visitor)))
        await session.flush()
        session.add(
            Conversation(
                id=conversation, site_id=DEFAULT_SITE_ID, visitor_id=visitor, channel="widget", state="bot", details={}
            )
        )  # fmt: skip
        await session.flush()
        for number in range(known + unknown):
            words, is_known = (
                f"{'known' if number < known else 'strange'} thing {_spelled(number)}",
                number < known,
            )
            exchange = Exchange(
                id=new_id("exc"), conversation_id=conversation, utterance=words, language="en", outcome="handed_off",
                rule="nothing_close", confidence=confidence, choices=[], suggestions=[], evidence={}, latency_ms={},
                reply={"text": "", "language": "en", "parts": []}, release_id=release,
                candidates=[{"answer_id": answer, "confidence": confidence if is_known else 1 - confidence}],
            )  # fmt: skip
            session.add(exchange)
            await session.flush()
            session.add(AuditDraw(exchange_id=exchange.id, release_id=release, population=1000))
            session.add(
                Label(
                    id=new_id("lbl"), utterance=words, folded=folded_hash(words), language="en", source="operator",
                    answer_id=answer if is_known else None, out_of_scope=not is_known, given_by="test",
                    exchange_id=exchange.id, created_at=now(),
                )
            )  # fmt: skip


def _spelled(number: int) -> str:
    """Numbers make no difference to near-duplicates; these do."""
    return "".join("abcdefghij"[int(digit)] for digit in f"{number:04}")
