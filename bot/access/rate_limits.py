"""Requests a minute per visitor, API key and address, counted in this process."""

from collections import OrderedDict

from pyrate_limiter import Duration, MonotonicClock, Rate, RateItem, StateBucket

from bot.errors import RateLimitedError
from bot.settings import RateLimitSettings

REMEMBERED = 20_000
"""Callers kept in memory; the one that was quiet the longest is forgotten first."""


class RateLimits:
    """GCRA buckets (pyrate-limiter): a burst up to the limit, then an even flow."""

    def __init__(self, settings: RateLimitSettings) -> None:
        self._settings = settings
        self._buckets: OrderedDict[str, StateBucket] = OrderedDict()
        self._clock = MonotonicClock()

    def check_visitor(self, visitor_id: str) -> None:
        self._check(visitor_id, self._settings.visitor_per_minute)

    def check_key(self, key_id: str) -> None:
        self._check(key_id, self._settings.key_per_minute)

    def check_address(self, address: str) -> None:
        self._check(address, self._settings.address_per_minute)

    def _check(self, name: str, per_minute: int) -> None:
        if not self._settings.enabled:
            return
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = StateBucket([Rate(per_minute, Duration.MINUTE)], clock=self._clock)
            if len(self._buckets) > REMEMBERED:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(name)
        item = RateItem(name, self._clock.now())
        if not bucket.put(item):
            waiting = bucket.waiting(item)
            assert isinstance(waiting, int)
            seconds = -(-waiting // 1000)
            raise RateLimitedError(
                f"more than {per_minute} requests a minute; try again in {max(1, seconds)} s",
                retry_after_s=seconds,
            )
