"""While the database is away one request a second tries, and the others fail at once."""

from __future__ import annotations

from contextlib import contextmanager

import psycopg
import pytest

from tocsin.errors import NotFoundError, StoreFullError, StoreUnavailableError
from tocsin.server.availability import Availability


class World:
    def __init__(self) -> None:
        self.at = 0.0
        self.asked = 0
        self.error: Exception | None = None
        self.availability = Availability(lambda: self.at)

    def ask(self) -> None:
        with self.availability.watched():
            self.asked += 1
            if self.error:
                raise self.error


def gone(cause: Exception | None = None) -> StoreUnavailableError:
    error = StoreUnavailableError("gone")
    error.__cause__ = cause
    return error


@contextmanager
def failing():
    with pytest.raises(StoreUnavailableError):
        yield


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("cause", [None, psycopg.OperationalError(), psycopg.errors.AdminShutdown()])
def test_nobody_waits_for_what_is_away(world: World, cause: Exception | None) -> None:
    world.error = gone(cause)
    for _ in range(5):
        with failing():
            world.ask()
    assert world.asked == 1
    world.at += 1.0
    for _ in range(5):
        with failing():
            world.ask()
    assert world.asked == 2


def test_it_is_found_again_by_whoever_tries(world: World) -> None:
    world.error = gone()
    with failing():
        world.ask()
    world.error = None
    with failing():
        world.ask()
    world.at += 1.0
    for _ in range(3):
        world.ask()
    assert world.asked == 4


@pytest.mark.parametrize(
    "error",
    [
        NotFoundError("x"),
        StoreFullError("full"),
        gone(psycopg.errors.DeadlockDetected()),
        gone(psycopg.errors.TooManyConnections()),
    ],
)
def test_a_database_that_answers_is_not_away(world: World, error: Exception) -> None:
    if isinstance(error, StoreFullError):
        error.__cause__ = psycopg.errors.DiskFull()
    world.error = error
    for _ in range(3):
        with pytest.raises(type(error)):
            world.ask()
    assert world.asked == 3
