"""Many clients at once, with the benchmark's load generator: nobody is lost, nothing is left."""

import json
import os
import subprocess
import unittest

from harness import BUILD, RawClient, Sluice, endpoint, patience, settings, wait_until

LOAD = os.path.join(BUILD, 'tests', 'load')
SECONDS = '2'


def start(mode, server, path, *options):
    return subprocess.Popen(
        [LOAD, mode, server.url + path, '--seconds', SECONDS, '--warm-up', '0', *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def result(process):
    out, error = process.communicate(timeout=patience(60))
    assert process.returncode == 0, error.decode()
    return json.loads(out)


class UnderLoad(unittest.TestCase):
    def setUp(self):
        roomy = {'queue': {'bytes': '64MiB'}, 'clients': {'per_address': 10000}}
        pipeline = [{'plugin': 'rate-limit', 'options': {'messages': '1000000000/s'}},
                    {'plugin': 'probe'}]
        self.configuration = settings(
            endpoint('/ws', **roomy), endpoint('/pipeline', pipeline, **roomy),
            endpoint('/echo', [{'plugin': 'echo'}], **roomy))

    def assert_nothing_is_left(self, server, descriptors):
        server.wait_for_metric(0, 'sluice_clients', 30)
        wait_until(lambda: server.descriptors() <= descriptors + 2,
                   'the descriptors are given back', 20)
        self.assertEqual(server.metric('sluice_queued_bytes'), 0)

    def test_messages_while_clients_come_and_go(self):
        with Sluice(self.configuration) as server:
            descriptors = server.descriptors()
            for path in ('/ws', '/pipeline'):
                fanout = start('fanout', server, path, '--clients', '200', '--senders', '5',
                               '--window', '16')
                churn = start('upgrades', server, path, '--clients', '32')
                echo = start('echo', server, '/echo', '--clients', '50', '--window', '4')
                seen = result(fanout), result(echo), result(churn)
                self.assertEqual([seen[0]['lost'], seen[1]['lost'], seen[2]['failed']], [0] * 3)
                self.assertGreater(seen[0]['messages'], 1000)
                self.assertGreater(seen[1]['messages'], 100)
                self.assertGreater(seen[2]['upgrades'], 50)
            self.assert_nothing_is_left(server, descriptors)

    def test_stop_in_the_middle_of_it(self):
        with Sluice(self.configuration) as server:
            loads = [start('fanout', server, '/ws', '--clients', '100', '--window', '16'),
                     start('upgrades', server, '/pipeline', '--clients', '16')]
            wait_until(lambda: server.metric('sluice_messages_total', direction='out') > 1000,
                       'messages flow')
            server.stop()
            for process in loads:
                process.communicate(timeout=patience(60))

    def test_slow_readers_among_many(self):
        # On one loop: another loop, starved on a busy machine, would have too much for all of its clients.
        self.configuration['loops'] = 1
        self.configuration['endpoints'][0]['queue'] = {'bytes': '1MiB'}
        with Sluice(self.configuration) as server:
            stuck = [RawClient(server, receive_buffer=4096) for _ in range(20)]
            fanout = start('fanout', server, '/ws', '--clients', '50', '--window', '16',
                           '--payload', '8192')
            self.assertEqual(result(fanout)['lost'], 0)
            for client in stuck:
                client.socket.close()
            server.wait_for_metric(0, 'sluice_clients', 30)
            self.assertEqual(server.metric('sluice_queued_bytes'), 0)
