"""Health is answered whatever the admin API does."""

import json
import socket
import time
import unittest

from harness import Sluice, patience, settings, wait_until

BODY = (b'POST /api/v1/broadcast HTTP/1.1\r\nHost: 127.0.0.1\r\n'
        b'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"text":')
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
        wait_until(lambda: server.metric('sluice_admin_refused_total') == 46,
                   'half of the places are for bodies')
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
                return sock.makefile('rb').read()
            except socket.timeout:
                return b''
        answer = wait_until(is_refused, 'a refusal')
        self.assertTrue(answer.startswith(b'HTTP/1.1 503 '))
        self.assertIn(b'Retry-After: 1\r\n', answer)
        self.assertIn(b'admin.requests', answer)

    def test_body_that_trickles_is_given_up(self):
        server = Sluice(settings(front={'request_timeout': '200ms'})).start()
        self.addCleanup(server.abandon)
        sock, = self.send(server, BODY, 1)
        begun = time.monotonic()
        self.assertTrue(sock.recv(100).startswith(b'HTTP/1.1 400 '))
        self.assertLess(time.monotonic() - begun, patience(10))


if __name__ == '__main__':
    unittest.main()
