"""Test cases that share one server."""

import unittest

from .server import Sluice


class ServedTest(unittest.TestCase):
    """One server for all tests of the class, started with `configuration`. How it ended is checked
    after the last of them."""

    configuration = None

    @classmethod
    def setUpClass(cls):
        cls.server = Sluice(cls.configuration).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
