"""Endpoints, counts, and what is left when clients are gone."""

import json
import socket
import unittest

from harness import (BINARY, TEXT, RawClient, Refused, ServedTest, Sluice, endpoint, frame,
                     http_get, sanitized, settings, wait_until)

CLIENTS = 3000


class Endpoints(ServedTest):
    configuration = settings(endpoint('/ws'), endpoint('/other'), endpoint('/silent', echo=False))

    def test_everybody_hears_everybody(self):
        with RawClient(self.server) as one, RawClient(self.server) as two, \
                RawClient(self.server) as three:
            self.server.wait_for_metric(3, 'sluice_clients', endpoint='/ws')
            for sender in (one, two, three):
                sender.text('hello')
                self.assertEqual([client.read_text() for client in (one, two, three)],
                                 ['hello'] * 3)

    def test_type_is_kept(self):
        with RawClient(self.server) as one, RawClient(self.server) as two:
            self.server.wait_for_metric(2, 'sluice_clients', endpoint='/ws')
            one.binary(b'\x00\xff')
            self.assertEqual(two.read_message(), (BINARY, b'\x00\xff'))
            one.text('text')
            self.assertEqual(two.read_message(), (TEXT, b'text'))

    def test_endpoints_are_isolated(self):
        with RawClient(self.server, '/ws') as here, RawClient(self.server, '/other') as there:
            here.text('for here')
            there.text('for there')
            self.assertEqual(here.read_text(), 'for here')
            self.assertEqual(there.read_text(), 'for there')

    def test_echo_false_leaves_the_sender_out(self):
        with RawClient(self.server, '/silent') as one, RawClient(self.server, '/silent') as two:
            self.server.wait_for_metric(2, 'sluice_clients', endpoint='/silent')
            one.text('from one')
            self.assertEqual(two.read_text(), 'from one')
            two.text('from two')
            self.assertEqual(one.read_text(), 'from two')

    def test_order_of_one_sender_is_kept_for_all(self):
        with RawClient(self.server) as sender, RawClient(self.server) as other:
            self.server.wait_for_metric(2, 'sluice_clients', endpoint='/ws')
            sender.send(b''.join(frame(TEXT, b'%d' % i) for i in range(500)))
            wanted = [str(i) for i in range(500)]
            self.assertEqual([other.read_text() for _ in range(500)], wanted)
            self.assertEqual([sender.read_text() for _ in range(500)], wanted)

    def test_message_to_many_on_all_loops(self):
        clients = [RawClient(self.server, '/other') for _ in range(100)]
        self.server.wait_for_metric(100, 'sluice_clients', endpoint='/other')
        for index in (0, 50, 99):
            clients[index].text(f'from {index}')
            self.assertEqual({client.read_text() for client in clients}, {f'from {index}'})
        for client in clients:
            self.assertEqual(client.close(), 1000)
        self.server.wait_for_metric(0, 'sluice_clients', endpoint='/other')


class Counts(unittest.TestCase):
    def test_metrics_follow_what_happens(self):
        with Sluice(settings(endpoint('/ws'), endpoint('/b'))) as server:
            with RawClient(server) as one, RawClient(server) as two:
                server.wait_for_metric(2, 'sluice_clients', endpoint='/ws')
                self.assertEqual(server.metric('sluice_clients', endpoint='/b'), 0)
                one.text('12345')
                self.assertEqual((one.read_text(), two.read_text()), ('12345', '12345'))
                server.wait_for_metric(1, 'sluice_messages_total', endpoint='/ws', direction='in')
                server.wait_for_metric(2, 'sluice_messages_total', endpoint='/ws',
                                       direction='out')
                self.assertGreater(server.metric('sluice_bytes_total', direction='in'), 5)
                self.assertGreater(server.metric('sluice_bytes_total', direction='out'), 10)
                one.close(1001)
                two.close(4000)
            server.wait_for_metric(0, 'sluice_clients')
            server.wait_for_metric(1, 'sluice_closes_total', code='1001')
            server.wait_for_metric(1, 'sluice_closes_total', code='4xxx')

    def test_health_and_metrics_format(self):
        with Sluice() as server:
            health = server.admin('/healthz')
            self.assertIn('ok', health.lower())
            if health.startswith('{'):
                json.loads(health)
            for line in server.admin('/metrics').splitlines():
                self.assertRegex(line, r'^(# (HELP|TYPE) \w+ .+|\w+(\{.*\})? [-+\w.]+)$')

    def test_admin_is_not_served_to_clients(self):
        with Sluice() as server:
            for target in ('/metrics', '/healthz', '/api/v1/count'):
                self.assertEqual(http_get(server, target)[0], 404)


class CleanUp(unittest.TestCase):
    def connect_many(self, server):
        """Many clients, spread over source addresses, so that no limit of one address counts."""
        clients = [RawClient(server, source=f'127.0.0.{2 + i % 30}') for i in range(CLIENTS)]
        server.wait_for_metric(CLIENTS, 'sluice_clients', 30)
        return clients

    def test_thousands_of_resets_leave_nothing(self):
        with Sluice() as server:
            with RawClient(server) as first:
                first.text('warm')
                first.read_text()
                first.close()
            server.wait_for_metric(0, 'sluice_clients')
            baseline = server.descriptors()
            for _ in range(2):
                for client in self.connect_many(server):
                    client.reset()
                server.wait_for_metric(0, 'sluice_clients', 30)
                wait_until(lambda: server.descriptors() <= baseline + 2,
                           'all descriptors are given back', 20)

    def test_half_closed_clients_are_let_go(self):
        with Sluice() as server:
            clients = [RawClient(server) for _ in range(50)]
            for client in clients:
                client.socket.shutdown(socket.SHUT_WR)
            server.wait_for_metric(0, 'sluice_clients')
            for client in clients:
                client.read_to_end()
                client.socket.close()

    def test_end_in_the_middle_of_things(self):
        half = frame(TEXT, b'x' * 1000)[:500]
        with Sluice() as server:
            for data in (b'\x81', half, frame(TEXT, b'x', fin=False), frame(TEXT, b'x' * 100) * 50):
                clients = [RawClient(server) for _ in range(20)]
                for client in clients:
                    client.send(data)
                for number, client in enumerate(clients):
                    client.reset() if number % 2 else client.socket.close()
                server.wait_for_metric(0, 'sluice_clients')

    def test_gigabytes_announced_cost_nothing(self):
        announcement = frame(BINARY, b'', form=64, announced=2 << 30)
        with Sluice() as server:
            clients = [RawClient(server) for _ in range(50)]
            before = server.resident_bytes()
            for client in clients:
                client.send(announcement)
            for client in clients:
                self.assertEqual(client.expect_close()[0], 1009)
            if not sanitized():
                self.assertLess(server.resident_bytes() - before, 5 << 20)
            server.wait_for_metric(50, 'sluice_closes_total', code='1009')

    def test_memory_does_not_grow_with_churn(self):
        if sanitized():
            self.skipTest('a sanitizer keeps freed memory')
        with Sluice() as server:
            def churn():
                for _ in range(500):
                    with RawClient(server) as client:
                        client.text('x' * 5000)
                        client.read_text()
                        client.close()
            churn()
            before = server.resident_bytes()
            churn()
            churn()
            self.assertLess(server.resident_bytes() - before, 2 << 20)


class Limits(unittest.TestCase):
    def assert_refused(self, server, status, path='/ws', source=None):
        with self.assertRaises(Refused) as caught:
            RawClient(server, path, source=source)
        self.assertEqual(caught.exception.status, status)
        self.assertIn('retry-after', caught.exception.headers)

    def check_limit(self, configuration, count, status):
        """`count` clients come in, one more does not, and each that leaves makes room for one."""
        with Sluice(configuration) as server:
            for _ in range(3):
                clients = [RawClient(server) for _ in range(count)]
                self.assert_refused(server, status)
                self.assert_refused(server, status)
                clients.pop().close()
                server.wait_for_metric(count - 1, 'sluice_clients')
                clients.append(self.connect_when_there_is_room(server))
                self.assert_refused(server, status)
                for client in clients:
                    client.reset()
                server.wait_for_metric(0, 'sluice_clients')
            self.assertGreaterEqual(server.metric('sluice_upgrades_refused_total'), 9)

    def connect_when_there_is_room(self, server):
        """The count that clients see may be given back a moment after the metric."""

        def attempt():
            try:
                return RawClient(server)
            except Refused:
                return None
        return wait_until(attempt, 'the place of the client that left is free')

    def test_clients_in_all(self):
        self.check_limit(settings(limits={'clients': 5}), 5, 503)

    def test_clients_of_an_endpoint(self):
        self.check_limit(settings(endpoint('/ws', clients={'max': 4})), 4, 503)

    def test_clients_of_an_address(self):
        self.check_limit(settings(limits={'clients_per_address': 3}), 3, 429)

    def test_clients_of_an_address_at_an_endpoint(self):
        self.check_limit(settings(endpoint('/ws', clients={'per_address': 2})), 2, 429)

    def test_other_addresses_and_endpoints_have_their_own_limit(self):
        configuration = settings(endpoint('/ws', clients={'per_address': 1, 'max': 2}),
                                 endpoint('/b', clients={'per_address': 1}))
        with Sluice(configuration) as server:
            clients = [RawClient(server, source='127.0.0.2'),
                       RawClient(server, source='127.0.0.3'),
                       RawClient(server, '/b', source='127.0.0.2')]
            self.assert_refused(server, 429, '/b', source='127.0.0.2')
            self.assert_refused(server, 503, source='127.0.0.4')
            for client in clients:
                client.close()

    def test_failed_upgrades_give_their_place_back(self):
        configuration = settings(endpoint('/ws', clients={'max': 2}))
        with Sluice(configuration) as server:
            for _ in range(10):
                self.assertEqual(http_get(server)[0], 426)
            clients = [RawClient(server) for _ in range(2)]
            for client in clients:
                client.close()
