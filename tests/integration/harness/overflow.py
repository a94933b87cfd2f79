"""Slow clients, and what they are told of what they miss."""

import json

from .server import endpoint, settings
from .visitor import stage
from .waiting import wait_until
from .wire import PING, PONG, TEXT, RawClient, frame

PATIENT = {'interval': '1h', 'timeout': '1h'}
KEYS = 5


def overflow_settings(certificates, policy, loops=1, **queue):
    """An endpoint whose senders do not get what they send, plain and with TLS."""
    how = {'bytes': '256KiB', 'overflow': policy}
    if policy != 'close':
        how['gap_marker'] = True
    if policy == 'conflate':
        how['key'] = '/k'
    return settings(endpoint('/ws', [stage('probe')], echo=False, queue={**how, **queue}, heartbeat=PATIENT),
                    listen=[{'address': '127.0.0.1:0'}, {'address': '127.0.0.1:0', 'tls': certificates.tls}],
                    loops=loops)


def slow_client(server, certificates=None, kind=RawClient):
    """A client that takes little before it is slow; with certificates, one of the TLS listener."""
    address = ('127.0.0.1', int(server.urls[1 if certificates else 0].rsplit(':', 1)[1]))
    return kind(server, address=address, receive_buffer=2304, tls=certificates.client_context() if certificates else None)


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
