"""How concurrent items are joined into passes."""

import asyncio
import threading

import pytest

from pointsman.serving.batching import Batcher


class Passes:
    """Doubles numbers, notes each pass, and blocks those passes that hold a number of `blocked`."""

    def __init__(self, *blocked):
        self.blocked = set(blocked)
        self.seen = []
        self.release = threading.Event()
        self.running = self.most = 0

    def __call__(self, items):
        self.seen.append(items)
        self.running += 1
        self.most = max(self.most, self.running)
        if self.blocked & set(items):
            assert self.release.wait(timeout=20)
        self.running -= 1
        return [2 * item for item in items]


def run(scenario, passes, **options):
    async def main():
        batcher = Batcher(passes, **options)
        try:
            return await asyncio.wait_for(scenario(batcher), timeout=20)
        finally:
            passes.release.set()
            batcher.close()

    return asyncio.run(main())


async def until(condition):
    while not condition():
        await asyncio.sleep(0)


def test_an_item_that_is_alone_waits_for_no_company():
    async def scenario(batcher):
        (future,) = batcher.submit([7])
        return await future

    passes = Passes()
    # A wait of an hour would be met by the time limit, were the batcher to wait at all.
    assert run(scenario, passes, max_wait_s=3600) == 14
    assert passes.seen == [[7]]


def test_items_of_one_turn_share_a_pass_in_their_order():
    async def scenario(batcher):
        futures = [batcher.submit([number])[0] for number in (5, 1, 4)]
        return await asyncio.gather(*futures)

    passes = Passes()
    assert run(scenario, passes, max_wait_s=3600) == [10, 2, 8]
    assert passes.seen == [[5, 1, 4]]


def test_what_comes_during_a_pass_starts_together_when_it_ends():
    async def scenario(batcher):
        first = batcher.submit([0])
        await until(lambda: passes.seen)
        others = [batcher.submit([number])[0] for number in (3, 1, 2)]
        passes.release.set()
        return await asyncio.gather(*first, *others)

    passes = Passes(0)
    assert run(scenario, passes, max_wait_s=3600) == [0, 6, 2, 4]
    assert passes.seen == [[0], [3, 1, 2]]


def test_nothing_waits_longer_than_the_limit_for_a_pass_that_runs():
    async def scenario(batcher):
        first = batcher.submit([0])
        await until(lambda: passes.seen)
        (second,) = batcher.submit([1])
        assert await second == 2
        assert not first[0].done()
        passes.release.set()
        return await first[0]

    passes = Passes(0)
    assert run(scenario, passes, max_wait_s=0.002) == 0


def test_a_full_pass_waits_for_nothing():
    async def scenario(batcher):
        first = batcher.submit([0])
        await until(lambda: passes.seen)
        assert await asyncio.gather(*batcher.submit([1, 2, 3])) == [2, 4, 6]
        passes.release.set()
        return await first[0]

    passes = Passes(0)
    run(scenario, passes, max_wait_s=3600, max_items=3)


def test_no_more_passes_run_than_there_are_threads():
    async def scenario(batcher):
        futures = [*batcher.submit([0])]
        await until(lambda: passes.seen)
        futures += batcher.submit([1])
        await until(lambda: len(passes.seen) == 2)
        futures += batcher.submit([2])
        futures += batcher.submit([3])
        passes.release.set()
        return await asyncio.gather(*futures)

    passes = Passes(0, 1)
    assert run(scenario, passes, max_wait_s=0, threads=2) == [0, 2, 4, 6]
    assert passes.most == 2


def test_a_pass_is_bounded_and_the_order_is_kept():
    async def scenario(batcher):
        return await asyncio.gather(*batcher.submit(range(200)))

    passes = Passes()
    assert run(scenario, passes, max_items=64, threads=1) == list(range(0, 400, 2))
    assert [len(items) for items in passes.seen] == [64, 64, 64, 8]
    assert [item for items in passes.seen for item in items] == list(range(200))


def test_a_pass_takes_the_first_and_those_nearest_to_it_in_size():
    async def scenario(batcher):
        return await asyncio.gather(*batcher.submit([10, 90, 12, 11, 91, 50]))

    passes = Passes()
    assert run(scenario, passes, size=abs, max_items=3, threads=1) == [20, 180, 24, 22, 182, 100]
    assert passes.seen == [[10, 12, 11], [90, 91, 50]]


def test_what_nobody_waits_for_any_more_is_not_computed():
    async def scenario(batcher):
        first = batcher.submit([0])
        await until(lambda: passes.seen)
        gone, stays = batcher.submit([1, 2])
        gone.cancel()
        passes.release.set()
        await asyncio.gather(*first, stays)

    passes = Passes(0)
    run(scenario, passes, max_wait_s=3600)
    assert passes.seen == [[0], [2]]


def test_a_failed_pass_fails_those_in_it_and_nobody_later():
    class Failing(Passes):
        def __call__(self, items):
            if 13 in items:
                raise RuntimeError("the model failed")
            return super().__call__(items)

    async def scenario(batcher):
        futures = batcher.submit([13, 14])
        for future in futures:
            with pytest.raises(RuntimeError, match="the model failed"):
                await future
        return await batcher.submit([1])[0]

    assert run(scenario, Failing()) == 2


@pytest.mark.parametrize(
    ("items", "is_here"), [([3], True), ([4], False), ([1, 2], False)], ids=["small and alone", "large", "two"]
)
def test_only_a_small_item_that_is_alone_is_run_in_the_event_loops_thread(items, is_here):
    async def scenario(batcher):
        return [await future for future in batcher.submit(items)]

    threads = []

    class Here(Passes):
        def __call__(self, items):
            threads.append(threading.current_thread())
            return super().__call__(items)

    assert run(scenario, Here(), size=int, small=3) == [2 * item for item in items]
    assert [thread is threading.main_thread() for thread in threads] == [is_here]


def test_a_small_item_goes_to_a_thread_while_another_pass_runs():
    async def scenario(batcher):
        first = batcher.submit([9])
        await until(lambda: passes.seen)
        second = batcher.submit([1])
        await until(lambda: len(passes.seen) == 2)
        passes.release.set()
        return await asyncio.gather(*first, *second)

    passes = Passes(9, 1)  # in the event loop's thread, the second would wait in vain for its release
    assert run(scenario, passes, size=int, small=3, max_wait_s=0) == [18, 2]


def test_a_failed_pass_in_the_event_loops_thread_fails_its_item_alone():
    def divide(items):
        return [12 // item for item in items]

    async def scenario(batcher):
        with pytest.raises(ZeroDivisionError):
            await batcher.submit([0])[0]
        return await batcher.submit([3])[0]

    divide.release = threading.Event()
    assert run(scenario, divide, size=int, small=3) == 4


def test_results_must_match_items():
    class Short(Passes):
        def __call__(self, items):
            return super().__call__(items)[1:]

    async def scenario(batcher):
        with pytest.raises(ValueError, match="1 results for 2 items"):
            await asyncio.gather(*batcher.submit([1, 2]))

    run(scenario, Short())


def test_closing_cancels_what_waits():
    async def scenario(batcher):
        (running,) = batcher.submit([0])
        await until(lambda: passes.seen)
        (waiting,) = batcher.submit([1])
        passes.release.set()
        batcher.close()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return await running

    passes = Passes(0)
    assert run(scenario, passes, max_wait_s=3600) == 0
