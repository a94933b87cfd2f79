"""flush.delay and flush.bytes: what is published waits for more; what is for one client does not."""

import os
import signal
import unittest

from harness import CLOSE, RawClient, Sluice, close_payload, endpoint, settings, wait_until

PATIENT = {'interval': '1h', 'timeout': '1h'}
LOOPS = (1, 2, 8)
READERS = 16
MESSAGES = 30


def flush_settings(loops, **flush):
    return settings(endpoint('/ws', [{'plugin': 'later'}], flush=flush, heartbeat=PATIENT), loops=loops)


class Waiting(unittest.TestCase):
    def start(self, loops, **flush):
        self.server = Sluice(flush_settings(loops, **flush)).start()
        self.addCleanup(self.server.stop)
        self.readers = [RawClient(self.server) for _ in range(READERS)]
        self.sender = RawClient(self.server)
        for client in [*self.readers, self.sender]:
            self.addCleanup(client.socket.close)
        for reader in self.readers:
            reader.text('subscribe news')
            self.assertEqual(reader.read_text(), 'subscribe 0')

    def publish(self, count):
        """One after the other, to the endpoint and to a topic; returns what readers get."""
        texts = [f'topic news {i}' if i % 2 else f'say {i}' for i in range(count)]
        taken = self.server.metric('sluice_messages_total', direction='in')
        for number, text in enumerate(texts):
            self.sender.text(text)
            wait_until(lambda: self.server.metric('sluice_messages_total', direction='in') > taken + number,
                       'the server has taken the message')
        return texts

    def writes(self):
        """Single ones, and those in submissions."""
        return self.server.metric('sluice_io_calls_total', call='write') + self.server.metric('sluice_submitted_writes_total')

    def test_many_messages_take_few_writes(self):
        for loops in LOOPS:
            with self.subTest(loops=loops):
                self.start(loops, delay='1s', bytes='256KiB')
                before = self.writes()
                texts = self.publish(MESSAGES)
                for reader in self.readers:
                    self.assertEqual([reader.read_text() for _ in texts], texts)
                # A slow machine may need more than a second for it.
                self.assertLess(self.writes() - before, MESSAGES * READERS / 2)

    def test_enough_bytes_do_not_wait(self):
        self.start(2, delay='1s', bytes='1')
        before = self.writes()
        texts = self.publish(MESSAGES)
        for reader in self.readers:
            self.assertEqual([reader.read_text() for _ in texts], texts)
        self.assertGreaterEqual(self.writes() - before, MESSAGES * READERS / 2)

    def test_an_answer_comes_behind_what_was_published_before(self):
        for loops in LOOPS:
            with self.subTest(loops=loops):
                self.start(loops, delay='1s')
                for reader in self.readers:
                    reader.text('say all')
                    reader.text('topic news 1')
                    reader.text('subscribe news')
                    said = [reader.read_text() for _ in range(3)]
                    while said[-1] != 'subscribe 0':
                        said.append(reader.read_text())
                    self.assertIn('say all', said)
                    self.assertLess(said.index('say all'), said.index('subscribe 0'))

    def test_who_closes_has_had_everything(self):
        self.start(1, delay='1s')
        self.sender.text('subscribe news')
        self.sender.read_text()
        self.sender.text('say all')
        self.sender.text('topic news 1')
        self.sender.send_frame(CLOSE, close_payload(1000))
        self.assertEqual([self.sender.read_text() for _ in range(2)], ['say all', 'topic news 1'])
        self.assertEqual(self.sender.read_frame()[0], CLOSE)

    def test_a_shutdown_sends_what_waits(self):
        for loops in LOOPS:
            with self.subTest(loops=loops):
                self.start(loops, delay='1s')
                texts = self.publish(2)
                os.kill(self.server.pid, signal.SIGTERM)
                for reader in self.readers:
                    self.assertEqual([reader.read_text() for _ in texts], texts)
                    self.assertEqual(reader.expect_close()[0], 1012)

    def test_a_reload_changes_the_delay(self):
        self.start(2, delay='1s', bytes='256KiB')
        texts = self.publish(4)
        self.server.reload(flush_settings(2, delay='0'))
        before = self.writes()
        texts += self.publish(MESSAGES)
        for reader in self.readers:
            self.assertEqual([reader.read_text() for _ in texts], texts)
        self.assertGreaterEqual(self.writes() - before, MESSAGES * READERS / 2)


if __name__ == '__main__':
    unittest.main()
