"""What counts clients behind trusted proxies counts them at their own addresses: limits, plugins, reloads."""

import signal
import unittest

from harness import (RawClient, Refused, ServedTest, Sluice, allow_files, endpoint, stage, upgrade_request,
                     wait_until)
from harness.proxied import PROXY_A, STRANGER, clients, proxied, proxy_header

HEAD = upgrade_request()


def setUpModule():
    allow_files(8192)


class Limits(unittest.TestCase):
    def test_clients_of_a_proxy_are_counted_at_their_own_addresses(self):
        with Sluice(proxied(limits={'clients_per_address': 2})) as server:
            opened = []
            for number in range(6):
                for _ in range(2):
                    opened.append(RawClient(
                        server, headers=[('X-Forwarded-For', f'10.6.6.6, 198.51.100.{number}')]))
            with self.assertRaises(Refused) as caught:
                RawClient(server, headers=[('X-Forwarded-For', '10.7.7.7, 198.51.100.3')])
            self.assertEqual(caught.exception.status, 429)
            with RawClient(server, upgrade=False) as client:
                client.send(proxy_header('198.51.100.3') + HEAD)
                self.assertEqual(client.read_response_head()[0], 429)
            opened.pop(6).close()
            server.wait_for_metric(11, 'sluice_clients')
            with RawClient(server, headers=[('X-Forwarded-For', '198.51.100.3')]):
                server.wait_for_metric(12, 'sluice_clients')
            for client in opened:
                client.close()

    def test_a_crowd_behind_a_proxy_may_wait(self):
        per_address = 1024
        with Sluice(proxied(front={'request_timeout': '1h'})) as server:
            crowd = [RawClient(server, upgrade=False) for _ in range(per_address + 50)]
            for client in crowd:
                client.send(b'GET')
            server.wait_for_metric(per_address + 50, 'sluice_front_waiting', 30)
            self.assertEqual(server.metric('sluice_front_dropped_total'), 0)
            for client in crowd:
                client.socket.close()
            server.wait_for_metric(0, 'sluice_front_waiting', 30)

    def test_those_whom_a_header_names_are_counted_at_their_address(self):
        per_address = 1024
        with Sluice(proxied(front={'request_timeout': '1h'})) as server:
            other = RawClient(server, upgrade=False)
            other.send(proxy_header('198.51.100.8') + b'GET')
            server.wait_for_metric(1, 'sluice_front_waiting')
            crowd = [RawClient(server, upgrade=False) for _ in range(per_address + 50)]
            server.wait_for_metric(per_address + 51, 'sluice_front_waiting', 30)
            for client in crowd:
                client.send(proxy_header() + b'GET')
            server.wait_for_metric(50, 'sluice_front_dropped_total', 30, reason='full')
            server.wait_for_metric(per_address + 1, 'sluice_front_waiting')
            other.send(HEAD[3:])
            self.assertEqual(other.read_response_head()[0], 101)
            for client in [other, *crowd]:
                client.socket.close()


class Plugins(ServedTest):
    @classmethod
    def setUpClass(cls):
        cls.configuration = proxied(
            endpoint('/filter', [stage('address-filter', allow=['198.51.100.0/24'],
                                       deny=['198.51.100.66'])]),
            endpoint('/rate', [stage('rate-limit', connections='1/m', connections_burst=2)]))
        super().setUpClass()

    def status(self, path, address, source=PROXY_A):
        try:
            with RawClient(self.server, path, source=source,
                           headers=[('X-Forwarded-For', address)]) as client:
                self.assertEqual(client.close(), 1000)
            return 101
        except Refused as refused:
            return refused.status

    def test_address_filter_decides_by_the_client(self):
        self.assertEqual(self.status('/filter', '198.51.100.7'), 101)
        self.assertEqual(self.status('/filter', '198.51.100.66'), 403)
        self.assertEqual(self.status('/filter', '198.51.100.7, 198.51.100.66'), 403)
        self.assertEqual(self.status('/filter', '203.0.113.9'), 403)
        self.assertEqual(self.status('/filter', '198.51.100.7, 203.0.113.9'), 403)
        self.assertEqual(self.status('/filter', '198.51.100.7', source=STRANGER), 403)

    def test_rate_limit_counts_by_the_client(self):
        for last in range(5):
            address = f'198.51.100.{last}'
            self.assertEqual([self.status('/rate', address) for _ in range(3)], [101, 101, 429])


class Reload(unittest.TestCase):
    def reload(self, server, expected, **how):
        server.write(proxied(**how))
        before = len(server.lines)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: expected in ''.join(server.lines[before:]), 'the reload is done')
        return ''.join(server.lines[before:])

    def connect(self, server, *, header=b'', field='203.0.113.9'):
        client = RawClient(server, upgrade=False)
        client.send(header)
        client.upgrade('/ws', [('X-Forwarded-For', field)], b'')
        return client

    def test_the_list_changes_under_those_who_are_there(self):
        with Sluice(proxied(trusted=None)) as server:
            first = self.connect(server)
            self.reload(server, 'is in force', trusted=['127.0.0.1'])
            second = self.connect(server)
            third = self.connect(server, header=proxy_header())
            self.reload(server, 'is in force', trusted=['127.0.0.1', '198.51.100.0/24'])
            fourth = self.connect(server, header=proxy_header(), field='203.0.113.10')
            self.reload(server, 'is in force', trusted=[])
            fifth = self.connect(server)
            self.assertEqual([address for address, _ in sorted(clients(server))],
                             [PROXY_A, PROXY_A, '198.51.100.7', '203.0.113.10', '203.0.113.9'])
            for client in (first, second, third, fourth, fifth):
                client.close()

    def test_a_wrong_entry_changes_nothing(self):
        with Sluice(proxied(trusted=['127.0.0.1'])) as server:
            log = self.reload(server, 'what ran before goes on', trusted=['10.1.2.3/8'])
            self.assertIn('did you mean 10.0.0.0/8?', log)
            client = self.connect(server)
            self.assertEqual([address for address, _ in clients(server)], ['203.0.113.9'])
            client.close()
