"""What a plugin takes for a client it gives back in client_free, whatever becomes of the client."""

import os
import re
import unittest

from harness import BUILD, RawClient, Refused, Sluice, endpoint, run_sluice, settings, upgrade_request
from harness.loops import OnEachNumberOfLoops

SAID = re.compile(r'owner: taken (\d+), freed (\d+), closed (\d+), misused (\d+)')
OWNERS = [{'plugin': 'owner', 'timeout': '60s'}, {'plugin': 'owner', 'timeout': '60s'}]


def owners(loops, pipeline=tuple(OWNERS)):
    return settings(endpoint('/ws', pipeline), endpoint('/named', OWNERS, identity='required'),
                    endpoint('/short', [{'plugin': 'owner', 'timeout': '100ms'}, *OWNERS[1:]]),
                    loops=loops, shutdown={'grace': '100ms'})


def leave_while_deferred(server, instance):
    client = RawClient(server, upgrade=False)
    client.send(upgrade_request(f'/ws?defer={instance}'))
    return client


class Freed(OnEachNumberOfLoops, unittest.TestCase):
    """Each way is taken by several clients, so that every loop has some."""

    def refuse(self, server, path, query, status):
        for _ in range(4):
            with self.assertRaises(Refused) as caught:
                RawClient(server, path, query=query)
            self.assertEqual(caught.exception.status, status)

    def end_in_each_way(self, server, loops):
        stay = [RawClient(server) for _ in range(4)]
        self.refuse(server, '/ws', '?deny=1', 403)
        self.refuse(server, '/ws', '?deny=2', 403)
        self.refuse(server, '/named', '', 401)
        self.refuse(server, '/short', '?defer=1', 503)
        for client in [RawClient(server) for _ in range(4)]:
            client.close()
        for instance in (1, 2, 1, 2):
            leave_while_deferred(server, instance).socket.close()
        server.wait_for_metric(0, 'sluice_deferrals')
        server.wait_for_metric(4, 'sluice_clients')
        server.reload(owners(loops, OWNERS[:1]))
        server.reload(owners(loops))
        # They are there when the server stops; so are two whose verdict is awaited.
        return stay + [leave_while_deferred(server, instance) for instance in (1, 2)]

    def check(self, loops):
        server = Sluice(owners(loops))
        with server:
            stay = self.end_in_each_way(server, loops)
            server.wait_for_metric(2, 'sluice_deferrals')
        for client in stay:
            client.socket.close()
        said = [[int(number) for number in found] for found in SAID.findall(server.log())]
        self.assertEqual(len(said), 7)  # Six, and one that a reload has made.
        self.assertGreater(sum(taken for taken, *_ in said), sum(closed for _, _, closed, _ in said))
        for taken, freed, _, misused in said:
            self.assertEqual((freed, misused), (taken, 0))


    def test_the_runner_finds_what_only_on_close_gives_back(self):
        file = os.path.join(BUILD, 'tests/plugins/broken/leaks-refused.so')
        status, output, error = run_sluice('test-plugin', file, '--only', 'contract/leaks', seconds=60)
        self.assertEqual(status, 1, output + error)
        output = ' '.join(output.split())
        self.assertIn('each client whose upgrade another plugin denies leaves 1 allocations', output)
        self.assertIn('release in client_free what on_connect takes', output)
