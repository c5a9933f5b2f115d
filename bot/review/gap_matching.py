"""Which gap of before a cluster is, so that a gap keeps its id while its questions come and go. Pure."""

from collections.abc import Mapping, Sequence

KEPT_FROM = 0.5
"""Of the smaller one's questions: a gap that grows, or of which a part was settled, is still the same."""


def match_gaps(clusters: Sequence[frozenset[str]], stored: Mapping[str, frozenset[str]]) -> list[str | None]:
    """For each cluster of exchange ids the id of the gap it continues; the largest overlap first, each gap once."""
    owner = {exchange_id: gap_id for gap_id, members in stored.items() for exchange_id in members}
    overlaps: dict[tuple[int, str], int] = {}
    for number, cluster in enumerate(clusters):
        for exchange_id in cluster:
            if exchange_id in owner:
                pair = (number, owner[exchange_id])
                overlaps[pair] = overlaps.get(pair, 0) + 1
    found: list[str | None] = [None] * len(clusters)
    taken: set[str] = set()
    for (number, gap_id), both in sorted(
        overlaps.items(), key=lambda pair: (-pair[1], pair[0][1], pair[0][0])
    ):
        smaller = min(len(clusters[number]), len(stored[gap_id]))
        if found[number] is None and gap_id not in taken and both >= KEPT_FROM * smaller:
            found[number] = gap_id
            taken.add(gap_id)
    return found
