"""Items that are made one by one have limits; lists are taken whatever their length."""

import itertools
from collections.abc import Iterator

import pytest

from runner_probe.items import take


class Memory:
    """A process that uses more memory with every item; its machine has 1 GB left."""

    def __init__(self) -> None:
        self.used = 500

    def items(self, each: int) -> Iterator[int]:
        for item in itertools.count():
            self.used += each
            yield item

    def read(self) -> int:
        return self.used


def test_lists_and_tuples_are_taken_whatever_their_number() -> None:
    assert take([1, 2, 3], limit=2) == [1, 2, 3]
    assert take((1, 2, 3), limit=2) == [1, 2, 3]


def test_what_has_a_length_is_taken_whatever_its_number() -> None:
    assert take(range(100), limit=2) == list(range(100))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 99, 100])
def test_a_generator_is_taken_to_its_end(count: int) -> None:
    assert take(iter(range(count)), limit=100) == list(range(count))


def test_a_generator_without_an_end_is_refused_with_the_limit_and_the_remedy() -> None:
    message = (
        r"there are more than 1,000 of them, and this itertools.count may never end; "
        r"end it, for example with itertools.islice; if there really are more, return a list"
    )
    with pytest.raises(ValueError, match=f"^{message}$"):
        take(itertools.count(), limit=1000)


def test_items_that_fill_half_of_the_available_memory_are_refused() -> None:
    memory = Memory()
    message = (
        r"of them take 500 MB, half of the memory that was available, and generator has more; take fewer"
    )
    with pytest.raises(ValueError, match=message):
        take(memory.items(each=20_000_000), memory=(memory.read, lambda: 1_000_000_000))
    assert memory.used < 1_500_000_000


def test_what_has_a_length_may_not_fill_the_memory_either() -> None:
    memory = Memory()

    class Sized:
        def __len__(self) -> int:
            return 10**9

        def __iter__(self) -> Iterator[int]:
            return memory.items(each=1_000_000)

    with pytest.raises(ValueError, match="half of the memory"):
        take(Sized(), memory=(memory.read, lambda: 1_000_000_000))


def test_where_memory_cannot_be_read_there_is_no_limit_on_it() -> None:
    assert take(iter(range(50)), memory=(lambda: None, lambda: None)) == list(range(50))
