"""Nothing is lost, doubled or reordered on the way to a client that cannot keep up."""

import socket
import threading
import unittest

from harness import BINARY, Certificates, RawClient, Sluice, endpoint, for_module, settings

SENDERS = 4
MESSAGES = 1000  # from each sender
PADDING = 'z' * 6000
SMALL_BUFFER = 4096
MIB = 1 << 20

certificates = None


def setUpModule():
    global certificates
    certificates = for_module(Certificates())


def both_listeners(*endpoints, **top):
    """Plain on the first listener, TLS on the second."""
    tls = certificates.tls
    return settings(*endpoints, listen=[{'address': '127.0.0.1:0'},
                                        {'address': '127.0.0.1:0', 'tls': tls}], **top)


def patient_endpoint(pipeline=()):
    """Its clients may be slow for as long as they like."""
    return endpoint('/ws', pipeline, queue={'bytes': '64MiB'}, message={'max_size': '1MiB'},
                    heartbeat={'interval': '1h', 'timeout': '1h'})


def slow_client(server, secure):
    if not secure:
        return RawClient(server, receive_buffer=SMALL_BUFFER)
    return RawClient(server, address=('127.0.0.1', int(server.urls[1].rsplit(':', 1)[1])),
                     tls=certificates.client_context(), receive_buffer=SMALL_BUFFER)


class Drained:
    """Clients whose input is thrown away in threads of their own, until the end of the block."""

    def __init__(self, *clients):
        self.clients = clients
        self.threads = [threading.Thread(target=self.drain, args=(client.socket,), daemon=True)
                        for client in clients]

    @staticmethod
    def drain(sock):
        try:
            while sock.recv(1 << 20):
                pass
        except ConnectionResetError:
            pass  # What was on its way to us when we shut the socket.

    def __enter__(self):
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_):
        for client, thread in zip(self.clients, self.threads):
            client.socket.shutdown(socket.SHUT_RDWR)
            thread.join()
            client.socket.close()


class ManySendersOneSlowReader(unittest.TestCase):
    def send_all(self, client, number):
        for count in range(MESSAGES):
            client.text(f'{number}:{count}:{PADDING}')

    def read_all(self, slow):
        """What the slow client gets: a list of counts for each sender."""
        counts = [[] for _ in range(SENDERS)]
        for _ in range(SENDERS * MESSAGES):
            number, count, padding = slow.read_text().split(':')
            self.assertEqual(padding, PADDING)
            counts[int(number)].append(int(count))
        return counts

    def check(self, secure, loops):
        with Sluice(both_listeners(patient_endpoint(), loops=loops)) as server:
            slow = slow_client(server, secure)
            senders = [RawClient(server) for _ in range(SENDERS)]
            server.wait_for_metric(SENDERS + 1, 'sluice_clients')
            sending = [threading.Thread(target=self.send_all, args=(sender, number), daemon=True)
                       for number, sender in enumerate(senders)]
            with slow, Drained(*senders):
                for thread in sending:
                    thread.start()
                counts = self.read_all(slow)
                for thread in sending:
                    thread.join()
            self.assertEqual(counts, [list(range(MESSAGES))] * SENDERS)

    def test_plain_on_one_loop(self):
        self.check(False, 1)

    def test_plain_on_two_loops(self):
        self.check(False, 2)

    def test_tls_on_one_loop(self):
        self.check(True, 1)

    def test_tls_on_two_loops(self):
        self.check(True, 2)


class Witnessed(unittest.TestCase):
    """With the plugin witness, which sends to all and to single clients from one hook."""

    def ask_id(self, client):
        client.text('id')
        return client.read_text()

    def fill(self, server, sender):
        """Loads the endpoint until much waits for the client that does not read."""
        before = server.metric('sluice_messages_total', direction='in')
        for count in range(1, 101):
            sender.text('load')
            server.wait_for_metric(before + count, 'sluice_messages_total', direction='in')
            if server.metric('sluice_queued_bytes') > MIB:
                return
        self.fail('the client that does not read never fell behind')

    def read_past_load(self, client):
        """The first letter and the length of what follows the load."""
        found = []
        while len(found) < 5:
            text = client.read_text()
            self.assertEqual(set(text), {text[0]})
            if text[0] != 'x':
                found.append((text[0], len(text)))
        return found

    def check_mixed(self, secure):
        configuration = both_listeners(patient_endpoint([{'plugin': 'witness'}]), loops=1)
        with Sluice(configuration) as server:
            slow = slow_client(server, secure)
            target, sender = RawClient(server), RawClient(server)
            ids = f'{self.ask_id(slow)} {self.ask_id(target)}'
            with slow, Drained(target, sender):
                self.fill(server, sender)
                sender.text(f'mixed {ids}')
                found = self.read_past_load(slow)
            self.assertEqual(found, [('u', 1), ('A', 30000), ('B', 60000), ('v', 1),
                                     ('C', 60000)])

    def test_own_and_common_messages_keep_their_order_for_a_slow_client(self):
        self.check_mixed(False)

    def test_own_and_common_messages_keep_their_order_over_tls(self):
        self.check_mixed(True)

    def test_broadcast_and_send_from_one_hook_keep_their_order(self):
        """Also for a client on another loop than the hook's."""
        wanted = [f'{who} {i}' for i in range(50) for who in ('all', 'one')]
        with Sluice(settings(patient_endpoint([{'plugin': 'witness'}]), loops=2)) as server:
            clients = [RawClient(server) for _ in range(4)]
            ids = [self.ask_id(client) for client in clients]
            self.assertEqual({int(number) & 0xff for number in ids}, {0, 1}, 'both loops serve')
            for client, number in zip(clients, ids):
                clients[0].text(f'order {number}')
                self.assertEqual([client.read_text() for _ in wanted], wanted)
                for other in clients:
                    if other is not client:
                        self.assertEqual([other.read_text() for _ in range(50)], wanted[::2])
            for client in clients:
                client.close()


class ToEverybody(unittest.TestCase):
    def test_what_the_target_gets_is_whole(self):
        with Sluice(settings(patient_endpoint([{'plugin': 'witness'}]), loops=2)) as server:
            with RawClient(server) as target, RawClient(server) as sender:
                target.text('id')
                number = target.read_text()
                sender.text(f'mixed {number} {number}')
                found = [target.read_message() for _ in range(7)]
                self.assertEqual([(chr(payload[0]), len(payload)) for _, payload in found],
                                 [('u', 1), ('A', 30000), ('x', 300000), ('B', 60000), ('v', 1),
                                  ('x', 300000), ('C', 60000)])
                self.assertEqual([kind for kind, _ in found].count(BINARY), 2)
