"""What clients make the server hold is charged to them, bookkeeping included."""

import unittest

from harness import BINARY, PING, TEXT, RawClient, Sluice, endpoint, frame, sanitized, settings

KIB = 1 << 10
MIB = 1 << 20
PATIENT = {'interval': '1h', 'timeout': '1h'}


class BlockedClients(unittest.TestCase):
    """Clients that do not read: what waits for them is there once, and all of it is counted."""

    CLIENTS = 900
    MESSAGES = 24000
    ROUND = 16

    def publish(self, sender, count, size):
        message = frame(BINARY, b'm' * size)
        for _ in range(count // self.ROUND):
            for _ in range(self.ROUND):
                sender.send(message)
            for _ in range(self.ROUND):
                self.assertEqual(len(sender.read_frame()[1]), size)

    def test_process_grows_by_what_the_metric_says(self):
        configuration = settings(endpoint('/ws', queue={'bytes': '32MiB'}, heartbeat=PATIENT),
                                 loops=1)
        with Sluice(configuration) as server, RawClient(server) as sender:
            blocked = [RawClient(server, receive_buffer=2304) for _ in range(self.CLIENTS)]
            self.publish(sender, 40, 500)
            before = server.resident_bytes()
            self.publish(sender, self.MESSAGES, 500)
            queued = server.metric('sluice_queued_bytes')
            grown = server.resident_bytes() - before
            self.assertEqual(server.metric('sluice_closes_total'), 0)
            self.assertGreater(queued, 8 * MIB)
            if not sanitized():
                self.assertLess(grown, 1.25 * queued)
            for client in blocked:
                client.reset()
            server.wait_for_metric(1, 'sluice_clients')
            server.wait_for_metric(0, 'sluice_queued_bytes')

    def test_small_answers_between_broadcasts_are_charged_with_their_memory(self):
        """A client that pings and does not read: pongs and broadcasts take turns in its queue."""
        configuration = settings(endpoint('/ws', queue={'bytes': '256KiB'}, heartbeat=PATIENT),
                                 loops=1)
        text = 'x' * 200
        with Sluice(configuration) as server, RawClient(server) as sender:
            greedy = RawClient(server, receive_buffer=2304)
            while server.metric('sluice_queued_bytes') == 0:
                greedy.send(frame(PING, b'q' * 125) * 1000)
            held = 0
            for turn in range(3000):
                greedy.send_frame(PING)
                sender.text(text)
                self.assertEqual(sender.read_text(), text)
                if turn % 50 == 0:
                    held = max(held, server.metric('sluice_queued_bytes'))
                    if server.metric('sluice_closes_total', code='1013') == 1:
                        break
            self.assertEqual(server.metric('sluice_closes_total', code='1013'), 1)
            self.assertGreater(held, 128 * KIB)
            self.assertLess(held, 512 * KIB)
            greedy.reset()
            server.wait_for_metric(0, 'sluice_queued_bytes')
