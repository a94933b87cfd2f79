"""docs/operations.md, "Restarts": two servers behind each of the page's proxies are restarted one after the other, and
their clients come back each time that they are closed."""

import asyncio
import contextlib
import unittest

from harness import Certificates, for_module
from harness.operations import PageHAProxy, PageNginx, two_instances
from harness.returning import TICK_SECONDS, ReturningClients

CLIENTS = 300
SPREAD_SECONDS = 1  # half of shutdown.grace

certificates = None


def setUpModule():
    global certificates
    certificates = for_module(Certificates())


def is_ready(instance):
    with contextlib.suppress(OSError):
        return '"ready"' in instance.admin('/readyz')
    return False


async def restart(instance, clients):
    """Stops and starts an instance: the closes that its clients got, when all of them are back."""
    before = len(clients.closes)
    await asyncio.to_thread(instance.stop)
    await clients.until_all_are_there()
    closes = clients.closes[before:]
    await asyncio.to_thread(instance.start)
    assert await asyncio.to_thread(is_ready, instance)
    return closes


async def until_it_is_served(instance, clients):
    """Returns when the proxy sends new clients to the instance: it is the one with the fewest."""
    while await asyncio.to_thread(instance.metric, 'sluice_upgrades_admitted_total') == 0:
        _, writer = await clients.connect()
        writer.close()
        await asyncio.sleep(TICK_SECONDS)


class RollingRestart:
    def proxy(self, instances):
        raise NotImplementedError

    def check_closes(self, closes):
        """Returns within how many seconds they came."""
        self.assertGreater(len(closes), CLIENTS // 10)
        self.assertEqual({code for _, code, _ in closes}, {1012})
        times = [when for when, _, _ in closes]
        return max(times) - min(times)

    async def day(self, instances, proxy):
        async with ReturningClients(CLIENTS, proxy.address, certificates.client_context()) as clients:
            await clients.until_all_are_there()
            spreads = []
            for one in instances:
                closes = await restart(one, clients)
                self.assertEqual(clients.failures, [])
                spreads.append(self.check_closes(closes))
                if one is not instances[-1]:
                    await until_it_is_served(one, clients)
            self.assertEqual(clients.failures, [])
            # Those of one may come at once, if this process or the proxy has lost its turn meanwhile.
            self.assertGreater(max(spreads), SPREAD_SECONDS / 4)
            self.assertGreaterEqual(clients.upgrades, CLIENTS + len(clients.closes))

    def test_no_upgrade_fails_and_all_are_closed_with_1012(self):
        arguments = ['--set', f'shutdown.grace={2 * SPREAD_SECONDS}s', '--set', 'loops=1']
        with contextlib.ExitStack() as held:
            instances = [held.enter_context(one) for one in two_instances(arguments, arguments)]
            proxy = held.enter_context(self.proxy(instances))
            asyncio.run(self.day(instances, proxy))


class Nginx(RollingRestart, unittest.TestCase):
    def proxy(self, instances):
        return PageNginx(instances, certificates)


class HAProxy(RollingRestart, unittest.TestCase):
    def proxy(self, instances):
        return PageHAProxy(instances, certificates)
