"""Clients that take more than their share of time or memory."""

import select
import threading
import time
import unittest

from harness import (BINARY, PING, PONG, TEXT, Certificates, RawClient, Sluice, endpoint,
                     frame, patience, sanitized, settings, stage, wait_until)

MIB = 1 << 20


class Time(unittest.TestCase):
    """A client that sends as fast as it can must not keep its loop from the others."""

    PINGS = 20

    def setUp(self):
        self.certificates = Certificates()

    def tearDown(self):
        self.certificates.cleanup()

    def flood(self, client, over):
        # Not a divisor of the server's read size, so that records always straddle its reads.
        pongs = frame(PONG) * 2700
        while not over.is_set():
            try:
                client.send(pongs)
            except OSError:
                return

    def worst_ping(self, client):
        worst = 0
        for count in range(self.PINGS):
            begin = time.monotonic()
            client.send_frame(PING, b'%d' % count)
            self.assertEqual(client.read_frame(), (PONG, b'%d' % count))
            worst = max(worst, time.monotonic() - begin)
        return worst

    def test_tls_client_that_floods_does_not_hold_up_others(self):
        tls = self.certificates.tls
        configuration = settings(loops=1, listen=[{'address': '127.0.0.1:0'},
                                                  {'address': '127.0.0.1:0', 'tls': tls}])
        with Sluice(configuration) as server, RawClient(server) as victim:
            secure = ('127.0.0.1', int(server.urls[1].rsplit(':', 1)[1]))
            greedy = RawClient(server, address=secure, tls=self.certificates.client_context())
            over = threading.Event()
            thread = threading.Thread(target=self.flood, args=(greedy, over), daemon=True)
            thread.start()
            wait_until(lambda: server.metric('sluice_bytes_total', direction='in') > MIB,
                       'the flood has begun')
            worst = self.worst_ping(victim)
            over.set()
            thread.join()
            greedy.socket.close()
            self.assertLess(worst, patience(8))  # else it takes as long as the flood lasts


class Topics(unittest.TestCase):
    """A client that is in as many topics as it may be."""

    STEP = 10000

    def subscribe(self, server, client, first):
        """Joins STEP topics more; how many seconds of the processor that took the server, however busy the machine is."""
        begin = server.metric('process_cpu_seconds_total')
        for number in range(first, first + self.STEP, 1000):
            client.send(b''.join(frame(TEXT, b'subscribe topic-%d' % (number + i))
                                 for i in range(1000)))
            for _ in range(1000):
                self.assertEqual(client.read_text(), 'subscribe 0')
        return server.metric('process_cpu_seconds_total') - begin

    def test_one_topic_more_costs_the_same_however_many_there_are(self):
        configuration = settings(endpoint('/ws', [stage('later')], topics={'per_client': 100000},
                                          heartbeat={'interval': '1h', 'timeout': '1h'}), loops=1)
        with Sluice(configuration) as server, RawClient(server) as client:
            first = self.subscribe(server, client, 0)
            self.subscribe(server, client, self.STEP)
            last = self.subscribe(server, client, 2 * self.STEP)
            self.assertLess(last, 6 * first + patience(0.5))
            self.assertEqual(server.metric('sluice_topics'), 3 * self.STEP)
            self.assertEqual(server.metric('sluice_subscriptions'), 3 * self.STEP)
            client.reset()
            server.wait_for_metric(0, 'sluice_topics')
            server.wait_for_metric(0, 'sluice_subscriptions')


class Memory(unittest.TestCase):
    def send_what_is_taken(self, client, data):
        """Sends until the server has closed the client or does not read on for a while."""
        client.socket.settimeout(patience(1))
        try:
            client.send(data)
            return True
        except OSError:
            return False

    def test_tiny_frames_that_wait_cost_little_more_than_their_size(self):
        """Pongs in between empty messages: nothing that waits lies beside what came before."""
        configuration = settings(endpoint('/ws', queue={'bytes': '1MiB'},
                                          heartbeat={'interval': '1h', 'timeout': '1h'}), loops=1)
        with Sluice(configuration) as server:
            greedy = RawClient(server, receive_buffer=2304)
            before = server.resident_bytes()
            while server.metric('sluice_queued_bytes') == 0:
                greedy.send(frame(PING, b'q' * 125) * 1000)
            pairs = (frame(TEXT) + frame(PING)) * 2000
            peak = covered = 0
            while (server.metric('sluice_closes_total') == 0 and
                   self.send_what_is_taken(greedy, pairs)):
                queued = server.metric('sluice_queued_bytes')
                resident = server.resident_bytes() - before
                covered = max(covered, queued)
                peak = max(peak, resident - queued)
            greedy.reset()
            server.wait_for_metric(0, 'sluice_clients')
            server.wait_for_metric(0, 'sluice_queued_bytes')
            self.assertEqual(server.metric('sluice_closes_total', code='1013'), 1)
            self.assertGreater(covered, MIB / 2)
            self.assertLess(covered, 4 * MIB)
            if not sanitized():
                self.assertLess(peak, 8 * MIB)

    def test_client_that_is_turned_down_is_told_why(self):
        configuration = settings(endpoint('/ws', message={'max_size': '512KiB', 'timeout': 0}),
                                 limits={'input_bytes': '1MiB'})
        sizes = (300000, 330000, 300000)
        with Sluice(configuration) as server:
            clients = [RawClient(server) for _ in sizes]
            for client, size in zip(clients, sizes):
                client.send(frame(BINARY, b'h' * 500000)[:size])
            by_socket = {client.socket: client for client in clients}
            closed = wait_until(lambda: select.select(by_socket, [], [], 0)[0],
                                'a client is turned down')
            self.assertEqual(by_socket[closed[0]].expect_close(),
                             (1013, b"the server's buffers are full"))
            for client in clients:
                client.socket.close()


class Labels(unittest.TestCase):
    def test_longest_paths_that_differ_in_the_last_byte_have_their_own_series(self):
        path = '/' + 'a' * 253
        with Sluice(settings(endpoint(path + '1'), endpoint(path + '2'))) as server:
            with RawClient(server, path + '1'):
                server.wait_for_metric(1, 'sluice_clients', endpoint=path + '1')
                self.assertEqual(server.metric('sluice_clients', endpoint=path + '2'), 0)
                series = [line.rsplit(' ', 1)[0] for line in server.admin('/metrics').splitlines()
                          if not line.startswith('#')]
                self.assertEqual(len(series), len(set(series)))
