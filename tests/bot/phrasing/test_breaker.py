from bot.phrasing.breaker import Breaker, Circuit


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock) -> Breaker:
    breaker = Breaker(opens_after=2, pause_s=10, clock=clock)
    for _ in range(2):
        assert breaker.admits()
        breaker.failed()
    return breaker


def test_failures_in_a_row_open_it_and_others_do_not() -> None:
    breaker = Breaker(opens_after=2, pause_s=10, clock=Clock())
    breaker.failed()
    breaker.succeeded()
    breaker.failed()

    assert breaker.circuit is Circuit.CLOSED
    breaker.failed()
    assert (breaker.circuit, breaker.admits()) == (Circuit.OPEN, False)


def test_one_alone_tries_again_after_the_pause() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 10

    assert breaker.circuit is Circuit.HALF_OPEN
    assert [breaker.admits(), breaker.admits()] == [True, False]
    breaker.succeeded()
    assert (breaker.circuit, breaker.admits()) == (Circuit.CLOSED, True)


def test_a_trial_that_fails_opens_it_for_another_pause() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 10
    assert breaker.admits()
    breaker.failed()

    assert (breaker.circuit, breaker.admits()) == (Circuit.OPEN, False)
    clock.now += 10
    assert breaker.admits()


def test_a_trial_that_was_broken_off_lets_another_one_try() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 10
    assert breaker.admits()
    breaker.given_up()

    assert breaker.admits()
