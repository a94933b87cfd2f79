"""TLS peers that never end, announce much, or come too often: nobody else waits for them."""

import socket
import struct
import unittest

from harness import (BINARY, Certificates, RawClient, ServedTest, Sluice, TlsClient, endpoint,
                     for_module, frame, settings, upgrade_request, wait_until)

HEAD = upgrade_request()
KEY_UPDATES = 32  # in a minute
RECORDS = 64  # in a turn
HANDSHAKE = 0x16
CLIENT_HELLO = 1
ANNOUNCED = struct.pack('>B', CLIENT_HELLO) + (130 * 1024).to_bytes(3, 'big')

certificates = None


def setUpModule():
    global certificates
    certificates = for_module(Certificates())


def configuration(*endpoints, **top):
    tls = certificates.tls
    return settings(*endpoints, listen=[{'address': '127.0.0.1:0', 'tls': tls}], **top)


def record(kind, payload, version=b'\x03\x03'):
    return bytes([kind]) + version + struct.pack('>H', len(payload)) + payload


def is_ended(sock):
    """Reads to the end, which a reset is too."""
    try:
        while sock.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


def send_until_ended(client, make):
    """Sends records until the server has had enough; how many were sent."""
    try:
        for number in range(4 * KEY_UPDATES):
            client.socket.sendall(make())
    except OSError:
        return number
    while client.read():
        pass
    return number


class Hostile(ServedTest):
    @classmethod
    def setUpClass(cls):
        cls.configuration = configuration(
            endpoint('/ws', message={'max_size': '1MiB'}), loops=1,
            front={'request_timeout': '1h'})
        super().setUpClass()

    def faults(self, reason):
        return self.server.metric('sluice_tls_faults_total', reason=reason)

    def expect_fault(self, reason, before):
        self.server.wait_for_metric(before + 1, 'sluice_tls_faults_total', reason=reason)
        with RawClient(self.server, tls=certificates.client_context()) as client:
            client.text('still there')
            self.assertEqual(client.read_text(), 'still there')

    def opened(self, version):
        client = TlsClient(self.server.port, version).handshake()
        client.socket.sendall(client.data(HEAD))
        self.assertTrue(client.read().startswith(b'HTTP/1.1 101 '))
        return client


class Endless(Hostile):
    def test_key_updates_end_a_client(self):
        before = self.faults('key_updates')
        with self.opened('1.3') as client:
            send_until_ended(client, client.key_update)
            self.expect_fault('key_updates', before)

    def test_key_updates_with_data_between_them_end_a_client(self):
        before = self.faults('key_updates')
        ping = frame(9)
        with self.opened('1.3') as client:
            send_until_ended(client, lambda: client.key_update() + client.data(ping))
            self.expect_fault('key_updates', before)

    def test_key_updates_before_the_request_end_the_connection(self):
        before = self.faults('key_updates')
        with TlsClient(self.server.port, '1.3').handshake() as client:
            send_until_ended(client, client.key_update)
            self.expect_fault('key_updates', before)

    def test_a_few_key_updates_are_fine(self):
        with self.opened('1.3') as client:
            for number in range(KEY_UPDATES // 2):
                text = b'after %d' % number
                client.socket.sendall(client.key_update() + client.data(frame(1, text)))
                self.assertEqual(client.read()[2:], text)

    def test_renegotiation_ends_a_client(self):
        before = self.faults('renegotiation')
        with self.opened('1.2') as client:
            client.socket.sendall(client.renegotiation())
            self.assertTrue(is_ended(client.socket))
            self.expect_fault('renegotiation', before)

    def test_renegotiation_before_the_request_ends_the_connection(self):
        before = self.faults('renegotiation')
        with TlsClient(self.server.port, '1.2').handshake() as client:
            client.socket.sendall(client.renegotiation())
            self.assertTrue(is_ended(client.socket))
            self.expect_fault('renegotiation', before)

    def test_a_request_in_too_many_records_ends_the_connection(self):
        before = self.faults('excess')
        with TlsClient(self.server.port, '1.3').handshake() as client:
            try:
                for _ in range(64):
                    client.socket.sendall(b''.join(client.data(b'x') for _ in range(100)))
            except OSError:
                pass
            self.assertTrue(is_ended(client.socket))
            self.expect_fault('excess', before)


class Small(Hostile):
    """A turn is bounded in records: others get theirs in between."""

    def test_records_of_one_byte_take_many_turns(self):
        payload = bytes(32768)
        message = frame(BINARY, payload)
        with self.opened('1.3') as client:
            flood = b''.join(client.data(message[at:at + 1]) for at in range(len(message)))
            before = self.server.metric('sluice_loop_iterations_total')
            client.socket.sendall(flood)
            received = b''
            while len(received) < len(payload):
                received += client.read()
            turns = self.server.metric('sluice_loop_iterations_total') - before
            self.assertGreaterEqual(turns, len(message) / RECORDS)


class Announcements(Hostile):
    def test_a_large_client_hello_is_refused_from_its_header(self):
        for pieces in ([ANNOUNCED], [ANNOUNCED[at:at + 1] for at in range(len(ANNOUNCED))]):
            before = self.faults('client_hello')
            with self.subTest(records=len(pieces)), \
                    socket.create_connection(('127.0.0.1', self.server.port)) as sock:
                sock.sendall(b''.join(record(HANDSHAKE, piece) for piece in pieces))
                self.assertTrue(is_ended(sock))
                self.expect_fault('client_hello', before)

    def test_so_is_a_second_one(self):
        before = self.faults('client_hello')
        with TlsClient(self.server.port, '1.3') as client:
            hello = client.hello()
            x25519 = b'\x00\x1d'
            self.assertGreaterEqual(hello.count(x25519), 2)  # groups, and the key share
            # Nobody has that group, so the server asks for another hello.
            client.socket.sendall(hello.replace(x25519, b'\x7a\x7a'))
            self.assertEqual(client.socket.recv(1), b'\x16')
            client.socket.sendall(record(0x14, b'\x01') + record(HANDSHAKE, ANNOUNCED))
            self.assertTrue(is_ended(client.socket))
            self.expect_fault('client_hello', before)

    def test_a_hello_in_many_records_is_fine(self):
        with TlsClient(self.server.port, '1.3') as client:
            hello = client.hello()[5:]
            for byte in hello:
                client.socket.sendall(record(HANDSHAKE, bytes([byte]), b'\x03\x01'))
            client.feed()
            client.handshake()
            client.socket.sendall(client.data(HEAD))
            self.assertTrue(client.read().startswith(b'HTTP/1.1 101 '))


class Crowds(unittest.TestCase):
    def begin(self, server, count, source='127.0.0.1', port=None):
        """Handshakes that are begun and never completed."""
        address = ('127.0.0.1', port or server.port)
        with TlsClient(address[1], '1.3') as client:
            hello = client.hello()
        begun = []
        for _ in range(count):
            sock = socket.create_connection(address, source_address=(source, 0))
            sock.sendall(hello)
            begun.append(sock)
        return begun

    def get_through(self, server, source, address=None):
        with RawClient(server, tls=certificates.client_context(), source=source,
                       address=address) as client:
            client.text('through')
            self.assertEqual(client.read_text(), 'through')

    def test_unfinished_handshakes_hold_a_bounded_amount_of_memory(self):
        with Sluice(configuration(limits={'handshake_bytes': '1MiB'},
                                  front={'request_timeout': '1h'})) as server:
            begun = self.begin(server, 40)
            server.wait_for_metric(40, 'sluice_handshakes_total')
            self.assertGreater(server.metric('sluice_handshake_bytes'), 0)
            self.assertLessEqual(server.metric('sluice_handshake_bytes'), 1 << 20)
            self.assertEqual(
                server.metric('sluice_front_dropped_total', reason='handshake_bytes'), 24)
            self.get_through(server, '127.0.0.2')
            for sock in begun:
                sock.close()
            server.wait_for_metric(0, 'sluice_handshake_bytes')

    def test_those_on_one_listener_leave_others_open(self):
        doubled = configuration(limits={'handshake_bytes': '1MiB'}, front={'request_timeout': '1h'})
        doubled['listen'] *= 2
        with Sluice(doubled) as server:
            full, other = (int(url.rsplit(':', 1)[1]) for url in server.urls[:2])
            begun = self.begin(server, 16, port=full)
            server.wait_for_metric(16, 'sluice_handshakes_total')
            self.get_through(server, '127.0.0.1', ('127.0.0.1', other))
            begun += self.begin(server, 20, port=other)
            server.wait_for_metric(37, 'sluice_handshakes_total')
            self.assertLessEqual(server.metric('sluice_handshake_bytes'), 3 << 19)
            self.assertEqual(
                server.metric('sluice_front_dropped_total', reason='handshake_bytes'), 12)
            self.get_through(server, '127.0.0.2', ('127.0.0.1', other))
            for sock in begun:
                sock.close()
            server.wait_for_metric(0, 'sluice_handshake_bytes')

    def test_an_address_begins_no_more_handshakes_than_its_rate(self):
        with Sluice(configuration(limits={'handshakes_per_address': 1},
                                  front={'request_timeout': '1h'})) as server:
            begun = self.begin(server, 100)
            wait_until(lambda: server.metric('sluice_handshakes_delayed_total') > 0,
                       'the address has to wait')
            self.get_through(server, '127.0.0.2')
            self.assertLess(server.metric('sluice_handshakes_total'), 50)
            self.assertGreater(server.metric('sluice_front_waiting'), 50)
            for sock in begun:
                sock.close()

    def test_a_reload_ends_the_waiting(self):
        def limited(rate):
            return configuration(limits={'handshakes_per_address': rate},
                                 front={'request_timeout': '1h'})
        with Sluice(limited(1)) as server:
            begun = self.begin(server, 50)
            wait_until(lambda: server.metric('sluice_handshakes_delayed_total') > 0,
                       'the address has to wait')
            changed = limited(0)
            server.reload(changed)
            server.wait_for_metric(50, 'sluice_handshakes_total')
            for sock in begun:
                sock.close()

    def test_who_waits_for_the_rate_gets_through(self):
        with Sluice(configuration(limits={'handshakes_per_address': 10})) as server:
            for sock in self.begin(server, 100):
                sock.close()
            self.get_through(server, '127.0.0.1')


del Hostile  # It has no tests of its own.
