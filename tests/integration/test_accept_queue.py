"""Connections wait for a worker in the front's accept queue, where they cost the others nothing."""

import socket
import time
import unittest

from harness import (Certificates, RawClient, Sluice, TEXT, allow_files, endpoint, for_module, frame,
                     patience, settings, upgrade_request, wait_until)

HEAD = upgrade_request()
PER_ADDRESS = 1024  # of those who wait

certificates = None


def setUpModule():
    global certificates
    certificates = for_module(Certificates())
    allow_files(8192)


def connect(port, sent=b''):
    sock = socket.create_connection(('127.0.0.1', port))
    sock.settimeout(patience(20))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(sent)
    return sock


def read_to_end(sock):
    answer = b''
    while True:
        try:
            part = sock.recv(4096)
        except ConnectionResetError:
            return answer
        if not part:
            return answer
        answer += part


def read_head(sock):
    answer = b''
    while not answer.endswith(b'\r\n\r\n'):
        part = sock.recv(1)
        if not part:
            break
        answer += part
    return answer


def configuration(tls=False, **front):
    listen = {'address': '127.0.0.1:0'}
    if tls:
        listen['tls'] = certificates.tls
    return settings(endpoint('/ws'), listen=[listen], front={'workers': 4, **front})


class Crowd(unittest.TestCase):
    def upgrade_many(self, server, tls=None):
        """50 upgrades, one after another: the longest that one of them took."""
        longest = 0
        for _ in range(50):
            begin = time.monotonic()
            with RawClient(server, tls=tls) as client:
                longest = max(longest, time.monotonic() - begin)
                client.close()
        self.assertLess(longest, patience(8))  # else it would wait for a head that never ends

    def test_trickling_heads_do_not_delay_upgrades(self):
        with Sluice(configuration(request_timeout='1h')) as server:
            baseline = server.descriptors()
            slow = [connect(server.port, b'GET /ws HTTP/1.1\r\nX') for _ in range(500)]
            server.wait_for_metric(500, 'sluice_front_waiting')
            self.upgrade_many(server)
            for sock in slow:
                sock.sendall(b'-')
            self.upgrade_many(server)
            self.assertEqual(server.metric('sluice_front_waiting'), 500)
            for sock in slow:
                sock.close()
            server.wait_for_metric(0, 'sluice_front_waiting')
            wait_until(lambda: server.descriptors() <= baseline, 'descriptors are given back')

    def test_trickling_handshakes_and_heads_do_not_delay_upgrades(self):
        context = certificates.client_context()
        with Sluice(configuration(tls=True, request_timeout='1h')) as server:
            baseline = server.descriptors()
            slow = [connect(server.port, b'\x16\x03\x01'[:number % 4]) for number in range(100)]
            for _ in range(100):
                sock = context.wrap_socket(connect(server.port), server_hostname='localhost')
                sock.sendall(b'GET /ws HTTP/1.1\r\nX')
                slow.append(sock)
            server.wait_for_metric(200, 'sluice_front_waiting')
            self.upgrade_many(server, context)
            for sock in slow:
                sock.close()
            server.wait_for_metric(0, 'sluice_front_waiting')
            wait_until(lambda: server.descriptors() <= baseline, 'descriptors are given back')

    def test_the_oldest_of_an_address_makes_way(self):
        with Sluice(configuration(request_timeout='1h')) as server:
            first = connect(server.port, b'GET')
            server.wait_for_metric(1, 'sluice_front_waiting')
            others = [connect(server.port, b'GET') for _ in range(PER_ADDRESS)]
            self.assertEqual(read_to_end(first), b'')
            server.wait_for_metric(1, 'sluice_front_dropped_total', reason='full')
            server.wait_for_metric(PER_ADDRESS, 'sluice_front_waiting')
            self.upgrade_many(server)
            for sock in [first, *others]:
                sock.close()

    def test_stopping_closes_those_who_wait(self):
        server = Sluice(configuration(request_timeout='1h')).start()
        slow = [connect(server.port, b'GET') for _ in range(20)]
        server.wait_for_metric(20, 'sluice_front_waiting')
        server.stop()
        for sock in slow:
            self.assertEqual(read_to_end(sock), b'')
            sock.close()


class Time(unittest.TestCase):
    def test_plain_head_that_never_ends_is_answered_408(self):
        with Sluice(configuration(request_timeout='200ms')) as server:
            slow = [connect(server.port, b'GET /ws HTTP/1.1\r\n') for _ in range(10)]
            for sock in slow:
                self.assertTrue(read_to_end(sock).startswith(b'HTTP/1.1 408 '))
                sock.close()
            server.wait_for_metric(10, 'sluice_front_dropped_total', reason='timeout')

    def test_tls_head_that_never_ends_is_answered_408(self):
        context = certificates.client_context()
        with Sluice(configuration(tls=True, request_timeout='1s')) as server:
            with connect(server.port, b'\x16') as silent, \
                    context.wrap_socket(connect(server.port), server_hostname='localhost') as slow:
                slow.sendall(b'GET /ws')
                self.assertTrue(read_to_end(slow).startswith(b'HTTP/1.1 408 '))
                self.assertEqual(read_to_end(silent), b'')


class Pieces(unittest.TestCase):
    def test_one_byte_at_a_time(self):
        for tls in (False, True):
            with self.subTest(tls=tls), Sluice(configuration(tls)) as server:
                sock = connect(server.port)
                if tls:
                    context = certificates.client_context()
                    sock = context.wrap_socket(sock, server_hostname='localhost')
                for byte in HEAD:
                    sock.sendall(bytes([byte]))
                self.assertTrue(read_head(sock).startswith(b'HTTP/1.1 101 '))
                sock.close()

    def test_split_at_every_position(self):
        with Sluice(configuration()) as server:
            early = HEAD + frame(TEXT, b'early')
            for at in range(1, len(early)):
                with connect(server.port, early[:at]) as sock:
                    if at < len(HEAD):
                        server_sees = at % 16 == 0
                        if server_sees:
                            server.wait_for_metric(1, 'sluice_front_waiting')
                    sock.sendall(early[at:])
                    self.assertTrue(read_head(sock).startswith(b'HTTP/1.1 101 '), at)
                    self.assertEqual(sock.recv(2)[1:], b'\x05')

    def test_too_large(self):
        for size in ('1KiB', '16KiB', '256KiB'):
            with self.subTest(size=size), Sluice(configuration(max_header=size)) as server:
                with connect(server.port) as sock:
                    filler = b'GET /ws HTTP/1.1\r\nX: ' + b'x' * (int(size[:-3]) * (
                        1024 if size.endswith('KiB') else 1 << 20))
                    sock.sendall(filler[:int(size[:-3]) * (
                        1024 if size.endswith('KiB') else 1 << 20)])
                    self.assertTrue(read_to_end(sock).startswith(b'HTTP/1.1 431 '))

    def test_answer_is_not_lost_on_a_client_that_goes_on_sending(self):
        for tls in (False, True):
            with self.subTest(tls=tls), Sluice(configuration(tls)) as server:
                baseline = server.descriptors()
                for _ in range(20):
                    sock = connect(server.port)
                    if tls:
                        sock = certificates.client_context().wrap_socket(
                            sock, server_hostname='localhost')
                    with sock:
                        sock.sendall(b'GET /ws HTTP/1.1\r\nX: ' + b'x' * (4 << 20))
                        self.assertTrue(read_to_end(sock).startswith(b'HTTP/1.1 431 '))
                wait_until(lambda: server.descriptors() <= baseline, 'descriptors are given back')

    def test_head_as_large_as_it_may_be(self):
        with Sluice(configuration(max_header='256KiB')) as server:
            fields = b''.join(b'X-%d: %s\r\n' % (number, b'x' * 60000) for number in range(4))
            with connect(server.port) as sock:
                sock.sendall(HEAD[:-2] + fields + b'\r\n')
                self.assertTrue(read_head(sock).startswith(b'HTTP/1.1 101 '))

    def test_malformed_is_answered_at_once(self):
        with Sluice(configuration(request_timeout='1h')) as server:
            with connect(server.port, b'GET /\x01') as sock:
                self.assertTrue(read_to_end(sock).startswith(b'HTTP/1.1 400 '))
