"""What slow clients get under each overflow policy: whole messages in order, and exact gaps."""

import json
import os
import re
import unittest

from harness import (CLOSE, TEXT, Certificates, DeflateClient, RawClient, Sluice, for_module, stage, wait_until)
from harness.overflow import KEYS, Publisher, Reading, overflow_settings, slow_client

KIB = 1 << 10
MIB = 1 << 20

certificates = None


def setUpModule():
    global certificates
    certificates = for_module(Certificates())


class Stopped(unittest.TestCase):
    """A reader that stops while tens of megabytes are published, and comes back."""

    MESSAGES = 2000
    SIZE = 10000

    def run_policy(self, policy, loops, tls, readers):
        with Sluice(overflow_settings(certificates, policy, loops)) as server:
            publisher = Publisher(server)
            readings = [Reading(slow_client(server, certificates if tls else None)) for _ in range(readers)]
            publisher.publish(self.MESSAGES, self.SIZE)
            self.assertEqual(server.metric('sluice_closes_total'), 0)
            # What was published last may still be on its way to other loops.
            wait_until(lambda: server.metric('sluice_queued_bytes') < readers * 300 * KIB, 'queues are within their limits')
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
            # The kernel may make its buffers larger at any time, so that some more are taken later on.
            self.assertEqual(numbers[:20], list(range(20)))
            self.assertLess(len([number for number in numbers if number >= self.MESSAGES - 100]), 100)
        self.each_way('drop-newest', check)

    def test_conflate_ends_with_the_latest_of_each_key(self):
        def check(numbers):
            self.assertEqual(numbers[-KEYS - 1:], list(range(self.MESSAGES - KEYS, self.MESSAGES + 1)))
        self.each_way('conflate', check)

    def test_close_says_1013(self):
        for tls in (False, True):
            with self.subTest(tls=tls), Sluice(overflow_settings(certificates, 'close')) as server:
                publisher = Publisher(server)
                slow = slow_client(server, certificates if tls else None)
                publisher.publish(1000, self.SIZE)
                server.wait_for_metric(1, 'sluice_closes_total', code='1013')
                self.assertEqual(slow.expect_close()[0], 1013)
                self.assertGreater(server.metric('sluice_dropped_messages_total', policy='close'), 10)


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
            with self.subTest(policy=policy), Sluice(overflow_settings(certificates, policy, loops)) as server:
                publisher = Publisher(server)
                readings = [Reading(slow_client(server, kind=kind))
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
        with Sluice(overflow_settings(certificates, 'drop-oldest', messages=3, bytes='8MiB')) as server:
            publisher = Publisher(server)
            reading = Reading(slow_client(server))
            publisher.publish(500, 10000)
            reading.read_until(500)
            # All of them are fewer bytes than may wait: the number alone can have made the gap.
            self.assertEqual(reading.numbers[-3:], [497, 498, 499])
            self.assertGreater(reading.dropped, 0)

    def test_markers_have_the_text_that_is_configured(self):
        configuration = overflow_settings(certificates, 'drop-newest', gap_text='missed {dropped} of {bytes} bytes')
        with Sluice(configuration) as server:
            publisher = Publisher(server)
            slow = slow_client(server)
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
                    Sluice(overflow_settings(certificates, policy, 2)) as server, RawClient(server) as other:
                publisher = Publisher(server)
                slow = slow_client(server)
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
        configuration = overflow_settings(certificates, 'drop-oldest', bytes='1MiB')
        configuration['limits'] = {'queue_bytes': '2MiB'}
        configuration['endpoints'][0]['pipeline'] = [stage('probe', greeting='g' * 9000, greetings=900)]
        with Sluice(configuration) as server:
            slow = [slow_client(server) for _ in range(5)]
            wait_until(lambda: server.metric('sluice_drops_total', reason='queue_total') > 0, 'queues make room')
            wait_until(lambda: server.metric('sluice_queued_bytes') < 2 * MIB, 'the budget is kept')
            self.assertEqual(server.metric('sluice_closes_total'), 0)
            for client in slow:
                client.reset()
            server.wait_for_metric(0, 'sluice_queued_bytes')


class Reload(unittest.TestCase):
    def test_policies_change_under_load_and_every_gap_is_marked(self):
        for tls, loops in ((False, 2), (True, 1)):
            with self.subTest(tls=tls), Sluice(overflow_settings(certificates, 'drop-oldest', loops)) as server:
                publisher = Publisher(server)
                readings = [Reading(slow_client(server, certificates if tls else None)) for _ in range(3)]
                for policy in ('drop-newest', 'conflate', 'drop-oldest', 'conflate', 'drop-newest'):
                    publisher.publish(300, 10000)
                    server.reload(overflow_settings(certificates, policy, loops))
                    publisher.publish(100, 500)
                    readings[0].read_until(publisher.sent // 2)
                self.assertEqual(server.metric('sluice_closes_total'), 0)
                for reading in readings:
                    reading.read_until(publisher.sent)
                self.assertEqual(server.metric('sluice_dropped_messages_total'),
                                 sum(reading.dropped for reading in readings))
                server.reload(overflow_settings(certificates, 'close', loops))
                publisher.publish(500, 10000)
                server.wait_for_metric(3, 'sluice_closes_total', code='1013')
                for reading in readings:
                    while (opcode := reading.client.read_frame()[0]) != CLOSE:
                        self.assertEqual(opcode, TEXT)
                server.wait_for_metric(0, 'sluice_queued_bytes')


if __name__ == '__main__':
    unittest.main()
