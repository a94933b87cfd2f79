"""What clients make the server hold is charged to them, bookkeeping included."""

import contextlib
import time
import unittest

from harness import (BINARY, CONTINUATION, PING, PONG, TEXT, Ended, RawClient, Sluice, endpoint,
                     frame, sanitized, settings, wait_until)

KIB = 1 << 10
MIB = 1 << 20
PATIENT = {'interval': '1h', 'timeout': '1h'}


class Lockstep:
    """Sends to a server of one loop, and goes on when the server is through with what was sent: a gauge
    that is read then has not been overtaken, however slow the server is."""

    def __init__(self, server):
        self.server = server
        self.other = RawClient(server, '/other')  # its answers show that the loop has had its turn

    def received(self):
        return self.server.metric('sluice_bytes_total', direction='in')

    def send(self, data, *clients):
        """Sends data from each client. Returns False if a client was dropped over it."""
        expected = self.received() + len(data) * len(clients)
        with contextlib.suppress(ConnectionError):  # of one that was dropped
            for client in clients:
                client.send(data)
        wait_until(lambda: self.received() >= expected or self.drops(),
                   'the server has read what was sent, or dropped a client')
        self.other.text('through')
        self.other.read_text()
        return self.drops() == 0

    def drops(self):
        return self.server.metric('sluice_drops_total')

    def fill(self, client, data):
        """Sends data until its answers fill the socket, and wait. Returns how often."""
        times = 0
        while self.server.metric('sluice_queued_bytes') == 0:
            self.send(data, client)
            times += 1
        return times


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
                                 endpoint('/other'), loops=1)
        text = 'x' * 200
        with Sluice(configuration) as server, RawClient(server) as sender:
            lockstep = Lockstep(server)
            greedy = RawClient(server, receive_buffer=2304)
            lockstep.fill(greedy, frame(PING, b'q' * 125) * 200)
            held = 0
            while lockstep.send(frame(PING), greedy):
                for _ in range(self.ROUND):
                    with contextlib.suppress(ConnectionError):
                        greedy.send_frame(PING)
                    sender.text(text)
                    self.assertEqual(sender.read_text(), text)
                held = max(held, server.metric('sluice_queued_bytes'))
            self.assertEqual(server.metric('sluice_drops_total', reason='queue_full'), 1)
            server.wait_for_metric(1, 'sluice_closes_total', code='1013')
            self.assertGreater(held, 128 * KIB)
            self.assertLess(held, 512 * KIB)
            greedy.reset()
            server.wait_for_metric(0, 'sluice_queued_bytes')


def unfinished(size, announced):
    return frame(BINARY, b'u' * announced)[:size]


def is_alive(client):
    """Whether a ping is answered."""
    try:
        client.send_frame(PING, b'alive')
        return client.read_frame() == (PONG, b'alive')
    except (Ended, OSError):
        return False


class ManySubscribers(unittest.TestCase):
    """What one read makes the server send is sent piece by piece, and others have their turn."""

    SUBSCRIBERS = 400  # of each topic
    MESSAGES = 9000    # 63,000 bytes: one read

    def test_messages_that_alternate_between_topics(self):
        configuration = settings(endpoint('/ws', [{'plugin': 'later'}], heartbeat=PATIENT),
                                 loops=1)
        burst = (frame(TEXT, b'a') + frame(TEXT, b'b')) * (self.MESSAGES // 2)
        with Sluice(configuration) as server, RawClient(server) as sender:
            subscribers = [RawClient(server) for _ in range(2 * self.SUBSCRIBERS)]
            for number, client in enumerate(subscribers):
                client.text('subscribe ' + 'ab'[number % 2])
            for client in subscribers:
                self.assertEqual(client.read_text(), 'subscribe 0')
            before = server.resident_bytes()
            sender.send(burst)
            with RawClient(server) as other:
                other.text('say in between')
                self.assertEqual(other.read_text(), 'say in between')
            for client in subscribers[:2]:
                for _ in range(self.MESSAGES // 2):
                    while client.read_text() == 'say in between':
                        pass
            if not sanitized():
                self.assertLess(server.resident_bytes() - before, 12 * MIB)
            self.assertGreater(server.metric('sluice_input_pauses_total'), 5)
            self.assertEqual(server.metric('sluice_closes_total', code='1013'), 0)
            for client in subscribers:
                client.socket.close()


class SharedBudgets(unittest.TestCase):
    """When a budget that all share is full, those go who hold most."""

    def test_unfinished_messages_do_not_cost_an_innocent_client_its_place(self):
        configuration = settings(endpoint('/ws', message={'max_size': '256KiB'}),
                                 endpoint('/other', heartbeat=PATIENT),
                                 limits={'input_bytes': '1MiB', 'queue_bytes': '64KiB'})
        text = b'i' * 20000
        begun = frame(BINARY, text)
        with Sluice(configuration) as server, RawClient(server, '/other') as innocent:
            innocent.send(begun[:10000])
            attackers = []
            for _ in range(40):
                attackers.append(RawClient(server))
                attackers[-1].send(unfinished(100000, 200000))
            wait_until(lambda: server.metric('sluice_drops_total', reason='input_total') > 2,
                       'the largest holders go')
            innocent.send(begun[10000:])
            self.assertEqual(innocent.read_frame(), (BINARY, text))
            wait_until(lambda: server.metric('sluice_input_bytes') <= MIB, 'the budget is kept')
            for client in attackers:
                client.reset()
            server.wait_for_metric(0, 'sluice_input_bytes')

    def test_input_behind_a_deferral_does_not_cost_an_innocent_client_its_place(self):
        """Hoarders have one message deferred and as much as one read gives behind it."""
        stage = {'plugin': 'later', 'timeout': '1h'}
        configuration = settings(endpoint('/ws', [stage], heartbeat=PATIENT),
                                 endpoint('/other', heartbeat=PATIENT),
                                 limits={'input_bytes': '1MiB'})
        hoard = frame(TEXT, b'defer never') + frame(BINARY, b'h' * 1000) * 55
        begun = frame(BINARY, b'i' * 20000)
        with Sluice(configuration) as server, RawClient(server, '/other') as innocent:
            innocent.send(begun[:10000])
            hoarders = []
            for _ in range(40):
                hoarders.append(RawClient(server))
                hoarders[-1].send(hoard)
            wait_until(lambda: server.metric('sluice_drops_total', reason='input_total') > 2,
                       'the largest holders go')
            self.assertGreater(server.metric('sluice_closes_total', code='1013'), 2)
            innocent.send(begun[10000:])
            self.assertEqual(innocent.read_frame(), (BINARY, b'i' * 20000))
            wait_until(lambda: server.metric('sluice_input_bytes') <= MIB, 'the budget is kept')
            for client in hoarders:
                client.reset()
            server.wait_for_metric(0, 'sluice_input_bytes')
            server.wait_for_metric(0, 'sluice_deferrals')

    def test_large_queues_go_and_a_small_one_stays(self):
        configuration = settings(endpoint('/ws', queue={'bytes': '1MiB'}, heartbeat=PATIENT),
                                 endpoint('/other'), limits={'queue_bytes': '2MiB'}, loops=1)
        pings = frame(PING, b'q' * 125) * 200
        with Sluice(configuration) as server:
            lockstep = Lockstep(server)
            small = RawClient(server, receive_buffer=2304)
            sent = 200 * lockstep.fill(small, pings)
            hoarders = [RawClient(server, receive_buffer=2304) for _ in range(5)]
            while lockstep.send(pings, *hoarders):
                pass
            self.assertGreater(server.metric('sluice_drops_total', reason='queue_total'), 0)
            self.assertEqual(server.metric('sluice_drops_total', reason='queue_full'), 0)
            small.send(pings)
            for _ in range(sent + 200):
                self.assertEqual(small.read_frame(), (PONG, b'q' * 125))
            self.assertTrue(is_alive(small))
            for client in (small, *hoarders):
                client.reset()
            server.wait_for_metric(0, 'sluice_queued_bytes')


class Deferred(unittest.TestCase):
    def test_copies_of_deferred_messages_are_counted(self):
        configuration = settings(endpoint('/ws', [{'plugin': 'later', 'timeout': '1h'}]))
        with Sluice(configuration) as server, RawClient(server) as client:
            client.text('defer never ' + 'd' * 50000)
            wait_until(lambda: server.metric('sluice_input_bytes') > 50000, 'it is counted')
            self.assertLess(server.metric('sluice_input_bytes'), 60000)
            client.reset()
            server.wait_for_metric(0, 'sluice_input_bytes')

    def test_shadow_mode_keeps_no_more_than_one_large_message_of_a_client(self):
        stage = {'plugin': 'later', 'timeout': '1h', 'mode': 'shadow'}
        configuration = settings(endpoint('/ws', [stage], echo=False))
        with Sluice(configuration) as server:
            clients = [RawClient(server) for _ in range(5)]
            for client in clients:
                for _ in range(16):
                    client.text('defer never ' + 's' * 60000)
            server.wait_for_metric(80, 'sluice_messages_total', direction='in')
            held = server.metric('sluice_input_bytes')
            self.assertGreater(held, 5 * 60000)
            self.assertLess(held, 5 * 75000)
            for client in clients:
                client.reset()
            server.wait_for_metric(0, 'sluice_input_bytes')


class Unfinished(unittest.TestCase):
    """A message has its time, from its first frame on."""

    LATE = (1008, b'the message was not complete in time')

    def server(self, **message):
        return Sluice(settings(endpoint('/ws', message={'timeout': '300ms', **message},
                                        heartbeat=PATIENT)))

    def test_each_kind_of_unfinished_input_ends_in_time(self):
        kinds = {
            'a frame whose payload does not come': frame(BINARY, b'12345')[:8],
            'a header that does not come': frame(BINARY, b'12345')[:1],
            'a ping that does not come': frame(PING, b'12345')[:8],
            'a fragment without payload': frame(TEXT, b'', fin=False),
            'fragments, and pings in between': frame(TEXT, b'a', fin=False) + frame(PING),
            'a message, and the beginning of another': frame(TEXT, b'a') + frame(TEXT)[:3],
        }
        with self.server() as server:
            clients = {kind: RawClient(server) for kind in kinds}
            for kind, client in clients.items():
                client.send(kinds[kind])
            for kind, client in clients.items():
                with self.subTest(kind):
                    self.assertEqual(client.expect_close(), self.LATE)
            self.assertEqual(server.metric('sluice_drops_total', reason='message_timeout'),
                             len(kinds))
            server.wait_for_metric(0, 'sluice_input_bytes')

    def test_trickling_does_not_prolong_it(self):
        with self.server() as server, RawClient(server) as client:
            client.send(frame(BINARY, b'x' * 60000)[:10])
            try:
                while server.metric('sluice_closes_total', code='1008') == 0:
                    client.send(b'x')
            except OSError:
                pass  # It was closed meanwhile.
            server.wait_for_metric(1, 'sluice_closes_total', code='1008')

    def test_client_that_always_has_one_under_way_but_completes_each_stays(self):
        """Every read ends inside a message, or inside a ping: none of them takes long."""
        for opcode in (BINARY, PING):
            piece = frame(opcode, b'12345')
            with self.server() as server, RawClient(server) as client:
                client.send(piece[:4])
                begin = time.monotonic()
                while time.monotonic() - begin < 0.7:
                    client.send(piece[4:] + piece[:4])
                    self.assertEqual(client.read_frame()[1], b'12345')
                client.send(piece[4:])
                self.assertEqual(client.read_frame()[1], b'12345')
                self.assertEqual(server.metric('sluice_closes_total'), 0)

    def test_fragments_of_one_message_are_limited(self):
        with self.server(max_fragments=1000) as server, RawClient(server) as client:
            empty = frame(CONTINUATION, fin=False)
            client.send(frame(TEXT, fin=False) + empty * 998 + frame(CONTINUATION, b'end'))
            self.assertEqual(client.read_text(), 'end')
            client.send(frame(TEXT, fin=False) + empty * 1000)
            self.assertEqual(client.expect_close(), (1008, b'message has too many fragments'))
            server.wait_for_metric(1, 'sluice_drops_total', reason='fragments')


class ReloadedSize(unittest.TestCase):
    """`max_size` changes while a message is under way."""

    def change(self, before, after):
        def configuration(size):
            return settings(endpoint('/ws', message={'max_size': size}, heartbeat=PATIENT), loops=1)
        server = Sluice(configuration(before)).start()
        self.addCleanup(server.stop)
        client = RawClient(server)
        self.addCleanup(client.socket.close)
        client.send(frame(BINARY, b'a' * 600, fin=False))
        wait_until(lambda: server.metric('sluice_input_bytes') > 0, 'the fragment is there')
        server.reload(configuration(after))
        RawClient(server).socket.close()  # Its loop has changed over before it lets anybody in.
        client.send(frame(CONTINUATION, b'b' * 2000))
        return client

    def test_raised_the_message_may_be_as_large_as_the_new_one(self):
        client = self.change('1KiB', '64KiB')
        self.assertEqual(client.read_frame(), (BINARY, b'a' * 600 + b'b' * 2000))

    def test_lowered_the_client_is_told(self):
        client = self.change('64KiB', '100')
        self.assertEqual(client.expect_close(), (1009, b'message is too big'))


if __name__ == '__main__':
    unittest.main()
