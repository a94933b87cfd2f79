"""The server while its loops' allocations fail: it may lose clients and messages, never its head."""

import os
import random
import re
import select
import signal
import unittest

from harness import (BINARY, BUILD, CLOSE, CONTINUATION, PING, TEXT, Ended, RawClient, Refused,
                     Sluice, close_payload, endpoint, frame, sanitized, settings, wait_until)

LIBRARY = os.path.join(BUILD, 'tests', 'failing_malloc.so')
CLIENTS = 24
LARGE = 60000

# Through a small window a large frame takes dozens of reads, each of which may have to wait for a
# busy machine, so a client that has one reads only so many frames at a time.
SMALL_WINDOW = 4096
FRAMES_AT_ONCE = 6
SWITCHED_OFF = re.compile(r'failing_malloc: off, (\d+) failed')


def message(size):
    """A payload that tells, wherever it arrives, whether it is whole."""
    head = b'[%d|' % size
    return head + b'x' * (size - len(head) - 1) + b']'


def is_whole(payload):
    if not payload.startswith(b'['):
        return len(payload) < 100  # One of the plugin's short answers.
    return payload == message(int(payload[1:payload.index(b'|')]))


class Restless:
    """A client that does something else each time it is asked to, and never waits for an answer: it
    may never come. What does come must be right, and what has begun to come must go on, or the
    connection end."""

    def __init__(self, server, chance):
        self.server = server
        self.chance = chance
        self.client = None
        self.is_slow = False
        self.has_small_window = False

    def act(self):
        if self.client is None:
            self.connect()
            return
        if self.is_slow and self.chance.random() < 0.95:
            return
        self.is_slow = False
        try:
            self.chance.choice((self.send, self.send, self.send, self.send_fragments,
                                self.send_in_part, self.ping, self.flood, self.kick_somebody,
                                self.be_kicked, self.say_goodbye, self.leave))()
            if self.client is not None:
                self.read()
        except TimeoutError as error:  # An OSError too, but no end of the connection.
            raise AssertionError('a client is neither served nor cut off') from error
        except (Ended, OSError):
            self.leave()

    def connect(self):
        """Without memory the upgrade may be refused, cut off, or answered with an empty key."""
        self.is_slow = self.has_small_window = self.chance.random() < 0.2
        client = RawClient(self.server, upgrade=False,
                           receive_buffer=SMALL_WINDOW if self.is_slow else None)
        try:
            client.upgrade('/ws?name=restless', (), b'')
            self.client = client
        except TimeoutError as error:
            raise AssertionError('an upgrade is neither answered nor cut off') from error
        except (Ended, Refused, OSError):
            client.socket.close()
        except AssertionError as error:
            client.socket.close()
            assert "('sec-websocket-accept', '')" in str(error), error

    def send(self):
        self.client.send_frame(self.chance.choice((TEXT, BINARY)),
                               message(self.chance.choice((10, 130, LARGE, LARGE))))

    def send_fragments(self):
        whole = message(3000)
        self.client.send(frame(TEXT, whole[:1000], fin=False) + frame(PING, b'in between'))
        self.client.send(frame(CONTINUATION, whole[1000:2000], fin=False))
        self.client.send(frame(CONTINUATION, whole[2000:]))

    def send_in_part(self):
        """Two frames, cut into reads that end inside a header and inside a payload."""
        data = frame(BINARY, message(700)) + frame(TEXT, message(20))
        for begin, end in ((0, 3), (3, 400), (400, 713), (713, None)):
            self.client.send(data[begin:end])

    def ping(self):
        self.client.send(b''.join(frame(PING, b'%d' % i) for i in range(20)))

    def flood(self):
        self.client.send(frame(TEXT, b'flood 300'))

    def kick_somebody(self):
        slot, loop = self.chance.randrange(16), self.chance.randrange(2)
        generation = self.chance.randrange(1, 40)
        self.client.send(frame(TEXT, b'kick %d' % (generation << 32 | slot << 8 | loop)))

    def be_kicked(self):
        self.client.send(frame(TEXT, b'close 4002'))

    def say_goodbye(self):
        self.client.send(frame(CLOSE, close_payload(1000, b'enough')))

    def leave(self):
        if self.client is not None:
            self.client.reset()
            self.client = None

    def read(self):
        """Reads the frames that have begun to arrive, or some of them."""
        frames = 0
        while self.client.buffer or select.select([self.client.socket], [], [], 0)[0]:
            if self.has_small_window and frames == FRAMES_AT_ONCE:
                return
            frames += 1
            opcode, payload = self.client.read_frame()
            assert opcode >= CLOSE or is_whole(payload), f'broken message {payload[:80]!r}'


@unittest.skipIf(sanitized(), 'sanitizers bring an allocator of their own')
class NoMemory(unittest.TestCase):
    def switch(self, server, wanted):
        """Switches the failures on or off; returns what the library says about it."""
        before = len(re.findall(wanted, server.log()))
        os.kill(server.pid, signal.SIGUSR2)
        wait_until(lambda: len(re.findall(wanted, server.log())) > before, f'the switch: {wanted}')
        return re.findall(wanted, server.log())[-1]

    def check_that_all_is_given_back(self, server, baseline):
        server.wait_for_metric(0, 'sluice_clients', seconds=20)
        server.wait_for_metric(0, 'sluice_queued_bytes')
        wait_until(lambda: server.descriptors() <= baseline, 'all descriptors are given back', 20)

    def check_that_it_serves(self, server):
        """As many clients as the limits allow: no place was lost, and all hear each other."""
        clients = [RawClient(server) for _ in range(CLIENTS)]
        server.wait_for_metric(CLIENTS, 'sluice_clients')
        for sender in clients[:2]:
            sender.send_frame(TEXT, message(1000))
            for client in clients:
                self.assertEqual(client.read_message(), (TEXT, message(1000)))
        for client in clients:
            self.assertEqual(client.close(), 1000)

    def run_with(self, one_in, rounds):
        configuration = settings(
            endpoint('/ws', [{'plugin': 'probe'}], queue={'bytes': '256KiB'}),
            limits={'clients': CLIENTS})
        environment = {'LD_PRELOAD': LIBRARY, 'FAILING_MALLOC_ONE_IN': str(one_in)}
        with Sluice(configuration, environment=environment) as server:
            self.check_that_it_serves(server)
            server.wait_for_metric(0, 'sluice_clients')
            baseline = server.descriptors() + 1  # The admin listener may keep a connection.
            chance = random.Random(one_in)
            restless = [Restless(server, chance) for _ in range(CLIENTS)]
            self.switch(server, 'failing_malloc: on')
            for _ in range(rounds):
                chance.choice(restless).act()
            failed = int(self.switch(server, SWITCHED_OFF))
            self.assertGreater(failed, 0, 'no allocation has failed')
            for client in restless:
                client.leave()
            self.check_that_all_is_given_back(server, baseline)
            self.check_that_it_serves(server)
            self.check_that_all_is_given_back(server, baseline)
        return failed

    def test_survives_when_one_allocation_in_3_fails(self):
        self.run_with(3, rounds=1000)

    def test_survives_when_one_allocation_in_20_fails(self):
        self.run_with(20, rounds=1000)

    def test_survives_when_one_allocation_in_200_fails(self):
        self.run_with(200, rounds=2000)
