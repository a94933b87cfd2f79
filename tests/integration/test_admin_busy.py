"""Health is answered whatever the admin API does."""

import json
import os
import select
import socket
import time
import unittest

from harness import Sluice, patience, run_sluice, settings, temporary_folder, wait_until
from harness.admin import ask_once

BODY = (b'POST /api/v1/broadcast HTTP/1.1\r\nHost: 127.0.0.1\r\n'
        b'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"text":')
FORM = (b'POST /api/v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\n%s'
        b'Content-Type: application/json\r\n%s\r\n')
CHUNKED = b'Transfer-Encoding: chunked\r\n'
# Each is followed by one byte after the other, which can go on for ever.
DRIPPING = ((b'Content-Length: 100000\r\n', b'', b' '),
            (CHUNKED, b'ffff\r\n', b' '),
            (CHUNKED, b'1;', b'a'),
            (CHUNKED, b'0\r\n', b'a'),
            (CHUNKED, b'', b'1\r\n \r\n'))
HEAD = b'GET /api/v1/count HTTP/1.1\r\nHost: 127.0.0.1\r\n'


class Busy(unittest.TestCase):
    def serve(self, requests=8):
        admin = {'listen': '127.0.0.1:0', 'requests': requests}
        server = Sluice(settings(admin=admin, front={'request_timeout': '30s'})).start()
        self.addCleanup(server.abandon)
        return server

    def send(self, server, data, count):
        """Opens connections that say this much and no more."""
        sockets = [socket.create_connection(server.admin_address, patience(10))
                   for _ in range(count)]
        for sock in sockets:
            self.addCleanup(sock.close)
            sock.sendall(data)
        return sockets

    def assert_healthy(self, server):
        """Asked by one who does not wait as long as a body may take."""
        for path in ('/healthz', '/readyz', '/healthz'):
            with socket.create_connection(server.admin_address, patience(10)) as sock:
                sock.sendall(b'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n' % path.encode())
                self.assertTrue(sock.recv(100).startswith(b'HTTP/1.1 200 '))

    def test_unfinished_bodies(self):
        server = self.serve()
        self.send(server, BODY, 4)
        self.assert_healthy(server)
        self.assertEqual(json.loads(server.admin('/api/v1/count'))['clients'], 0)

    def test_more_unfinished_bodies_and_heads_than_workers(self):
        server = self.serve()
        self.send(server, HEAD, 50)
        self.send(server, BODY, 50)
        self.assert_healthy(server)
        # Half of the places are for bodies: all but four are refused, or fewer if the first are given up meanwhile.
        wait_until(lambda: server.metric('sluice_admin_refused_total') >= 40, 'those without a place are refused')
        self.assertLessEqual(server.metric('sluice_admin_refused_total'), 46)
        self.assert_healthy(server)

    def test_answers_that_are_not_read(self):
        server = self.serve(requests=2)
        for _ in range(10):
            sock = socket.socket()
            self.addCleanup(sock.close)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            sock.connect(server.admin_address)
            sock.sendall(b'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
        self.assert_healthy(server)

    def test_refusal_says_when_to_come_again(self):
        server = self.serve(requests=1)
        self.send(server, BODY, 1)

        def is_refused():
            sock, = self.send(server, BODY, 1)
            sock.settimeout(patience(1))
            try:
                answer = sock.makefile('rb').read()
            except socket.timeout:
                return b''
            return answer.startswith(b'HTTP/1.1 503 ') and answer  # else the first has been given up
        answer = wait_until(is_refused, 'a refusal')
        self.assertIn(b'Retry-After: 1\r\n', answer)
        self.assertIn(b'admin.requests', answer)

    def test_body_that_trickles_is_given_up(self):
        server = Sluice(settings(front={'request_timeout': '200ms'})).start()
        self.addCleanup(server.abandon)
        sock, = self.send(server, BODY, 1)
        begun = time.monotonic()
        self.assertTrue(sock.recv(100).startswith(b'HTTP/1.1 400 '))
        self.assertLess(time.monotonic() - begun, patience(10))

    def drip(self, server, count, authorization=b''):
        """Opens connections whose bodies trickle in, and feeds them. Returns a function that feeds them once more and
        says how many have an answer."""
        feeds = {}
        for number in range(count):
            announced, begin, byte = DRIPPING[number % len(DRIPPING)]
            sock, = self.send(server, FORM % (authorization, announced) + begin, 1)
            feeds[sock] = byte
        answers = []

        def feed():
            answered, _, _ = select.select(list(feeds), [], [], 0)
            for sock in answered:
                answers.append(sock.recv(1000))
                del feeds[sock]
            for sock, byte in feeds.items():
                try:
                    sock.sendall(byte)
                except OSError:
                    pass  # It has been closed: what it was told is read next time.
            select.select([], [], [], 0.05)
            return answers
        return feed

    def test_bodies_that_drip_for_ever_are_given_up(self):
        """Their bytes come faster than any of them may take to come, with front.request_timeout far away."""
        server = self.serve(requests=2 * len(DRIPPING))
        begun = time.monotonic()
        feed = self.drip(server, len(DRIPPING))
        answers = wait_until(lambda: len(feed()) == len(DRIPPING) and feed(), 'all are given up', 25)
        self.assertGreater(time.monotonic() - begun, 3)
        for answer in answers:
            self.assertTrue(answer.startswith(b'HTTP/1.1 400 '), answer)
        self.assertEqual(ask_once(server, 'DELETE', '/api/v1/clients/1')[0], 404)

    def test_who_may_only_read_leaves_room_for_who_operates(self):
        folder = self.enterContext(temporary_folder())
        tokens = []
        for role in ('read', 'operate'):
            path = os.path.join(folder, role)
            with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), 'w') as file:
                file.write(role + '-0123456789abcdef\n')
            tokens.append({'name': role, 'role': role, 'file': path})
        server = Sluice(settings(front={'request_timeout': '30s'},
                                 admin={'listen': '127.0.0.1:0', 'tokens': tokens})).start()
        self.addCleanup(server.abandon)
        def has_no_place():
            feed = self.drip(server, 40, b'Authorization: Bearer read-0123456789abcdef\r\n')
            wait_until(lambda: len(feed()) >= 38, 'all but two are refused')
            return ask_once(server, 'POST', '/api/v1/traces', {}, Authorization='Bearer read-0123456789abcdef')[0] == 503
        wait_until(has_no_place, 'there is no place for who only reads')  # Bodies are given up in time.
        for path, body in (('/api/v1/drain/stop', {}), ('/api/v1/kick', {'address': '192.0.2.1'})):
            status, answer, _ = ask_once(server, 'POST', path, body, Authorization='Bearer operate-0123456789abcdef')
            self.assertEqual(status, 200, answer)

    def test_callers_without_a_token_that_is_needed_take_no_room(self):
        folder = self.enterContext(temporary_folder())
        path = os.path.join(folder, 'token')
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), 'w') as file:
            file.write('0123456789abcdef\n')
        server = Sluice(settings(front={'request_timeout': '30s'},
                                 admin={'listen': '127.0.0.1:0', 'token_file': path})).start()
        self.addCleanup(server.abandon)
        for sock in self.send(server, BODY, 20):
            self.assertTrue(sock.recv(100).startswith(b'HTTP/1.1 401 '))
        self.assertEqual(ask_once(server, 'POST', '/api/v1/drain/stop', {}, Authorization='Bearer 0123456789abcdef')[0], 200)

    def test_callers_of_the_unix_socket_have_slots_of_their_own(self):
        folder = self.enterContext(temporary_folder())
        path = os.path.join(folder, 'admin.sock')
        server = Sluice(settings(front={'request_timeout': '30s'}, admin={
            'listen': ['127.0.0.1:0', f'unix:{path}'], 'requests': 1})).start()
        self.addCleanup(server.abandon)

        def has_no_place():
            feed = self.drip(server, 10)
            wait_until(lambda: len(feed()) >= 9, 'all but one are refused')
            return ask_once(server, 'GET', '/api/v1/count')[0] == 503
        wait_until(has_no_place, 'there is no place')  # Bodies are given up in time.
        status, out, error = run_sluice('status', '--admin', path)
        self.assertEqual(status, 0, out + error)
        self.assertEqual(run_sluice('drain', '--stop', '--admin', path)[0], 0)


if __name__ == '__main__':
    unittest.main()
