"""Whatever clients do, and however they end, what was charged to them is given back."""

import random
import socket
import struct
import unittest

from harness import (CLOSE, CONTINUATION, PING, TEXT, Sluice, close_payload, endpoint, frame, settings,
                     upgrade_request, wait_until)

STEPS = 1000
STEPS_PER_RELOAD = 200
CLIENTS_MAX = 50
BACKLOG_MAX = 200_000  # bytes that a client could not send yet
TARGETS = ('/ws', '/ws?name=n', '/ws?defer=continue', '/ws?defer=never', '/ws?defer=deny', '/shadow',
           '/shadow?defer=continue&name=m', '/gone')
ACCOUNTS = ('clients', 'input_bytes', 'queued_bytes', 'forwarded_bytes', 'deferrals', 'topics',
            'subscriptions', 'offload_running', 'offload_waiting')


def later(tag, **how):
    return {'plugin': 'later', 'timeout': '200ms', 'options': {'tag': tag}, **how}


def configuration(chance):
    """One of many that reloads change between."""
    def at(path, *pipeline):
        return endpoint(path, pipeline, queue={'bytes': '64KiB'}, on_reload=chance.choice(['keep', 'recheck']),
                        message={'max_size': '64KiB', 'timeout': '300ms'},
                        heartbeat={'interval': '400ms', 'timeout': '300ms'})
    endpoints = [at('/ws', *[later(tag) for tag in chance.choice(['', 'a', 'b'])]),
                 at('/shadow', *chance.sample([later('s', mode='shadow'), later('t')], 2)),
                 at('/gone', later('g'))]
    return settings(*endpoints[:chance.choice([2, 3])], loops=2, offload={'threads': 2, 'queue': 64},
                    limits={'input_bytes': chance.choice(['128KiB', '1MiB']),
                            'queue_bytes': chance.choice(['128KiB', '1MiB'])})


def messages(*texts):
    return b''.join(frame(TEXT, text.encode()) for text in texts)


class Client:
    """One that keeps to the protocol, and to nothing else."""

    def __init__(self, server, chance):
        self.chance = chance
        self.unsent = b''
        self.is_in_message = False
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
        self.socket.connect(('127.0.0.1', server.port))
        self.socket.setblocking(False)
        self.send(upgrade_request(chance.choice(TARGETS)) +
                  messages('subscribe early') * chance.choice([0, 0, 0, 50]))

    def send(self, data, most=None):
        self.unsent += data
        try:
            self.unsent = self.unsent[self.socket.send(self.unsent[:most]):]
        except BlockingIOError:
            pass

    def part_of_a_message(self):
        begins = not self.is_in_message
        self.is_in_message = begins or self.chance.random() < .5
        return frame(TEXT if begins else CONTINUATION, b'say part ' * self.chance.randrange(1000),
                     fin=not self.is_in_message) + frame(PING, b'between')

    def some(self):
        number = self.chance.randrange(30)
        verdict = self.chance.choice(['drop', 'handled', 'close', 'error', 'continue changed'])
        return self.chance.choice([
            messages('defer never'), messages('defer twice continue changed'),
            messages('defer delay') * 20, messages('defer ' + verdict) * 10,
            messages(f'subscribe t{number}', f'publish t{29 - number} news') * 200,
            messages(f'unsubscribe t{number}', 'timer 5', 'to n news', 'set colour ' + 'b' * 100),
            messages('say ' + 'z' * 60000) * 20, messages('x', 'y') * 1500,
            (messages('say little') + frame(PING, b'q' * 60)) * 1000, frame(PING, b'q' * 125) * 500])

    def write(self):
        if len(self.unsent) > BACKLOG_MAX:
            self.send(b'')
        elif self.is_in_message or self.chance.random() < .1:
            self.send(self.part_of_a_message())
        elif self.chance.random() < .03:
            self.send(frame(CLOSE, close_payload(1000)))
        else:
            self.send(self.some(), self.chance.choice([7, 5000, None]))

    def read(self):
        """Returns whether the connection is still there."""
        try:
            for _ in range(self.chance.randrange(1, 30)):
                if not self.socket.recv(65536):
                    return False
        except BlockingIOError:
            pass
        return True

    def leave(self):
        if self.chance.random() < .5:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.socket.close()


class Accounts(unittest.TestCase):
    def act(self, client, chance):
        """Returns whether the client is still there."""
        what = chance.random()
        try:
            if what < .57:
                client.write()
            elif what < .87:
                return client.read()
            elif what < .92:
                client.socket.shutdown(socket.SHUT_WR)
            else:
                client.leave()
                return False
        except OSError:
            return False
        return True

    @staticmethod
    def add_client(clients, server, chance):
        try:
            clients.append(Client(server, chance))
        except OSError:
            pass  # refused before its request was written

    def misbehave(self, server, chance):
        clients = []
        for step in range(1, STEPS):
            if step % STEPS_PER_RELOAD == 0:
                server.reload(configuration(chance))
            elif not clients or (len(clients) < CLIENTS_MAX and chance.random() < .12):
                self.add_client(clients, server, chance)
            else:
                client = chance.choice(clients)
                if not self.act(client, chance):
                    client.socket.close()
                    clients.remove(client)
        return clients

    def test_are_empty_when_all_have_gone(self):
        chance = random.Random(8)
        with Sluice(configuration(chance)) as server:
            for client in self.misbehave(server, chance):
                client.leave()
            for account in ACCOUNTS:
                wait_until(lambda name='sluice_' + account: server.metric(name) == 0, f'{account}: nothing')
            self.assertGreater(server.metric('sluice_drops_total'), 0)
            self.assertGreater(server.metric('sluice_reloads_total'), 0)

    def test_server_ends_with_everything_under_way(self):
        """It says nothing of leaks under a sanitizer, and does not hang."""
        chance = random.Random(9)
        with Sluice(configuration(chance)) as server:
            clients = self.misbehave(server, chance)
        for client in clients:
            client.socket.close()


if __name__ == '__main__':
    unittest.main()
