"""How much two texts look alike, whatever encoder serves: the Dice coefficient of their character n-grams."""

from retrieval.normalize import fold

_FIRST_HAN, _LAST_HAN = "\u3400", "\u9fff"


def likeness(one: str, other: str) -> float:
    """0 to 1; of trigrams, or of bigrams where a text is Chinese. Case, width, script and punctuation don't matter."""
    first, second = _grams(fold(one)), _grams(fold(other))
    both = len(first) + len(second)
    return 2 * len(first & second) / both if both else 0.0


def _grams(text: str) -> set[str]:
    if any(_FIRST_HAN <= character <= _LAST_HAN for character in text):
        return {text[start : start + 2] for start in range(max(1, len(text) - 1))}
    padded = f" {text} "
    return {padded[start : start + 3] for start in range(len(padded) - 2)} if text else set()
