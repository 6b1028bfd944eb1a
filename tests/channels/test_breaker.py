"""Retries with backoff and the circuit breaker, on a clock of their own."""

import pytest

from workbench.channels import CircuitBreaker, retrying


class Clock:
    def __init__(self):
        self.now = 0.0
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


class Server:
    """Fails as long as it is down."""

    def __init__(self):
        self.down = True
        self.asked = 0

    def __call__(self):
        self.asked += 1
        if self.down:
            raise ConnectionError("down")
        return "done"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return CircuitBreaker(clock=clock)


def test_three_retries_after_one_two_and_four_seconds(clock, breaker):
    server = Server()
    with pytest.raises(ConnectionError):
        retrying(server, on=ConnectionError, breaker=breaker, sleep=clock.sleep)
    assert server.asked == 4
    assert clock.slept == [1, 2, 4]
    assert breaker.rest_s == 0


def test_a_server_that_comes_back_is_used_at_once(clock, breaker):
    server = Server()

    def back_soon(seconds):
        server.down = False

    assert retrying(server, on=ConnectionError, breaker=breaker, sleep=back_soon) == "done"
    assert server.asked == 2


def test_the_fifth_failure_opens_the_breaker_for_a_minute(clock, breaker):
    server = Server()
    for _ in range(2):
        with pytest.raises(ConnectionError):
            retrying(server, on=ConnectionError, breaker=breaker, sleep=clock.sleep)
    assert server.asked == 5, "once open, it is not tried again"
    assert breaker.rest_s == 60
    clock.now += 59
    assert breaker.rest_s == 1
    clock.now += 1
    assert breaker.rest_s == 0


def test_after_the_rest_one_try_decides(clock, breaker):
    server = Server()
    for _ in range(5):
        breaker.failed()
    clock.now += 60
    with pytest.raises(ConnectionError):
        retrying(server, on=ConnectionError, breaker=breaker, sleep=clock.sleep)
    assert server.asked == 1
    assert breaker.rest_s == 60
    clock.now += 60
    server.down = False
    assert retrying(server, on=ConnectionError, breaker=breaker, sleep=clock.sleep) == "done"
    server.down = True
    breaker.failed()
    assert breaker.rest_s == 0, "a success closes it: the count begins anew"


def test_other_errors_are_not_retried(clock, breaker):
    def refuses():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        retrying(refuses, on=ConnectionError, breaker=breaker, sleep=clock.sleep)
    assert clock.slept == []
