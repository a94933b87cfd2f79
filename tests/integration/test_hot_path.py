"""What a message costs: memory, locks and system calls of the loops, counted by a library that is preloaded."""

import os
import re
import signal
import ssl
import unittest

from harness import (BUILD, DEFLATE, TEXT, Certificates, DeflateClient, RawClient, Sluice, deflated, endpoint, frame,
                     need_io_uring, sanitized, settings, stage, wait_until)

LIBRARY = os.path.join(BUILD, 'tests', 'counted_calls.so')
REPORT = re.compile(r'counted_calls: (.*)')
QUIET = {'heartbeat': {'interval': '1h', 'timeout': '1h'}}
MESSAGES = 200
READERS = 40
WARM_UP = 50  # messages until all buffers have grown
IDLE = 3000
IDLE_BYTES = 768  # of memory for a client, kept small by giving it no buffer
# Over TLS almost all of it is OpenSSL's: see docs/benchmarks.md. Since 3.2 its record layers are larger.
IDLE_TLS = 700
IDLE_TLS_BYTES = 24576 if ssl.OPENSSL_VERSION_INFO >= (3, 2) else 16384


@unittest.skipIf(sanitized(), 'sanitizers allocate and lock on their own')
class HotPath(unittest.TestCase):
    def start(self, *pipeline, io='epoll', **more):
        # A call that a busy machine makes longer than its budget is logged, which takes memory and locks.
        pipeline = [{**what, 'budget': '1h'} for what in pipeline]
        self.server = Sluice(settings(endpoint('/ws', pipeline, **{**QUIET, **more}), loops=1, io=io),
                             environment={'LD_PRELOAD': LIBRARY}).start()
        self.addCleanup(self.server.stop)

    def client(self):
        client = RawClient(self.server)
        self.addCleanup(client.socket.close)
        return client

    def counts(self):
        before = len(REPORT.findall(self.server.log()))
        os.kill(self.server.pid, signal.SIGUSR2)
        wait_until(lambda: len(REPORT.findall(self.server.log())) > before, 'the library reports')
        said = REPORT.findall(self.server.log())[-1]
        return {name: int(number) for number, name in re.findall(r'(\d+) (\w+)', said)}

    def exchange(self, times, sender, readers, text, burst=1):
        """Sends bursts of a message; each is read by everybody before the next one is sent."""
        message = frame(TEXT, text.encode())
        for _ in range(times):
            sender.send(message * burst)
            for reader in readers:
                for _ in range(burst):
                    self.assertEqual(reader.read_text(), text)

    def cost(self, readers, text='hello', burst=1, first=None):
        """What MESSAGES messages (or bursts) to so many readers, of whom one sends, cost. Each of them has sent
        the `first` message before, and got its answer."""
        readers = [self.client() for _ in range(readers)]
        for reader in readers if first else ():
            reader.text(first)
            reader.read_text()
        self.exchange(WARM_UP, readers[0], readers, text, burst)
        before = self.counts()
        self.exchange(MESSAGES, readers[0], readers, text, burst)
        after = self.counts()
        return {name: after[name] - before[name] for name in after}

    def assert_cheap(self, cost, writes, allocations=0):
        """For each message no lock, one read, one wait, and so many writes and allocations."""
        self.assertEqual((cost['allocations'], cost['locks']), (MESSAGES * allocations, 0), cost)
        self.assertEqual((cost['reads'], cost['writes']), (MESSAGES, MESSAGES * writes), cost)
        self.assertLess(cost['waits'], MESSAGES + 20, cost)

    def test_the_library_sees_what_does_cost_something(self):
        self.start({'plugin': 'later'})
        client = self.client()
        before = self.counts()
        client.text('subscribe topic')
        client.read_text()
        after = self.counts()
        self.assertGreater(after['allocations'], before['allocations'])
        self.assertGreater(after['locks'], before['locks'])

    def test_an_echo_takes_one_read_and_one_write_and_no_memory(self):
        self.start()
        self.assert_cheap(self.cost(1), 1)

    def test_a_message_to_many_takes_one_write_for_each(self):
        self.start()
        self.assert_cheap(self.cost(READERS), READERS)

    def test_in_a_submission_a_message_to_many_takes_one_call(self):
        need_io_uring(self)
        self.start(io='io_uring')
        cost = self.cost(READERS)
        self.assert_cheap(cost, 0)
        self.assertEqual(cost['submissions'], MESSAGES)

    def test_many_messages_in_one_read_take_one_write_for_each_reader(self):
        self.start()
        self.assert_cheap(self.cost(READERS, burst=16), READERS)

    def test_a_message_to_a_topic_takes_one_write_for_each_subscriber(self):
        self.start({'plugin': 'later'})
        cost = self.cost(READERS, 'topic news', first='subscribe news')
        self.assert_cheap(cost, READERS, allocations=1)  # the topic's name

    def test_plugins_that_ship_add_nothing(self):
        self.start(stage('rate-limit', messages='100000/s'),
                   stage('validate', json=True, max_depth=8))
        self.assert_cheap(self.cost(READERS, '{"type": "chat", "text": "hello"}'), READERS)

    def test_a_compressed_message_takes_no_memory_either(self):
        self.start()
        text = '{"type": "chat", "text": "hello"}, ' * 20
        readers = [DeflateClient(self.server) for _ in range(READERS)] + [self.client()]
        self.addCleanup(lambda: [reader.socket.close() for reader in readers])
        message = frame(TEXT, deflated(text.encode()), rsv=4)
        for round_ in range(WARM_UP + MESSAGES):
            if round_ == WARM_UP:
                before = self.counts()
            readers[0].send(message)
            for reader in readers:
                self.assertEqual(reader.read_text(), text)
        after = self.counts()
        self.assertTrue(readers[0].was_compressed)
        self.assert_cheap({name: after[name] - before[name] for name in after}, len(readers))

    def test_what_one_hook_sends_takes_one_write(self):
        self.start({'plugin': 'probe'})
        client = self.client()
        for _ in range(2):
            before = self.counts()
            client.text('flood 300')
            for _ in range(300):
                client.read_message()
            after = self.counts()
        self.assertEqual(after['writes'] - before['writes'], 1)
        self.assertEqual(after['allocations'] - before['allocations'], 0)


@unittest.skipIf(sanitized(), 'sanitizers take memory of their own')
class Idle(unittest.TestCase):
    def test_a_client_that_is_quiet_takes_a_few_hundred_bytes(self):
        self.check()

    def test_so_does_one_that_has_agreed_on_compression(self):
        self.check(headers=[('Sec-WebSocket-Extensions', DEFLATE)])

    def test_one_over_tls_takes_what_openssl_keeps_for_a_connection(self):
        certificates = Certificates()
        context = ssl.create_default_context(cafile=certificates.certificate)
        self.check(IDLE_TLS, IDLE_TLS_BYTES, listen=[{'address': '127.0.0.1:0', 'tls': certificates.tls}],
                   tls=context)

    def check(self, count=IDLE, most=IDLE_BYTES, listen=None, **how):
        configuration = settings(endpoint('/ws', clients={'per_address': 0}, **QUIET), loops=1,
                                 limits={'clients_per_address': 2 * count, 'handshakes_per_address': 0})
        configuration['listen'] = listen or configuration['listen']
        with Sluice(configuration) as server:
            clients = [RawClient(server, **how) for _ in range(count // 10)]
            before = server.resident_bytes()
            clients += [RawClient(server, **how) for _ in range(count)]
            self.assertLess(server.resident_bytes() - before, count * most)
            for client in clients:
                client.reset()


if __name__ == '__main__':
    unittest.main()
