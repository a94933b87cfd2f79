"""Clients of all kinds come, misbehave and leave, are kicked and reloaded, again and again: nothing may be left of them.

SLUICE_SOAK_SECONDS=600 in the environment makes a long soak of it; by itself it takes 20 s."""

import http.client
import json
import os
import random
import signal
import socket
import threading
import time
import unittest

from harness import (BINARY, CONTINUATION, DEFLATE, PING, TEXT, Certificates, DeflateClient, Ended, Refused, Sluice,
                     deflated, endpoint, for_module, frame, patience, sanitized, settings, wait_until)

SECONDS = float(os.environ.get('SLUICE_SOAK_SECONDS', '20'))
ROUNDS = 4
VISITORS = 8
MIB = 1 << 20
POLICIES = ('close', 'drop-oldest', 'drop-newest', 'conflate')
OFFERS = (None, DEFLATE, DEFLATE + '; client_max_window_bits', DEFLATE + '; server_max_window_bits=9')
ACCOUNTS = ('clients', 'input_bytes', 'queued_bytes', 'forwarded_bytes', 'deferrals', 'topics', 'subscriptions',
            'front_waiting', 'handshake_bytes', 'offload_running', 'offload_waiting')
# A block that makes nothing and takes long, so that a message of them is inflated in several turns.
DEAR = bytes.fromhex('ec1d0560182068' + 'dd' * 18 + '1defeeeeeeee04bbbbe311000000ffff')

certificates = None


def setUpModule():
    global certificates
    certificates = for_module(Certificates())


def configuration(chance):
    """One of those that reloads change between."""
    policy = chance.choice(POLICIES)
    queue = {'bytes': '256KiB', 'overflow': policy}
    if policy != 'close':
        queue['gap_marker'] = True
    if policy == 'conflate':
        queue['key'] = '/k'
    pipeline = chance.choice([['later'], ['probe', 'later'], ['nothing', 'later']])
    return settings(endpoint('/ws', [{'plugin': name, 'timeout': '300ms'} for name in pipeline], queue=queue,
                             message={'max_size': '256KiB', 'timeout': '1s'},
                             compression=chance.choice([{}, {'level': 9}, {'enabled': False}, {'min_size': 1}]),
                             heartbeat={'interval': '500ms', 'timeout': '500ms'}),
                    listen=[{'address': '127.0.0.1:0'}, {'address': '127.0.0.1:0', 'tls': certificates.tls}],
                    limits={'input_bytes': '4MiB', 'queue_bytes': '4MiB'})


class Visitor(threading.Thread):
    """Comes, does some things, and leaves in some way, until it is told to stop."""

    def __init__(self, server, seed, is_over):
        super().__init__(daemon=True)
        self.server = server
        self.chance = random.Random(seed)
        self.is_over = is_over
        self.visits = 0
        self.fault = None

    def run(self):
        while not self.is_over.is_set():
            try:
                self.visit()
            except (OSError, Ended, Refused):
                pass  # kicked, timed out, or refused: as it should be for what it has done
            except Exception as fault:  # pylint: disable=broad-except
                self.fault = fault
                return

    def visit(self):
        tls = self.chance.random() < .3
        offer = self.chance.choice(OFFERS)
        client = DeflateClient(self.server, offer=offer, window=15,
                               address=('127.0.0.1', int(self.server.urls[tls].rsplit(':', 1)[1])),
                               tls=certificates.client_context() if tls else None,
                               receive_buffer=self.chance.choice([None, 2304]))
        self.visits += 1
        with client:
            client.socket.settimeout(.3)
            for _ in range(self.chance.randrange(12)):
                self.act(client)
            self.leave(client)

    def act(self, client):
        what = self.chance.randrange(6)
        if what < 3:
            client.send(self.something(client))
        elif what == 3:
            self.is_over.wait(self.chance.random() / 5)  # It stalls.
        else:
            self.read(client)

    def read(self, client):
        try:
            for _ in range(self.chance.randrange(100)):
                client.read_message()
        except socket.timeout:
            pass

    def something(self, client):
        """Bytes to be sent: good and bad."""
        number = self.chance.randrange(20)
        text = json.dumps({'k': number, 'p': f'{self.chance.getrandbits(2000):x}' * self.chance.randrange(100)}).encode()
        many = [
            frame(TEXT, text), frame(TEXT, text) * 5, frame(PING, b'?') * 20,
            frame(TEXT, f'subscribe t{number}'.encode()) + frame(TEXT, f'publish t{number} news'.encode()),
            frame(TEXT, b'defer delay') + frame(TEXT, b'behind it'), frame(TEXT, b'defer never'),
            frame(TEXT, text[:50], fin=False) + frame(PING) + frame(CONTINUATION, b'end'), frame(TEXT, text, fin=False),
            frame(BINARY, os.urandom(1000)), frame(TEXT, b'\xff')]
        if client.agreed():
            many += [frame(TEXT, deflated(text), rsv=4), frame(BINARY, deflated(bytes(200000)), rsv=4),
                     frame(BINARY, DEAR * 4000 + b'\0', rsv=4), frame(BINARY, deflated(bytes(2 * MIB)), rsv=4),
                     frame(TEXT, deflated(text), rsv=4)[:-3]]
        return self.chance.choice(many)

    def leave(self, client):
        how = self.chance.randrange(4)
        if how == 0:
            client.close()
        elif how == 1:
            client.reset()
        elif how == 2:
            client.socket.shutdown(socket.SHUT_WR)
            client.read_to_end()


class Operator(threading.Thread):
    """Reloads, kicks and broadcasts meanwhile."""

    def __init__(self, server, seed, is_over):
        super().__init__(daemon=True)
        self.server = server
        self.chance = random.Random(seed)
        self.is_over = is_over
        self.fault = None

    def run(self):
        try:
            while not self.is_over.wait(.2):
                self.chance.choice([self.kick, self.kick, self.broadcast, self.reload])()
        except Exception as fault:  # pylint: disable=broad-except
            self.fault = fault

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(*self.server.admin_address, timeout=patience(10))
        try:
            connection.request(method, path, body, {'Content-Type': 'application/json'} if body else {})
            answer = connection.getresponse()
            return json.loads(answer.read() or b'null')
        finally:
            connection.close()

    def kick(self):
        clients = self.ask('GET', '/api/v1/clients')['clients']
        if clients:
            self.ask('DELETE', f'/api/v1/clients/{self.chance.choice(clients)["id"]}')

    def broadcast(self):
        self.ask('POST', '/api/v1/broadcast', json.dumps({'text': 'x' * self.chance.randrange(1, 60000)}))

    def reload(self):
        self.server.reload(configuration(self.chance))


class Soak(unittest.TestCase):
    def work(self, server, number):
        """One round. Returns how many came."""
        is_over = threading.Event()
        people = [Visitor(server, (number, i).__hash__(), is_over) for i in range(VISITORS)]
        operator = Operator(server, number, is_over)
        for each in [*people, operator]:
            each.start()
        end = time.monotonic() + SECONDS / ROUNDS
        wait_until(lambda: time.monotonic() > end or operator.fault, 'the round is over', SECONDS)
        is_over.set()
        for each in [*people, operator]:
            each.join()
            self.assertIsNone(each.fault)
        return sum(visitor.visits for visitor in people)

    def check_accounts(self, server, descriptors):
        for account in ACCOUNTS:
            wait_until(lambda name='sluice_' + account: server.metric(name) == 0, f'{account}: nothing', 20)
        self.assertEqual(server.metric('sluice_upgrades_admitted_total'), server.metric('sluice_closes_total'))
        wait_until(lambda: server.descriptors() <= descriptors, f'{server.descriptors()} descriptors: {descriptors}')

    def test_nothing_is_left_of_those_who_came(self):
        signal.alarm(int(patience(60 + 2 * SECONDS)))
        chance = random.Random(1)
        visits, figures = 0, []
        with Sluice(configuration(chance)) as server:
            server.metric('sluice_clients')
            descriptors = server.descriptors()  # that of the admin connection may just be one of them
            for number in range(ROUNDS):
                visits += self.work(server, number)
                self.check_accounts(server, descriptors)
                figures.append(server.resident_bytes())
            self.assertGreater(server.metric('sluice_reloads_total'), 0)
            self.assertNotIn('"level":"error"', server.log())
        if SECONDS > 20:
            print(f'{visits} visits; MiB after each round: {[size // MIB for size in figures]}')
        if not sanitized():
            # The first round brings what is kept: scratch buffers, compressors, the allocator's arenas.
            self.assertLess(figures[-1], figures[0] * 1.25 + 4 * MIB)


if __name__ == '__main__':
    unittest.main()
