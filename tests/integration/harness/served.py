"""What several tests share: one server, or what was made for a module."""

import unittest

from .server import Sluice


def for_module(thing):
    """The thing, which is cleaned up after the module's last test; for setUpModule."""
    unittest.addModuleCleanup(thing.cleanup)
    return thing


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
