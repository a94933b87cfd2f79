"""Clients that are slow, silent or gone without a word, and what they cost the others."""

import socket
import time
import unittest

from harness import (CLOSE, PING, PONG, TEXT, Ended, RawClient, Sluice, endpoint, patience,
                     settings, stage, wait_until)

CHUNK = 'x' * 60000
MIB = 1 << 20


class Heartbeat(unittest.TestCase):
    def test_silent_client_is_closed_and_answering_one_stays(self):
        configuration = settings(endpoint('/ws', heartbeat={'interval': '200ms',
                                                            'timeout': '400ms'}))
        with Sluice(configuration) as server:
            with RawClient(server) as silent, RawClient(server) as alive:
                pings = 0
                while server.metric('sluice_clients') == 2 or pings < 5:
                    opcode, payload = alive.read_frame()
                    self.assertEqual(opcode, PING)
                    alive.send_frame(PONG, payload)
                    pings += 1
                self.assertEqual(server.metric('sluice_clients'), 1)
                with self.assertRaises(Ended):
                    while True:
                        silent.read_frame()
                alive.text('alive')
                self.assertEqual(alive.read_text(), 'alive')

    def test_traffic_counts_as_life(self):
        configuration = settings(endpoint('/ws', heartbeat={'interval': '200ms',
                                                            'timeout': '2s'}))
        with Sluice(configuration) as server, RawClient(server) as client:
            begin = time.monotonic()
            while time.monotonic() - begin < 0.7:
                client.text('busy')
                self.assertEqual(client.read_text(), 'busy')

    def test_client_that_vanished_is_closed(self):
        """A peer that acknowledges bytes but never answers: what a frozen process looks like."""
        configuration = settings(endpoint('/ws', heartbeat={'interval': '100ms',
                                                            'timeout': '200ms'}))
        with Sluice(configuration) as server:
            frozen = [RawClient(server) for _ in range(20)]
            server.wait_for_metric(0, 'sluice_clients')
            for client in frozen:
                client.socket.close()


class SlowReader(unittest.TestCase):
    def setUp(self):
        self.configuration = settings(
            endpoint('/ws', queue={'bytes': '256KiB'}, message={'max_size': '64KiB'},
                     heartbeat={'interval': '1h', 'timeout': '1h'}))

    def overflow(self, server, sender, others):
        """Sends until the server has given up on whoever does not read."""
        sent = 0
        while server.metric('sluice_closes_total', code='1013') == 0:
            self.assertLess(sent, 3000, 'the client that never reads was never closed')
            for _ in range(5):
                sender.text(CHUNK)
                for client in (sender, *others):
                    self.assertEqual(client.read_text(), CHUNK)
                sent += 1
        return sent

    def test_is_closed_and_others_miss_nothing(self):
        with Sluice(self.configuration) as server:
            with RawClient(server, receive_buffer=4096) as stuck, RawClient(server) as sender, \
                    RawClient(server) as other:
                server.wait_for_metric(3, 'sluice_clients')
                self.overflow(server, sender, [other])
                server.wait_for_metric(2, 'sluice_clients')
                sender.text('after')
                self.assertEqual((sender.read_text(), other.read_text()), ('after', 'after'))
                stuck.read_to_end()

    def test_sees_1013_if_it_reads_in_the_end(self):
        with Sluice(self.configuration) as server:
            with RawClient(server, receive_buffer=4096) as stuck, RawClient(server) as sender:
                server.wait_for_metric(2, 'sluice_clients')
                self.overflow(server, sender, [])
                try:
                    self.assertEqual(stuck.expect_close()[0], 1013)
                except Ended:
                    pass  # It was cut off before it read: allowed, it had its time.

    def test_memory_stays_bounded_with_many(self):
        with Sluice(self.configuration) as server:
            stuck = [RawClient(server, receive_buffer=4096) for _ in range(50)]
            with RawClient(server) as sender:
                server.wait_for_metric(51, 'sluice_clients')
                self.overflow(server, sender, [])
                server.wait_for_metric(50, 'sluice_closes_total', code='1013')
                server.wait_for_metric(1, 'sluice_clients')
            for client in stuck:
                client.socket.close()


class LargeGreeting(unittest.TestCase):
    """What a plugin sends as a client opens goes out in one piece with the 101."""

    def read_greetings(self, server, path, greeting):
        """How many arrive whole before the close frame, and its code. Nothing is read before the server has closed."""
        closed = server.metric('sluice_closes_total', code='1013') + 1
        with RawClient(server, path, receive_buffer=65536) as client:
            client.socket.settimeout(patience(60))
            server.wait_for_metric(closed, 'sluice_closes_total', code='1013')
            count = 0
            while True:
                opcode, payload = client.read_frame()
                if opcode == CLOSE:
                    return count, int.from_bytes(payload[:2], 'big')
                self.assertEqual((opcode, payload), (TEXT, greeting))
                count += 1

    def test_is_cut_between_frames(self):
        sizes = (900, 9001, 30011)
        with open('/proc/sys/net/ipv4/tcp_wmem', encoding='ascii') as limits:
            more_than_kernel_takes = int(limits.read().split()[2]) + 4 * MIB
        configuration = settings(*[
            endpoint(f'/{size}', [stage('probe', greeting='g' * size, greetings=more_than_kernel_takes // size)],
                     queue={'bytes': '64KiB'}, heartbeat={'interval': '1h', 'timeout': '1h'})
            for size in sizes])
        with Sluice(configuration) as server:
            for size in sizes:
                for attempt in range(5):
                    try:
                        count, code = self.read_greetings(server, f'/{size}', b'g' * size)
                        break
                    except Ended:  # A busy machine took longer to read than a close may take.
                        self.assertLess(attempt, 4)
                self.assertLess(count, more_than_kernel_takes // size)
                self.assertEqual(code, 1013)


class SlowUpgrade(unittest.TestCase):
    def test_heads_that_never_end_time_out(self):
        configuration = settings(front={'workers': 16, 'request_timeout': '1s'})
        with Sluice(configuration) as server:
            baseline = server.descriptors()
            slow = []
            for number in range(12):
                sock = socket.create_connection(('127.0.0.1', server.port))
                sock.settimeout(patience(20))
                sock.sendall(b'GET /ws HTTP/1.1\r\nHost: localhost\r\nX-Slow: ' + b'x' * number)
                slow.append(sock)
            with RawClient(server) as client:
                client.text('in between')
                self.assertEqual(client.read_text(), 'in between')
            for sock in slow:
                while sock.recv(4096):
                    pass
                sock.close()
            wait_until(lambda: server.descriptors() <= baseline + 1,
                       'the descriptors of slow upgrades are given back')

    def test_more_slow_heads_than_workers_do_not_delay_the_others(self):
        configuration = settings(front={'workers': 4, 'request_timeout': '30s'})
        with Sluice(configuration) as server:
            slow = [socket.create_connection(('127.0.0.1', server.port)) for _ in range(30)]
            for sock in slow:
                sock.sendall(b'GET /ws HTTP/1.1\r\n')
            with RawClient(server) as client:
                client.socket.settimeout(patience(10))
                client.text('at once')
                self.assertEqual(client.read_text(), 'at once')
            for sock in slow:
                sock.close()
