"""Tests that run with several numbers of event loops."""


class OnEachNumberOfLoops:
    """The check of a class with 1, 2 and 8 loops, each with the time of a test."""

    def test_on_1_loop(self):
        self.check(1)

    def test_on_2_loops(self):
        self.check(2)

    def test_on_8_loops(self):
        self.check(8)
