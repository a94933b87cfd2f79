"""sluice connect, a client for the terminal, against the server and against servers that do what they must not."""

import base64
import hashlib
import json
import signal
import socket
import subprocess
import threading
import unittest

from harness import (BINARY, CLOSE, CONTINUATION, PING, TEXT, Certificates, RawClient, ServedTest, Sluice, close_payload,
                     endpoint, frame, patience, settings)
from harness.server import SANITIZER_REPORT, binary
from harness.wire import GUID


def connect(url, *arguments, given='', status=0):
    """Runs it to its end, which must have this status: (standard output, standard error)."""
    done = subprocess.run([binary(), 'connect', url, *arguments], input=given.encode(), capture_output=True,
                          timeout=patience(30), check=False)
    out, error = done.stdout.decode(errors='replace'), done.stderr.decode(errors='replace')
    assert not SANITIZER_REPORT.search(error), error
    assert done.returncode == status, (done.returncode, out, error)
    return out, error


class Real(ServedTest):
    configuration = settings(
        endpoint('/ws'),
        endpoint('/echo', pipeline=[{'plugin': 'echo'}]),
        endpoint('/json', pipeline=[{'plugin': 'validate', 'options': {'json': True}}]),
        endpoint('/private', identity='required'),
        endpoint('/chat', subprotocols=['chat.v2', 'chat.v1']))

    def url(self, path):
        return self.server.url + path

    def test_lines_become_messages_and_messages_lines(self):
        self.assertEqual(connect(self.url('/ws'), given='one\n\nzwei ä\nthree')[0], 'one\n\nzwei ä\nthree\n')

    def test_a_thousand_lines_come_back_in_order(self):
        text = ''.join(f'{number} {"x" * (number % 500)}\n' for number in range(1000))
        self.assertEqual(connect(self.url('/ws'), given=text)[0], text)

    def test_a_large_message_goes_both_ways(self):
        text = 'a' * 60000 + '\n'
        self.assertEqual(connect(self.url('/ws'), given=text)[0], text)

    def test_messages_of_the_command_line(self):
        self.assertEqual(connect(self.url('/ws'), '--send', 'a', '--send', 'b', given='unread')[0], 'a\nb\n')

    def test_waits_for_the_messages_of_others(self):
        with subprocess.Popen([binary(), 'connect', self.url('/ws'), '--wait', '2', '--json', '--timeout', '60s'], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE) as process:
            self.assertEqual(json.loads(process.stdout.readline()), {'event': 'open'})
            with RawClient(self.server) as other:
                other.text('hi')
                other.binary(b'\0\xff')
                other.text('too many')
                lines = [json.loads(line) for line in process.stdout]
                other.close()
            self.assertEqual(process.wait(patience(10)), 0)
        self.assertEqual(lines, [{'event': 'message', 'type': 'text', 'text': 'hi'},
                                 {'event': 'message', 'type': 'binary', 'base64': 'AP8='},
                                 {'event': 'closed', 'by': 'client', 'code': 1000, 'reason': ''}])

    def in_time(self, *arguments):
        """Runs it with a --timeout that leaves time for the connection, however busy the machine is."""
        for timeout in ('200ms', '5s', '60s'):
            done = subprocess.run([binary(), 'connect', self.url('/ws'), *arguments, '--timeout', timeout],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=patience(90), check=False)
            if done.returncode != 3:
                return done
        raise AssertionError(done.stderr)

    def test_time_that_is_over_before_all_have_come_is_status_7(self):
        done = self.in_time('--send', 'a', '--wait', '2')
        self.assertEqual(done.returncode, 7)
        self.assertIn('of 2 messages came in time', done.stderr)

    def test_time_without_a_number_is_how_long_it_stays(self):
        self.assertEqual(self.in_time('--no-input').returncode, 0)

    def test_a_refusal_says_why_and_what_to_do(self):
        _, error = connect(self.url('/private'), status=4)
        self.assertRegex(error, r'refused with 401 Unauthorized\n  .+\n  \(it wants credentials')
        self.assertIn('no endpoint', connect(self.url('/nowhere'), status=4)[1])
        answer = json.loads(connect(self.url('/private'), '--json', status=4)[0])
        self.assertEqual((answer['error'], answer['status']), ('refused', 401))

    def assert_no_secret(self, url, status):
        for arguments in ([], ['--json']):
            said = ''.join(connect(url + '?token=secret', *arguments, status=status))
            self.assertIn(url + ': ', said)
            self.assertNotIn('secret', said)

    def test_no_message_and_no_line_of_the_log_shows_the_query(self):
        log = {'level': 'debug', 'access': 'all'}
        with Sluice(settings(endpoint('/ws'), endpoint('/private', identity='required'), log=log)) as server:
            self.assert_no_secret(server.url + '/private', 4)
            self.assert_no_secret(server.url + '/nowhere', 4)
            self.assert_no_secret(server.url.replace('ws://', 'wss://') + '/ws', 3)
            self.assertEqual(connect(server.url + '/ws?token=secret', given='a')[0], 'a\n')
        for line in 'GET /ws from', 'upgrade_accepted', 'upgrade_refused', 'client_closed':
            self.assertIn(line, server.log())
        self.assertNotIn('secret', server.log())

    def test_headers_and_subprotocols_are_sent(self):
        out, _ = connect(self.url('/chat'), '--subprotocol', 'chat.v1', '--subprotocol', 'chat.v2', '-H',
                         'Origin: http://localhost', '--json')
        self.assertEqual(json.loads(out.splitlines()[0]), {'event': 'open', 'subprotocol': 'chat.v1'})
        self.assertIn('refused with 400', connect(self.url('/ws'), '-H', 'Host:', status=4)[1])

    def test_a_code_of_the_servers_is_status_5(self):
        out, error = connect(self.url('/json'), given='{"a": 1}\nnot JSON\n', status=5)
        self.assertEqual(out, '{"a": 1}\n')
        self.assertRegex(error, r'the server closed the connection: \d{4} .')

    def test_what_cannot_be_sent_is_status_1(self):
        self.assertIn('--max-size', connect(self.url('/ws'), '--max-size', '10', given='x' * 11 + '\n', status=1)[1])
        done = subprocess.run([binary(), 'connect', self.url('/ws')], input=b'\xff\n', capture_output=True,
                              timeout=patience(30), check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b'not UTF-8', done.stderr)
        with open('/dev/full', 'wb') as full:
            done = subprocess.run([binary(), 'connect', self.url('/ws'), '--send', 'x'], stdout=full,
                                  stderr=subprocess.PIPE, timeout=patience(30), check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b'cannot write to standard output', done.stderr)

    def test_ctrl_c_closes_the_connection(self):
        with subprocess.Popen([binary(), 'connect', self.url('/ws'), '--no-input', '--json', '--timeout', '60s'],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
            self.assertIn(b'open', process.stdout.readline())
            process.send_signal(signal.SIGINT)
            self.assertEqual(json.loads(process.stdout.readline())['by'], 'client')
            self.assertEqual(process.wait(patience(10)), 0)


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.certificates = Certificates()
        cls.addClassCleanup(cls.certificates.cleanup)
        path = cls.certificates.path
        listener = {'address': '127.0.0.1:0', 'tls': {**cls.certificates.tls, 'client_ca': path('ca.crt')}}
        auth = {'plugin': 'auth', 'options': {'certificate_identity': 'common_name'}}
        cls.server = Sluice(settings(endpoint('/ws'), endpoint('/device', pipeline=[auth]), listen=[
            {'address': '127.0.0.1:0', 'tls': cls.certificates.tls}, listener,
            {'address': '127.0.0.2:0', 'tls': cls.certificates.tls}])).start()
        cls.urls = [cls.server.urls[0] + '/ws', cls.server.urls[1] + '/device']
        cls.own = '--cert', path('client.crt'), '--key', path('client.key')

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def test_the_certificate_is_checked(self):
        trusted = '--ca', self.certificates.certificate
        text = 'x' * 50000 + '\n'
        self.assertEqual(connect(self.urls[0], *trusted, given=text)[0], text)
        self.assertEqual(connect(self.urls[0].replace('127.0.0.1', 'localhost'), *trusted, given='a\n')[0], 'a\n')
        self.assertIn('--ca FILE', connect(self.urls[0], status=3)[1])
        self.assertIn('--ca FILE', connect(self.urls[0], '--ca', self.certificates.path('other.crt'), status=3)[1])
        self.assertIn('not checked', connect(self.urls[0], '--insecure')[1])

    def test_a_certificate_is_shown(self):
        trusted = '--ca', self.certificates.certificate
        self.assertEqual(connect(self.urls[1], *trusted, *self.own, given='a\n')[0], 'a\n')
        self.assertIn('not answered: ', connect(self.urls[1], *trusted, status=3)[1])
        self.assertIn('cannot use the certificate', connect(self.urls[1], '--cert', '/dev/null', status=3)[1])
        self.assertIn('cannot use the certificates', connect(self.urls[1], '--ca', '/dev/null', status=3)[1])

    def test_a_certificate_for_somebody_else_is_not_good(self):
        url = self.server.urls[2] + '/ws'
        self.assertIn('127.0.0.2', url)
        self.assertIn('mismatch', connect(url, '--ca', self.certificates.certificate, status=3)[1])
        self.assertEqual(connect(url, '--insecure', given='a\n')[0], 'a\n')

    def test_tls_where_there_is_none_and_none_where_there_is(self):
        connect(self.urls[0].replace('wss:', 'ws:'), status=4)
        with socket.create_server(('127.0.0.1', 0)) as listener:
            thread = threading.Thread(target=self._answer_in_clear, args=(listener,), daemon=True)
            thread.start()
            said = connect(f'wss://127.0.0.1:{listener.getsockname()[1]}/', status=3)[1]
            thread.join(patience(20))
        self.assertIn('is it ws://?', said)

    @staticmethod
    def _answer_in_clear(listener):
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')


def answer_upgrade(connection):
    """Reads the request and answers it well."""
    head = b''
    while b'\r\n\r\n' not in head:
        head += connection.recv(65536)
    key = head.partition(b'Sec-WebSocket-Key: ')[2].partition(b'\r\n')[0]
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
    connection.sendall(b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
                       b'Sec-WebSocket-Accept: ' + accept + b'\r\n\r\n')


class Hostile(unittest.TestCase):
    """Servers that are a function each, which is called with the connection."""

    def served(self, serve, *arguments, status, given=''):
        """What sluice connect does with such a server."""
        listener = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(listener.close)

        def run():
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(patience(20))
                try:
                    serve(connection)
                    while connection.recv(65536):
                        pass
                except OSError:
                    pass  # The client may have gone at any moment.

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        said = connect(f'ws://127.0.0.1:{listener.getsockname()[1]}/', *arguments, status=status, given=given)
        thread.join(patience(20))
        self.assertFalse(thread.is_alive())
        return said

    def after_upgrade(self, *pieces, status, arguments=('--no-input',)):
        def serve(connection):
            answer_upgrade(connection)
            for piece in pieces:
                connection.sendall(piece)
        return self.served(serve, *arguments, status=status)

    def test_fragments_and_pings_byte_by_byte(self):
        frames = frame(TEXT, b'on', fin=False, mask=False) + frame(PING, b'?', mask=False) + \
            frame(CONTINUATION, b'e', mask=False) + frame(BINARY, b'\1\xab', mask=False) + \
            frame(CLOSE, close_payload(4000, b'enough'), mask=False)
        out, error = self.after_upgrade(*(bytes([byte]) for byte in frames), status=5)
        self.assertEqual(out, 'one\n01ab\n')
        self.assertIn('4000 enough', error)

    def test_frames_that_must_not_be_are_status_6(self):
        for piece, why in ((frame(TEXT, b'x'), 'masked'), (frame(TEXT, b'', announced=2**40, mask=False), 'too big'),
                           (frame(TEXT, b'\xff', mask=False), 'UTF-8'), (frame(TEXT, b'x', rsv=4, mask=False), 'reserved')):
            with self.subTest(why):
                self.assertIn(why, self.after_upgrade(piece, status=6)[1])
        self.assertIn('too big', self.after_upgrade(frame(TEXT, b'x' * 11, mask=False), status=6,
                                                    arguments=('--no-input', '--max-size', '10'))[1])

    def test_a_head_without_end_is_status_6(self):
        def serve(connection):
            connection.sendall(b'HTTP/1.1 101 Switching Protocols\r\n')
            while True:
                connection.sendall(b'X-More: of it\r\n' * 100)
        self.assertIn('too long', self.served(serve, status=6)[1])

    def test_what_is_not_http_is_status_6(self):
        self.assertIn('not HTTP', self.served(lambda connection: connection.sendall(b'SSH-2.0-x\r\n'), status=6)[1])

    def test_an_end_without_close_frame_is_status_5(self):
        def serve(connection):
            answer_upgrade(connection)
            connection.sendall(frame(TEXT, b'last words', mask=False))
            connection.shutdown(socket.SHUT_WR)
        out, error = self.served(serve, '--no-input', status=5)
        self.assertEqual(out, 'last words\n')
        self.assertIn('without a close frame', error)

    def test_a_server_that_says_nothing_is_status_3(self):
        self.assertRegex(self.served(lambda connection: None, '--timeout', '200ms', status=3)[1],
                         'not answered|the time is over')
        self.assertIn('not answered', self.served(lambda connection: connection.shutdown(socket.SHUT_WR), status=3)[1])

    def test_nobody_there_is_status_3(self):
        with socket.socket() as held:  # Nobody else gets its port.
            held.bind(('127.0.0.1', 0))
            self.assertIn('Connection refused', connect('ws://127.0.0.1:%d/' % held.getsockname()[1], status=3)[1])


if __name__ == '__main__':
    unittest.main()
