"""File descriptors that are used up: newcomers are told so, health is answered, the log says it."""

import socket
import unittest

from harness import (Certificates, Ended, RawClient, Refused, Sluice, endpoint, for_module, http_get,
                     patience, settings, wait_until)

FILES = 128
USED_UP = 'file descriptors'

certificates = None


def setUpModule():
    global certificates
    certificates = for_module(Certificates())


def fill(server, tls=None):
    """As many clients as come in, and the refusal of the first that did not."""
    clients = []
    try:
        while len(clients) < FILES:
            clients.append(RawClient(server, tls=tls))
    except Refused as refusal:
        return clients, refusal
    raise AssertionError('all came in')


class UsedUp(unittest.TestCase):
    def check_health(self, server):
        for _ in range(10):
            status, _, _ = http_get(server, '/healthz', address=server.admin_address)
            self.assertEqual(status, 200)

    def check_full(self, server, tls=None):
        clients, refusal = fill(server, tls)
        self.assertGreater(len(clients), FILES // 4)
        self.assertEqual(refusal.status, 503)
        self.assertIn(b'descriptor', refusal.body)
        self.assertIn('retry-after', refusal.headers)
        self.assertEqual(server.metric('sluice_descriptor_limit', use='clients'), len(clients))
        for _ in range(FILES):
            with self.assertRaises(Refused) as refused:
                RawClient(server, tls=tls)
            self.assertEqual(refused.exception.status, 503)
        server.wait_for_metric(FILES + 1, 'sluice_upgrades_refused_total', reason='descriptors')
        self.check_health(server)
        server.wait_for_log(USED_UP)
        self.assertEqual(server.log().count('newcomers are refused'), 1)
        clients[0].text('still here')
        self.assertEqual(clients[-1].read_text(), 'still here')
        for client in clients:
            client.socket.close()
        server.wait_for_metric(0, 'sluice_clients')
        with RawClient(server, tls=tls) as client:
            client.text('room again')
            self.assertEqual(client.read_text(), 'room again')

    def test_newcomers_get_503_and_health_is_answered(self):
        with Sluice(settings(endpoint('/ws')), files=FILES) as server:
            self.check_full(server)

    def test_over_tls_too(self):
        tls = certificates.tls
        configuration = settings(endpoint('/ws'), listen=[{'address': '127.0.0.1:0', 'tls': tls}])
        with Sluice(configuration, files=FILES) as server:
            self.check_full(server, certificates.client_context())

    def test_connections_without_a_request_make_way(self):
        with Sluice(settings(endpoint('/ws'), front={'request_timeout': '1h'}),
                    files=FILES) as server:
            idle = [socket.create_connection(('127.0.0.1', server.port), timeout=patience(20))
                    for _ in range(2 * FILES)]
            self.check_health(server)
            with RawClient(server) as client:
                client.text('through')
                self.assertEqual(client.read_text(), 'through')
            self.assertGreaterEqual(
                server.metric('sluice_front_dropped_total', reason='descriptors'), FILES)
            self.assertEqual(idle[0].recv(1), b'')
            for sock in idle:
                sock.close()

    def test_those_of_one_listener_make_way_for_others(self):
        configuration = settings(endpoint('/ws'), front={'request_timeout': '1h'},
                                 listen=[{'address': '127.0.0.1:0'}] * 2)
        with Sluice(configuration, files=FILES) as server:
            idle = [socket.create_connection(('127.0.0.1', server.port), timeout=patience(20))
                    for _ in range(2 * FILES)]
            other = ('127.0.0.1', int(server.urls[1].rsplit(':', 1)[1]))
            server.wait_for_log(USED_UP)

            def gets_through():
                try:
                    with RawClient(server, address=other) as client:
                        client.text('through')
                        return client.read_text() == 'through'
                except (Refused, Ended, OSError):
                    return False
            wait_until(gets_through, 'idle connections on the one make way')
            self.check_health(server)
            for sock in idle:
                sock.close()

    def test_clients_come_in_while_idle_connections_use_up_the_rest(self):
        with Sluice(settings(endpoint('/ws'), front={'request_timeout': '1h'}),
                    files=FILES) as server:
            idle = [socket.create_connection(('127.0.0.1', server.port), timeout=patience(20))
                    for _ in range(2 * FILES)]
            clients, refusal = fill(server)
            self.assertEqual(server.metric('sluice_descriptor_limit', use='clients'), len(clients))
            self.assertEqual(refusal.status, 503)
            self.check_health(server)
            for sock in idle:
                sock.close()
            for client in clients:
                client.socket.close()
