"""Request heads: a request is made of its own connection's bytes only, whatever comes in front of it,
and every way to write a request that RFC 9112 has is understood."""

import os
import socket

from harness import (Certificates, Ended, RawClient, ServedTest, Sluice, endpoint, settings,
                     temporary_folder, wait_until)
from harness.wire import parse_head

TOKEN = 'token-of-the-victim-0123456789'
KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
UPGRADE = ('Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
           f'Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n')
WORKERS = 32
ADMIN_WORKERS = 4


def request(target, fields='', method='GET'):
    return f'{method} {target} HTTP/1.1\r\n{fields}\r\n'.encode()


def exchange(address, data, tls=None, source=None):
    """Sends all of it and nothing more; what comes back until the server ends the connection, or the
    end of a head that is no refusal."""
    with RawClient(None, upgrade=False, address=address, tls=tls, source=source) as client:
        try:
            client.send(data)
            with socket.socket(fileno=os.dup(client.socket.fileno())) as same:
                same.shutdown(socket.SHUT_WR)  # Below TLS, which goes on reading.
            while not client.buffer.startswith(b'HTTP/1.1 101') or b'\r\n\r\n' not in client.buffer:
                client._fill()
        except (Ended, OSError):
            pass
        return client.buffer


class StaleBytes(ServedTest):
    """Two requests arrive at once and the first one is refused; the second, which has a token, stays
    in the worker's buffer. A stranger then sends as many empty lines as the first one was long."""

    @classmethod
    def setUpClass(cls):
        cls.certificates = Certificates()
        cls.folder = temporary_folder()
        path = os.path.join(cls.folder.name, 'token')
        with open(path, 'w') as out:
            out.write(TOKEN)
        os.chmod(path, 0o600)
        os.environ['HEADS_TOKENS'] = f'victim {TOKEN}'
        cls.configuration = settings(
            endpoint('/ws', [{'plugin': 'auth', 'options': {'tokens_env': 'HEADS_TOKENS'}}]),
            listen=[{'address': '127.0.0.1:0'},
                    {'address': '127.0.0.1:0', 'tls': cls.certificates.tls}],
            admin={'listen': '127.0.0.1:0', 'token_file': path},
            front={'workers': WORKERS})
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.folder.cleanup()
        cls.certificates.cleanup()

    def assert_nothing_leaks(self, address, target, fields, workers, tls=None):
        secret = request(target, f'{fields}Authorization: Bearer {TOKEN}\r\n')
        self.assertIn(exchange(address, secret, tls)[9:12], (b'101', b'200'))
        first = request('/nowhere', 'Host: localhost\r\n')
        for blanks in (b'\n' * len(first), b'\r\n\r\n' + b' ' * (len(first) - 4)):
            for _ in range(workers + 1):  # Workers take turns.
                self.assertIn(exchange(address, first + secret, tls)[9:12], (b'404', b'401'))
            for _ in range(workers + 1):
                answer = exchange(address, blanks, tls)
                self.assertIn(answer[9:12], (b'', b'400'), answer)

    def address(self, index):
        return ('127.0.0.1', int(self.server.urls[index].rsplit(':', 1)[1]))

    def test_of_another_client(self):
        self.assert_nothing_leaks(self.address(0), '/ws', UPGRADE, WORKERS)

    def test_of_another_client_over_tls(self):
        self.assert_nothing_leaks(self.address(1), '/ws', UPGRADE, WORKERS,
                                  self.certificates.client_context())

    def test_of_the_administrator(self):
        self.assert_nothing_leaks(self.server.admin_address, '/metrics', 'Host: localhost\r\n',
                                  ADMIN_WORKERS)


class Asked(ServedTest):
    """Requests as RFC 9112 has them."""

    configuration = settings(endpoint('/ws'), endpoint('/room.'),
                             log={'level': 'debug', 'format': 'json'})

    def answer(self, data, address=None):
        """(status, fields, the rest) of what is answered."""
        found = exchange(address or ('127.0.0.1', self.server.port), data)
        self.assertTrue(found, 'there was no answer')
        head, _, body = found.partition(b'\r\n\r\n')
        status, fields = parse_head(head)
        return status, dict(fields), body

    def assert_status(self, status, target, fields=UPGRADE, **how):
        found, _, body = self.answer(request(target, fields, **how))
        self.assertEqual(found, status, (target, fields, body))

    def counted(self, *hundreds):
        return sum(self.server.metric('sluice_http_responses_total', status=each) for each in hundreds)

    # -- in front of it

    def test_empty_lines_in_front_are_skipped(self):
        for front in (b'\r\n', b'\n', b'\r\n\r\n', b'\n\n\n', b'\r\n' * 100):
            status, _, _ = self.answer(front + request('/ws', UPGRADE))
            self.assertEqual(status, 101, front)
            status, _, _ = self.answer(front + request('/healthz', 'Host: localhost\r\n'),
                                       self.server.admin_address)
            self.assertEqual(status, 200, front)

    def test_frames_behind_such_a_request_are_the_clients(self):
        with RawClient(self.server, upgrade=False) as client:
            client.send(b'\r\n\r\n' + request('/ws', UPGRADE) +
                        b'\x81\x82\x00\x00\x00\x00hi')
            self.assertEqual(client.read_response_head()[0], 101)
            self.assertEqual(client.read_text(), 'hi')

    def test_other_things_in_front_are_refused(self):
        for front in (b' ', b'\t', b'\r\n ', b'\v', b'\f', b'\r', b'\0'):
            for address in (None, self.server.admin_address):
                status, _, body = self.answer(front + request('/ws', UPGRADE), address)
                self.assertEqual(status, 400, (front, body))

    # -- targets

    def test_absolute_form(self):
        port = self.server.port
        for target in ('ws://chat.example.com/ws', f'ws://chat.example.com:{port}/ws',
                       'http://chat.example.com:1/ws', 'WSS://[::1]/ws', f'ws://[::1]:{port}/ws?a:b',
                       'ws://chat.example.com/ws?url=http://x:y/z', 'https://127.0.0.1/%77s'):
            self.assert_status(101, target)
        for target in ('ws://chat.example.com', 'ws://chat.example.com?x:y', 'ws://a/nowhere'):
            self.assert_status(404, target)
        for target in ('ws:///ws', 'ws://u@a/ws', 'ws://a:b/ws', 'ws://[::1/ws', 'ftp://a/ws', 'ws',
                       'chat.example.com:80'):
            self.assert_status(400, target)
        status, _, _ = self.answer(request('http://localhost/healthz', 'Host: localhost\r\n'),
                                   self.server.admin_address)
        self.assertEqual(status, 200)

    def test_absolute_form_says_which_host_is_meant(self):
        without = UPGRADE.replace('Host: localhost\r\n', '')
        self.assert_status(400, 'ws://chat.example.com/ws', without)
        status, _, _ = self.answer(
            request('http://rebound.example.com/api/v1/count', 'Host: localhost\r\n'),
            self.server.admin_address)
        self.assertEqual(status, 403)

    def test_asterisk(self):
        before = self.counted('2xx')
        self.assert_status(200, '*', 'Host: localhost\r\n', method='OPTIONS')
        wait_until(lambda: self.counted('2xx') == before + 1, 'the answer to be counted')
        self.server.wait_for_log('OPTIONS')
        for address in (None, self.server.admin_address):
            for method in ('GET', 'PRI', 'POST'):
                status, _, _ = self.answer(request('*', 'Host: localhost\r\n', method=method), address)
                self.assertEqual(status, 400)

    def test_whatever_is_refused_is_answered_counted_and_logged(self):
        with Sluice(self.configuration) as self.server:  # of its own: answers to others are counted late
            self.check_refusals()

    def check_refusals(self):
        for data in (b'GET\r\n\r\n', b'GET /\r\n\r\n', request('a:80', method='CONNECT'),
                     request('/ws', method='BREW'), b'GET /ws HTTP/3.0\r\n\r\n',
                     request('/ws', 'Host: a\r\nContent-Length: x\r\n'),
                     request('/ws', 'Host: a\r\nTransfer-Encoding: x\r\n'),
                     b'GET /ws  HTTP/1.1\r\n\r\n', b'GET \r\n/ws HTTP/1.1\r\n\r\n',
                     b'GET /ws HTTP/1.1\n\rHost: a\r\n\r\n'):
            refused = self.counted('4xx', '5xx')
            status, _, body = self.answer(data)
            self.assertIn(status, (400, 505), (data, body))
            self.assertTrue(body.strip(), data)
            wait_until(lambda: self.counted('4xx', '5xx') == refused + 1, f'{data} to be counted')
        self.server.wait_for_log('unreadable request from 127.0.0.1: 505')

    # -- paths

    def test_paths_are_compared_as_they_were_sent(self):
        for target in ('/room.', '/room%2E', '/ws?', '/%77%73'):
            self.assert_status(101, target)
        for target in ('/ws.', '//ws', '/./ws', '/x/../ws', '/x\\..\\ws', '\\ws', '/ws/', '/ws/.',
                       '/room', '/a/b', '/ws%00', '/ws%2e', '/%2577s', '/%2fws', '/ws;a'):
            self.assertIn(self.answer(request(target, UPGRADE))[0], (400, 404), target)

    def test_paths_of_the_admin_listener(self):
        for target in ('//healthz', '/healthz.', '/x/../metrics', '/x\\..\\metrics', '/metrics/'):
            status, _, _ = self.answer(request(target, 'Host: localhost\r\n'),
                                       self.server.admin_address)
            self.assertEqual(status, 404, target)

    # -- fields

    def test_tabs_are_white_space(self):
        self.assert_status(101, '/ws', 'Host:\tlocalhost\t\r\nUpgrade:\t\twebsocket \t\r\n'
                           'Connection:\tkeep-alive\t,\tUpgrade\r\n'
                           f'Sec-WebSocket-Key: \t{KEY}\t\r\nSec-WebSocket-Version:\t13\r\n'
                           'X-Text: a\tb\r\n')
        for fields in ('Host\t: localhost\r\n', '\tHost: localhost\r\n', 'Host: a\r\n\tb: c\r\n'):
            self.assert_status(400, '/ws', fields + UPGRADE)
        self.assertEqual(self.answer(request('/ws', UPGRADE).replace(b' /ws ', b'\t/ws\t'))[0], 400)

    def test_too_many_fields(self):
        more = 64 - UPGRADE.count('\r\n')
        self.assert_status(101, '/ws', UPGRADE + 'X: y\r\n' * more)
        status, _, body = self.answer(request('/ws', UPGRADE + 'X: y\r\n' * (more + 1)))
        self.assertEqual((status, body), (431, b'The request has more than 64 header fields.\n'))

    def test_too_many_parameters(self):
        self.assert_status(101, '/ws?' + '&'.join('a=b' for _ in range(256)))
        status, _, body = self.answer(request('/ws?' + '&'.join('a=b' for _ in range(257)), UPGRADE))
        self.assertEqual((status, body), (400, b'The query has more than 256 parameters.\n'))

    def test_what_a_proxy_could_read_in_another_way(self):
        for address, target in ((None, '/ws'), (self.server.admin_address, '/api/v1/count'),
                                (self.server.admin_address, '/healthz')):
            for fields in ('', 'Host: localhost\r\nHost: other.example\r\n'):
                for form in (target, f'http://other.example{target}'):
                    status, _, body = self.answer(request(form, fields), address)
                    self.assertEqual((status, body.count(b'exactly one Host header')), (400, 1))
            for fields in ('Content-Length: 2\r\nContent-Length: 3\r\n', 'Content-Length: +2\r\n',
                           'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n'):
                status, _, body = self.answer(
                    request(target, 'Host: localhost\r\n' + fields, method='POST'), address)
                self.assertEqual((status, body.count(b'Content-Length')), (400, 1), fields)
        status, _, _ = self.answer(b'GET /healthz HTTP/1.0\r\n\r\n', self.server.admin_address)
        self.assertEqual(status, 200)
