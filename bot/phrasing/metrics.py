"""What wording costs and what becomes of it."""

from prometheus_client import Counter, Gauge, Histogram

asked = Counter(
    "kefu_phrasing_total", "Composed replies by what the language model made of them", ["outcome"]
)
skipped = Counter(
    "kefu_phrasing_skipped_total", "Composed replies for which no model was asked, by the reason", ["reason"]
)
sentences = Counter(
    "kefu_phrasing_sentences_total", "Sentences of a language model, kept or cut", ["verdict"]
)
tokens = Counter("kefu_phrasing_tokens_total", "Tokens read and written by the language model", ["kind"])
cost = Counter("kefu_phrasing_cost_total", "Price of these tokens, in the currency of the settings")
seconds = Histogram(
    "kefu_phrasing_seconds",
    "Time that wording took",
    buckets=(0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30),
)
left_alone = Gauge("kefu_phrasing_left_alone", "1 while the model server is not asked for its failures")
