import asyncio
import itertools

import pytest

from pointsman.llm.window import FIRST, Ticket, Window


def enter_all(window: Window, count: int) -> list[Ticket]:
    """Tickets of `count` requests that find a place at once."""

    async def enter() -> list[Ticket]:
        return [await asyncio.wait_for(window.enter(), 1) for _ in range(count)]

    return asyncio.run(enter())


def answer_a_full_round(window: Window) -> None:
    """The window is full, and with each answer the next request takes the place, until a round is answered."""

    async def scene() -> None:
        tickets = [await window.enter() for _ in range(int(window.size))]
        for ticket in list(tickets):
            window.leave(ticket)
            while window._under_way < int(window.size):
                tickets.append(await window.enter())
        for ticket in tickets[len(tickets) - window._under_way :]:
            window.leave(ticket, answered=False)

    asyncio.run(scene())


def test_until_the_first_overload_the_window_doubles_with_each_round():
    window = Window(100)
    for size in (FIRST, 2 * FIRST, 4 * FIRST):
        assert window.size == size
        answer_a_full_round(window)
    assert window.size == 8 * FIRST


def test_the_window_grows_no_further_than_allowed():
    window = Window(6)
    for _ in range(20):
        answer_a_full_round(window)
    assert window.size == 6


def test_a_round_of_overloads_shrinks_the_window_once():
    window = Window(100)
    tickets = enter_all(window, FIRST)
    for ticket in tickets:
        window.leave(ticket, overloaded=True)
    assert window.size == pytest.approx(FIRST * 0.85)
    [ticket] = enter_all(window, 1)
    window.leave(ticket, overloaded=True)
    assert window.size == pytest.approx(FIRST * 0.85**2)


def test_a_window_that_is_not_used_up_does_not_grow():
    window = Window(100)
    for _ in range(20):
        [ticket] = enter_all(window, 1)
        window.leave(ticket)
    assert window.size == FIRST


def test_a_window_never_closes():
    window = Window(100)
    for _ in range(50):
        [ticket] = enter_all(window, 1)
        window.leave(ticket, overloaded=True)
    assert window.size == 1
    assert enter_all(window, 1)


def test_a_full_window_makes_requests_wait_and_a_cancelled_one_passes_its_place_on():
    async def scene() -> list[str]:
        window, order = Window(1), []

        async def request(name: str) -> None:
            ticket = await window.enter()
            order.append(name)
            await asyncio.sleep(0)
            window.leave(ticket)

        held = await window.enter()
        cancelled, waiting = asyncio.create_task(request("cancelled")), asyncio.create_task(request("waiting"))
        await asyncio.sleep(0)
        assert order == []
        window.leave(held)
        cancelled.cancel()
        await asyncio.wait_for(waiting, 1)
        return order

    assert asyncio.run(scene()) == ["waiting"]


def test_starts_are_spread_over_the_time_that_an_answer_takes():
    async def scene() -> list[float]:
        window = Window(FIRST)
        for ticket in [await window.enter() for _ in range(FIRST)]:
            window.leave(ticket._replace(started_s=ticket.started_s - 0.2))  # each took 0.2 s
        return [(await window.enter()).started_s for _ in range(FIRST)]

    starts = asyncio.run(scene())
    gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert min(gaps) >= 0.2 / FIRST / 1.25 - 0.005


def test_who_is_cancelled_while_starts_are_spread_gives_the_place_back():
    async def scene() -> None:
        window = Window(1)
        window.leave((await window.enter())._replace(started_s=-3600.0))  # an hour for an answer
        window.leave(await window.enter(), answered=False)
        waiting = asyncio.create_task(window.enter())
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert window._under_way == 0

    asyncio.run(scene())
