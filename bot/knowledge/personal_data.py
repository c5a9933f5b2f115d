"""Which personal data is taken out of knowledge before it is stored."""

from retrieval.masking import PUBLIC_CONTACTS, Masked, mask
from retrieval.normalize import normalize


def masked_question(text: str) -> Masked:
    """A question in the form it is stored in; what identifies a person is masked."""
    return mask(normalize(text))


def masked_answer(text: str) -> Masked:
    """An answer the company wrote for its customers.

    Its own hotline and address are what customers ask for, so they stay; a text that holds anything a company never
    publishes (card, identity or account numbers, secrets in links) is not such an answer and is masked whole.
    """
    masked = mask(text)
    return Masked(text, {}) if masked.counts.keys() <= PUBLIC_CONTACTS else masked
