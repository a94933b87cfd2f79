"""What slow clients get under each overflow policy: whole messages in order, and exact gaps."""

import base64
import itertools
import json
import os
import queue
import random
import re
import threading
import unittest

from harness import (CLOSE, PING, PONG, TEXT, Certificates, DeflateClient, Ended, RawClient, Sluice, endpoint, for_module, frame,
                     settings, stage, wait_until)

KIB = 1 << 10
MIB = 1 << 20
PATIENT = {'interval': '1h', 'timeout': '1h'}
KEYS = 5

certificates = None


def setUpModule():
    global certificates
    certificates = for_module(Certificates())


def overflow_settings(policy, loops=1, **queue):
    """An endpoint whose senders do not get what they send, plain and with TLS."""
    how = {'bytes': '256KiB', 'overflow': policy}
    if policy != 'close':
        how['gap_marker'] = True
    if policy == 'conflate':
        how['key'] = '/k'
    return settings(endpoint('/ws', [stage('probe')], echo=False, queue={**how, **queue}, heartbeat=PATIENT),
                    listen=[{'address': '127.0.0.1:0'}, {'address': '127.0.0.1:0', 'tls': certificates.tls}],
                    loops=loops)


def slow_client(server, tls, kind=RawClient):
    """A client that takes little before it is slow."""
    address = ('127.0.0.1', int(server.urls[1 if tls else 0].rsplit(':', 1)[1]))
    return kind(server, address=address, receive_buffer=2304, tls=certificates.client_context() if tls else None)


class Publisher:
    """Sends numbered messages, and knows when the server has had them all."""

    def __init__(self, server):
        self.server = server
        self.client = RawClient(server)
        self.sent = 0
        self.sizes = []

    def send(self, padding):
        text = json.dumps({'n': self.sent, 'k': f'key{self.sent % KEYS}', 'p': padding})
        self.client.send(frame(TEXT, text.encode(), key=bytes(4)))  # Nothing to be computed of much data.
        self.sent += 1
        self.sizes.append(len(text))

    def wait(self):
        wait_until(lambda: self.server.metric('sluice_messages_total', direction='in') >= self.sent,
                   'the server has had the messages', 60)

    def publish(self, count, size):
        for _ in range(count):
            self.send('x' * size)
        self.wait()


class Reading:
    """What one slow client reads once it goes on."""

    def __init__(self, client, sizes=None):
        self.client = client
        self.sizes = sizes  # of all messages, if the bytes that markers tell of are to be compared
        self.next = 0  # the number that comes if nothing is missing
        self.missing = 0  # said by a marker that has not been compared yet
        self.missing_bytes = 0
        self.dropped = 0
        self.numbers = []

    def read_until(self, total):
        """Reads until all messages have come or been said to be missing; the stream must tell."""
        while self.next + self.missing < total:
            opcode, payload = self.client.read_frame()
            if opcode == PING:
                self.client.send_frame(PONG, payload)
                continue
            assert opcode == TEXT, f'opcode {opcode}: {payload[:40]!r}'
            self._take(json.loads(payload))

    def _take(self, message):
        if message.get('type') == 'gap':
            assert message['bytes'] > message['dropped'] > 0, message
            self.missing += message['dropped']  # A marker may be under way when more is dropped behind it.
            self.missing_bytes += message['bytes']
            self.dropped += message['dropped']
            return
        assert message['n'] == self.next + self.missing, (message['n'], self.next, self.missing)
        if self.sizes:
            assert self.missing_bytes == sum(self.sizes[self.next:message['n']]), (message['n'], self.missing_bytes)
        self.next = message['n'] + 1
        self.missing = 0
        self.missing_bytes = 0
        self.numbers.append(message['n'])


class Stopped(unittest.TestCase):
    """A reader that stops while tens of megabytes are published, and comes back."""

    MESSAGES = 2000
    SIZE = 10000

    def run_policy(self, policy, loops, tls, readers):
        with Sluice(overflow_settings(policy, loops)) as server:
            publisher = Publisher(server)
            readings = [Reading(slow_client(server, tls)) for _ in range(readers)]
            publisher.publish(self.MESSAGES, self.SIZE)
            self.assertEqual(server.metric('sluice_closes_total'), 0)
            self.assertLess(server.metric('sluice_queued_bytes'), readers * 300 * KIB)
            for reading in readings:
                reading.read_until(self.MESSAGES)
                self.assertGreater(reading.dropped, self.MESSAGES / 2)
            dropped = server.metric('sluice_dropped_messages_total', policy=policy)
            self.assertEqual(dropped, sum(reading.dropped for reading in readings))
            publisher.publish(1, 10)  # Nothing is in its way now.
            for reading in readings:
                reading.read_until(self.MESSAGES + 1)
                self.assertEqual(reading.numbers[-1], self.MESSAGES)
            server.wait_for_metric(0, 'sluice_queued_bytes')
            return readings

    def each_way(self, policy, check):
        for loops, tls, readers in ((1, True, 2), (2, False, 3), (8, False, 8)):
            with self.subTest(loops=loops, tls=tls):
                for reading in self.run_policy(policy, loops, tls, readers):
                    check(reading.numbers)

    def test_drop_oldest_ends_with_the_newest(self):
        def check(numbers):
            self.assertEqual(numbers[-11:], list(range(self.MESSAGES - 10, self.MESSAGES + 1)))
        self.each_way('drop-oldest', check)

    def test_drop_newest_begins_with_the_oldest(self):
        def check(numbers):
            # The kernel may make its buffers larger at any time, so that more is taken later on.
            self.assertEqual(numbers[:20], list(range(20)))
            self.assertNotIn(self.MESSAGES - 1, numbers)
        self.each_way('drop-newest', check)

    def test_conflate_ends_with_the_latest_of_each_key(self):
        def check(numbers):
            self.assertEqual(numbers[-KEYS - 1:], list(range(self.MESSAGES - KEYS, self.MESSAGES + 1)))
        self.each_way('conflate', check)

    def test_close_says_1013(self):
        for tls in (False, True):
            with self.subTest(tls=tls), Sluice(overflow_settings('close')) as server:
                publisher = Publisher(server)
                slow = slow_client(server, tls)
                publisher.publish(1000, self.SIZE)
                server.wait_for_metric(1, 'sluice_closes_total', code='1013')
                self.assertEqual(slow.expect_close()[0], 1013)
                self.assertGreater(server.metric('sluice_dropped_messages_total', policy='close'), 10)


class StoppedForLong(unittest.TestCase):
    """Readers that stop for a hundred megabytes, with and without compression, and come back."""

    MESSAGES = 2000
    SIZE = 50000

    def publish(self, publisher):
        """A tenth of each message does not shrink."""
        for _ in range(self.MESSAGES):
            publisher.send(base64.b64encode(os.urandom(self.SIZE // 13)).decode() * 10)
        publisher.wait()
        self.assertGreater(sum(publisher.sizes), 100 * 1000 * 1000)

    def check_policy(self, policy):
        with Sluice(overflow_settings(policy, 2, bytes='512KiB')) as server:
            publisher = Publisher(server)
            # What a marker says of compressed messages is how long they were compressed.
            readings = [Reading(slow_client(server, False, kind), publisher.sizes if kind is RawClient else None)
                        for kind in (RawClient, DeflateClient) * 2]
            self.publish(publisher)
            self.assertLess(server.metric('sluice_queued_bytes'), len(readings) * 600 * KIB)
            for reading in readings:
                reading.read_until(self.MESSAGES)
            publisher.publish(10, 10)
            for reading in readings:
                reading.read_until(self.MESSAGES + 10)
                self.assertEqual(reading.numbers[-10:], list(range(self.MESSAGES, self.MESSAGES + 10)))
                self.assertGreater(reading.dropped, self.MESSAGES / 10)
            self.assertEqual(server.metric('sluice_dropped_messages_total', policy=policy),
                             sum(reading.dropped for reading in readings))
            self.assertEqual(server.metric('sluice_closes_total'), 0)
            server.wait_for_metric(0, 'sluice_queued_bytes')

    def test_drop_oldest(self):
        self.check_policy('drop-oldest')

    def test_drop_newest(self):
        self.check_policy('drop-newest')

    def test_conflate(self):
        self.check_policy('conflate')

    def read_numbers(self, client):
        """Of all messages up to the close frame, or to the end if the server has not waited so long."""
        numbers = []
        try:
            while (found := client.read_frame())[0] == TEXT:
                numbers.append(json.loads(found[1])['n'])
            self.assertEqual((found[0], found[1][:2]), (CLOSE, b'\x03\xf5'))
        except Ended:
            pass
        return numbers

    def test_close(self):
        """They have been let go when they come back; what they get until then is whole and in order."""
        with Sluice(overflow_settings('close', 2)) as server:
            publisher = Publisher(server)
            slow = [slow_client(server, False, kind) for kind in (RawClient, DeflateClient) * 2]
            self.publish(publisher)
            server.wait_for_metric(4, 'sluice_closes_total', code='1013')
            for client in slow:
                numbers = self.read_numbers(client)
                self.assertEqual(numbers, list(range(len(numbers))))
                client.socket.close()
            self.assertGreater(server.metric('sluice_dropped_messages_total', policy='close'), 4)
            server.wait_for_metric(0, 'sluice_queued_bytes')


class Compressed(unittest.TestCase):
    """Clients that have agreed on permessage-deflate, beside one that has not."""

    def publish_noise(self, publisher, count):
        """Messages that compress to about half."""
        for _ in range(count):
            publisher.client.text(json.dumps({'n': publisher.sent, 'k': f'key{publisher.sent % KEYS}',
                                              'p': os.urandom(5000).hex()}))
            publisher.sent += 1
        wait_until(lambda: publisher.server.metric('sluice_messages_total', direction='in') >= publisher.sent,
                   'the server has had the messages', 60)

    def test_they_get_whole_messages_and_exact_gaps_too(self):
        for policy, loops in (('drop-oldest', 1), ('drop-newest', 2), ('conflate', 2)):
            with self.subTest(policy=policy), Sluice(overflow_settings(policy, loops)) as server:
                publisher = Publisher(server)
                readings = [Reading(slow_client(server, False, kind))
                            for kind in (DeflateClient, RawClient, DeflateClient)]
                self.publish_noise(publisher, 1500)
                self.assertEqual(server.metric('sluice_closes_total'), 0)
                for reading in readings:
                    reading.read_until(1500)
                dropped = sum(reading.dropped for reading in readings)
                self.assertGreater(dropped, 100)
                self.assertEqual(server.metric('sluice_dropped_messages_total', policy=policy), dropped)
                server.wait_for_metric(0, 'sluice_queued_bytes')


class Limits(unittest.TestCase):
    def test_a_number_of_messages_is_a_limit_too(self):
        with Sluice(overflow_settings('drop-oldest', messages=3, bytes='8MiB')) as server:
            publisher = Publisher(server)
            reading = Reading(slow_client(server, False))
            publisher.publish(500, 10000)
            reading.read_until(500)
            self.assertEqual(reading.numbers[-3:], [497, 498, 499])
            self.assertNotIn(496, reading.numbers)

    def test_markers_have_the_text_that_is_configured(self):
        configuration = overflow_settings('drop-newest', gap_text='missed {dropped} of {bytes} bytes')
        with Sluice(configuration) as server:
            publisher = Publisher(server)
            slow = slow_client(server, False)
            publisher.publish(500, 10000)
            found = None
            while not found:
                found = re.fullmatch(rb'missed (\d+) of (\d+) bytes', slow.read_frame()[1])
            dropped, size = map(int, found.groups())
            self.assertLessEqual(dropped, server.metric('sluice_dropped_messages_total', policy='drop-newest'))
            self.assertTrue(dropped * 10000 < size < dropped * 10100, found)

    def test_control_messages_are_dropped_by_no_policy(self):
        for policy in ('drop-oldest', 'drop-newest'):
            with self.subTest(policy=policy), \
                    Sluice(overflow_settings(policy, 2)) as server, RawClient(server) as other:
                publisher = Publisher(server)
                slow = slow_client(server, False)
                slow.text('who')
                number = slow.read_text().split()[0]
                for _ in range(20):
                    publisher.publish(40, 10000)
                    slow.text('control 0')
                    other.text(f'control {number}')
                wait_until(lambda: server.metric('sluice_messages_total', direction='in') >= 841, 'all is read')
                controls = 0
                while controls < 40:
                    controls += slow.read_frame() == (TEXT, b'control')
                self.assertGreater(server.metric('sluice_dropped_messages_total', policy=policy), 300)
                self.assertEqual(server.metric('sluice_closes_total'), 0)

    def test_large_queues_make_room_for_the_others_by_their_policy(self):
        configuration = overflow_settings('drop-oldest', bytes='1MiB')
        configuration['limits'] = {'queue_bytes': '2MiB'}
        configuration['endpoints'][0]['pipeline'] = [stage('probe', greeting='g' * 9000, greetings=900)]
        with Sluice(configuration) as server:
            slow = [slow_client(server, False) for _ in range(5)]
            wait_until(lambda: server.metric('sluice_drops_total', reason='queue_total') > 0, 'queues make room')
            wait_until(lambda: server.metric('sluice_queued_bytes') < 2 * MIB, 'the budget is kept')
            self.assertEqual(server.metric('sluice_closes_total'), 0)
            for client in slow:
                client.reset()
            server.wait_for_metric(0, 'sluice_queued_bytes')


class Reload(unittest.TestCase):
    def test_policies_change_under_load_and_every_gap_is_marked(self):
        for tls, loops in ((False, 2), (True, 1)):
            with self.subTest(tls=tls), Sluice(overflow_settings('drop-oldest', loops)) as server:
                publisher = Publisher(server)
                readings = [Reading(slow_client(server, tls)) for _ in range(3)]
                for policy in ('drop-newest', 'conflate', 'drop-oldest', 'conflate', 'drop-newest'):
                    publisher.publish(300, 10000)
                    server.reload(overflow_settings(policy, loops))
                    publisher.publish(100, 500)
                    readings[0].read_until(publisher.sent // 2)
                self.assertEqual(server.metric('sluice_closes_total'), 0)
                for reading in readings:
                    reading.read_until(publisher.sent)
                self.assertEqual(server.metric('sluice_dropped_messages_total'),
                                 sum(reading.dropped for reading in readings))
                server.reload(overflow_settings('close', loops))
                publisher.publish(500, 10000)
                server.wait_for_metric(3, 'sluice_closes_total', code='1013')
                for reading in readings:
                    while (opcode := reading.client.read_frame()[0]) != CLOSE:
                        self.assertEqual(opcode, TEXT)
                server.wait_for_metric(0, 'sluice_queued_bytes')

    def test_pipelines_are_swapped_while_messages_come(self):
        """Two senders that do not wait, readers of all kinds, and a reload right after the other: what a reader gets
        of each sender is in order, and together with its gaps it is all that was sent."""
        for loops in (1, 2, 8):
            with self.subTest(loops=loops), Sluice(swapped_settings(0, loops)) as server:
                senders = [Sender(server, letter) for letter in 'ab']
                readers = [Counting(client) for client in (
                    RawClient(server), DeflateClient(server), DeflateClient(server, offer=SMALL_WINDOW, window=9),
                    slow_client(server, False), slow_client(server, False, DeflateClient),
                    slow_client(server, True), slow_client(server, True, DeflateClient))]
                readers += [Counting(sender.client) for sender in senders]
                slow = readers[3:7]
                for each in [*senders, *readers]:
                    if each not in slow:
                        each.start()
                for turn in range(1, 16):
                    for sender in senders:
                        sender.allow(100)
                    server.reload(swapped_settings(turn, loops))
                for sender in senders:
                    sender.stop()
                total = sum(sender.sent for sender in senders) + 1
                for reader in readers:
                    reader.wanted = total - sum(sender.sent for sender in senders if sender.client is reader.client)
                last = RawClient(server)
                last.text(json.dumps({'from': 'the last', 'n': 0, 'k': 'key0'}))
                wait_until(lambda: server.metric('sluice_messages_total', direction='in') == total, 'all is read', 30)
                for reader in slow:
                    reader.start()
                for reader in readers:
                    reader.finish()
                self.assertEqual(server.metric('sluice_closes_total'), 0)
                self.assertEqual(server.metric('sluice_dropped_messages_total'),
                                 sum(reader.dropped for reader in readers))
                server.wait_for_metric(0, 'sluice_queued_bytes')
                last.close()


SMALL_WINDOW = 'permessage-deflate; server_max_window_bits=10'


def swapped_settings(turn, loops):
    """One of the configurations that reloads change between: all policies that drop, several pipelines and ways to
    compress."""
    found = overflow_settings(('drop-oldest', 'conflate', 'drop-newest')[turn % 3], loops)
    found['endpoints'][0]['pipeline'] = [stage(name) for name in ((), ('nothing',), ('nothing', 'probe'), ('probe',))[turn % 4]]
    found['endpoints'][0]['compression'] = ({'level': 1}, {'level': 9, 'memory': 9}, {'enabled': False},
                                            {'min_size': 5000}, {'max_size': 4000})[turn % 5]
    return found


class Sender(threading.Thread):
    """Sends numbered messages, as many as it is allowed to, until it is told to stop."""

    def __init__(self, server, name):
        super().__init__(daemon=True)
        self.server = server
        self.letter = name
        self.client = RawClient(server)
        self.sent = 0
        self.allowed = queue.SimpleQueue()

    def allow(self, count):
        self.allowed.put(count)

    def run(self):
        chance = random.Random(self.letter)
        for _ in itertools.chain.from_iterable(map(range, iter(self.allowed.get, 0))):
            self.client.text(json.dumps({'from': self.letter, 'n': self.sent, 'k': f'key{chance.randrange(KEYS)}',
                                         'p': f'{chance.getrandbits(4000):x}' * chance.randrange(8)}))
            self.sent += 1

    def stop(self):
        self.allow(0)
        self.join()


class Counting(threading.Thread):
    """Reads what comes: each sender's numbers rise, and what is missing is said."""

    def __init__(self, client):
        super().__init__(daemon=True)
        self.client = client
        self.last = {}
        self.got = 0
        self.dropped = 0
        self.wanted = None  # known once the senders have stopped
        self.fault = None

    def run(self):
        try:
            while self.wanted is None or self.got + self.dropped < self.wanted:
                self._take(*self.client.read_frame())
        except (AssertionError, OSError, ValueError) as fault:
            self.fault = fault

    def _take(self, opcode, payload):
        assert opcode == TEXT, f'opcode {opcode}: {payload[:40]!r}'
        message = json.loads(payload)
        if message.get('type') == 'gap':
            self.dropped += message['dropped']
            return
        assert message['n'] > self.last.get(message['from'], -1), (message['from'], message['n'], self.last)
        self.last[message['from']] = message['n']
        self.got += 1

    def finish(self):
        self.join()
        assert self.fault is None, self.fault
        assert self.got + self.dropped == self.wanted, (self.got, self.dropped, self.wanted)


if __name__ == '__main__':
    unittest.main()
