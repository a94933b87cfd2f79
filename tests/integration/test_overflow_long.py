"""Slow clients for long: a hundred megabytes, and pipelines that are swapped meanwhile."""

import base64
import itertools
import json
import os
import queue
import random
import threading
import unittest

from harness import (CLOSE, TEXT, Certificates, DeflateClient, Ended, RawClient, Sluice, for_module, stage, wait_until)
from harness.overflow import KEYS, Publisher, Reading, overflow_settings, slow_client

KIB = 1 << 10

certificates = None


def setUpModule():
    global certificates
    certificates = for_module(Certificates())


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
        with Sluice(overflow_settings(certificates, policy, 2, bytes='512KiB')) as server:
            publisher = Publisher(server)
            # What a marker says of compressed messages is how long they were compressed.
            readings = [Reading(slow_client(server, kind=kind), publisher.sizes if kind is RawClient else None)
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
        with Sluice(overflow_settings(certificates, 'close', 2)) as server:
            publisher = Publisher(server)
            slow = [slow_client(server, kind=kind) for kind in (RawClient, DeflateClient) * 2]
            self.publish(publisher)
            server.wait_for_metric(4, 'sluice_closes_total', code='1013')
            for client in slow:
                numbers = self.read_numbers(client)
                self.assertEqual(numbers, list(range(len(numbers))))
                client.socket.close()
            self.assertGreater(server.metric('sluice_dropped_messages_total', policy='close'), 4)
            server.wait_for_metric(0, 'sluice_queued_bytes')


SMALL_WINDOW = 'permessage-deflate; server_max_window_bits=10'


def swapped_settings(turn, loops):
    """One of the configurations that reloads change between: all policies that drop, several pipelines and ways to
    compress."""
    found = overflow_settings(certificates, ('drop-oldest', 'conflate', 'drop-newest')[turn % 3], loops)
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


class Swap(unittest.TestCase):
    def test_pipelines_are_swapped_while_messages_come(self):
        """Two senders that do not wait, readers of all kinds, and a reload right after the other: what a reader gets
        of each sender is in order, and together with its gaps it is all that was sent."""
        for loops in (1, 2, 8):
            with self.subTest(loops=loops), Sluice(swapped_settings(0, loops)) as server:
                senders = [Sender(server, letter) for letter in 'ab']
                readers = [Counting(client) for client in (
                    RawClient(server), DeflateClient(server), DeflateClient(server, offer=SMALL_WINDOW, window=9),
                    slow_client(server), slow_client(server, kind=DeflateClient),
                    slow_client(server, certificates), slow_client(server, certificates, DeflateClient))]
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
                sent = sum(sender.sent for sender in senders)
                wait_until(lambda: server.metric('sluice_messages_total', direction='in') == sent, 'all is read', 30)
                total = sent + 1
                for reader in readers:
                    reader.wanted = total - sum(sender.sent for sender in senders if sender.client is reader.client)
                last = RawClient(server)
                last.text(json.dumps({'from': 'the last', 'n': 0, 'k': 'key0'}))
                for reader in slow:
                    reader.start()
                for reader in readers:
                    reader.finish()
                self.assertEqual(server.metric('sluice_closes_total'), 0)
                self.assertEqual(server.metric('sluice_dropped_messages_total'),
                                 sum(reader.dropped for reader in readers))
                server.wait_for_metric(0, 'sluice_queued_bytes')
                last.close()


if __name__ == '__main__':
    unittest.main()
