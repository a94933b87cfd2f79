"""HTTP requests of plugins: answers, and servers that do everything wrong, while clients leave, reloads come and the server
stops."""

import re
import select
import socket
import ssl
import threading
import unittest

from harness import (Certificates, RawClient, ServedTest, Sluice, endpoint, for_module, settings, wait_until)

ANSWERED, FAILED, TIMEOUT, TOO_LARGE, REFUSED, CANCELLED = range(1, 7)


class Hostile:
    """An HTTP server that answers by path, each connection on a thread of its own."""

    def __init__(self, context=None):
        self.context = context
        self.socket = socket.create_server(('127.0.0.1', 0), backlog=128)
        self.port = self.socket.getsockname()[1]
        self.requests = []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()

    def url(self, path):
        return f'http{"s" if self.context else ""}://127.0.0.1:{self.port}{path}'

    def accept(self):
        while not self.ended.is_set():
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.serve, args=(peer,))
            self.threads.append(thread)
            thread.start()

    def serve(self, peer):
        try:
            with self.context.wrap_socket(peer, server_side=True) if self.context else peer as peer:
                while self.answer(peer):
                    pass
        except OSError:
            pass

    def answer(self, peer):
        head = b''
        while b'\r\n\r\n' not in head:
            got = peer.recv(65536)
            if not got:
                return False
            head += got
        path = head.split(b' ')[1].decode().partition('?')[0]
        self.requests.append(head)
        return getattr(self, path.strip('/').replace('-', '_'))(peer)

    def fine(self, peer):
        peer.sendall(b'HTTP/1.1 200 OK\r\nX-Seen: yes\r\nContent-Length: 5\r\n\r\nhello')
        return True

    def never(self, peer):
        """Until the other side gives up."""
        while not self.ended.is_set():
            if select.select([peer], [], [], 0.05)[0]:
                return peer.recv(1) != b''
        return False

    def drip(self, peer, text):
        for byte in text:
            if self.ended.is_set() or select.select([peer], [], [], 0.001)[0]:
                return False
            peer.sendall(bytes([byte]))
        return True

    def slow(self, peer):
        return self.drip(peer, b'HTTP/1.1 200 OK\r\nX-Seen: slowly\r\nContent-Length: 2\r\n\r\nok')

    def endless(self, peer, first, piece):
        peer.sendall(first)
        while not self.ended.is_set():
            peer.sendall(piece)
        return False

    def endless_body(self, peer):
        return self.endless(peer, b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
                            b'400\r\n' + 1024 * b'x' + b'\r\n')

    def endless_head(self, peer):
        return self.endless(peer, b'HTTP/1.1 200 OK\r\n', 50 * b'X-More: and more\r\n')

    def endless_line(self, peer):
        return self.endless(peer, b'HTTP/1.1 200 OK\r\nX: ', 1024 * b'x')

    def endless_interim(self, peer):
        return self.endless(peer, b'', 20 * b'HTTP/1.1 102 Processing\r\nX-Seen: no\r\n\r\n')

    def endless_trailers(self, peer):
        return self.endless(peer, b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n',
                            50 * b'X-More: and more\r\n')

    def trailer(self, peer):
        peer.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Seen: late\r\n\r\n')
        return True

    def huge(self, peer):
        peer.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n')
        return self.never(peer)

    def wrong(self, peer):
        peer.sendall(b'220 this is not HTTP\r\n')
        return False

    def half(self, peer):
        peer.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
        return False

    def reset(self, peer):
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
        return False

    def once(self, peer):
        """Ends the connection as soon as it is used for a second request."""
        self.fine(peer)
        peer.recv(65536)
        return False

    def redirect(self, peer):
        peer.sendall(b'HTTP/1.1 302 Found\r\nLocation: /fine\r\nContent-Length: 0\r\n\r\n')
        return True

    def loop(self, peer):
        peer.sendall(b'HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n')
        return True

    def to_file(self, peer):
        peer.sendall(b'HTTP/1.1 302 Found\r\nLocation: file:///etc/hostname\r\nContent-Length: 0\r\n\r\n')
        return True

    def redirect_to(self, peer, url):
        peer.sendall(f'HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n'.encode())
        return True

    def to_https(self, peer):
        return self.redirect_to(peer, hostile_tls.url('/to-http'))

    def to_http(self, peer):
        return self.redirect_to(peer, hostile.url('/downgraded'))

    def interim(self, peer):
        peer.sendall(b'HTTP/1.1 103 Early Hints\r\nX-Seen: early\r\n\r\n')
        return self.fine(peer)

    def cleanup(self):
        self.ended.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for thread in self.threads:
            thread.join()


def setUpModule():
    global certificates, hostile, hostile_tls
    certificates = for_module(Certificates())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    hostile = for_module(Hostile())
    hostile_tls = for_module(Hostile(context))


def requester(**options):
    return {'plugin': 'requester', 'options': options}


def served(**top):
    return settings(endpoint('/ws', [requester()]), **top)


def ask(client, url, words=''):
    """Outcome, status, header and the rest of what has come of a request."""
    client.text(f'ask {url} {words}'.strip())
    return answer_of(client)


def answer_of(client):
    outcome, status, _, seen, rest = re.fullmatch(r'(\d) (\d+) (\d+) (.*?): (.*)', client.read_text(), re.DOTALL).groups()
    return int(outcome), int(status), seen, rest


class Answers(ServedTest):
    # Failures are what is tested here, and no breaker is to get in their way.
    configuration = served(http={'breaker_failures': 0})

    def expect(self, answers, server=None):
        with RawClient(self.server) as client:
            for path, words, expected in answers:
                with self.subTest(path=path, words=words):
                    got = ask(client, (server or hostile).url(path), words)
                    self.assertEqual(got[:len(expected)], expected)

    def test_of_servers_that_mean_well(self):
        fine = (ANSWERED, 200, 'yes', 'hello')
        self.expect([('/fine', '', fine), ('/interim', '', fine), ('/once', '', fine), ('/once', '', fine),
                     ('/trailer', '', (ANSWERED, 200, '', 'ok')), ('/slow', '', (ANSWERED, 200, 'slowly', 'ok')),
                     ('/redirect', '', (ANSWERED, 302)), ('/redirect', 'redirects=1', fine)])

    def test_of_servers_that_do_not(self):
        self.expect([('/never', 'timeout=50', (TIMEOUT, 0)), ('/never', 'timeout=1', (TIMEOUT, 0)),
                     ('/endless-body', '', (TOO_LARGE, 0)), ('/endless-head', '', (TOO_LARGE, 0)),
                     ('/endless-interim', '', (TOO_LARGE, 0)), ('/endless-trailers', '', (TOO_LARGE, 0)),
                     ('/huge', '', (TOO_LARGE, 0)), ('/fine', 'body=4', (TOO_LARGE, 0)),
                     ('/fine', 'head=20', (TOO_LARGE, 0)),
                     ('/wrong', '', (FAILED, 0)), ('/half', '', (FAILED, 0)), ('/reset', '', (FAILED, 0)),
                     ('/loop', 'redirects=3', (FAILED, 0)), ('/to-file', 'redirects=3', (FAILED, 0))])
        with RawClient(self.server) as client:  # libcurl has a limit of its own for lines.
            self.assertIn(ask(client, hostile.url('/endless-line'))[0], (TOO_LARGE, FAILED))

    def test_requests_that_are_not_valid_are_not_taken(self):
        with RawClient(self.server) as client:
            for text in ('file:///etc/passwd', hostile.url('/fine') + ' header=X:a\r\nY:b', hostile.url('/fine\r\nX: y'),
                         hostile.url('/fine') + ' header=Content-Length:7', 'http://user@127.0.0.1/'):
                client.text(f'ask {text}')
                self.assertEqual(client.read_text(), 'not taken')
        self.server.wait_for_log('made an HTTP request that is not valid')

    def test_certificates_are_verified(self):
        ca = f'ca={certificates.certificate}'
        self.expect([('/fine', '', (FAILED, 0)), ('/fine', ca, (ANSWERED, 200)),
                     ('/fine', f'ca={certificates.path("other.crt")}', (FAILED, 0)),
                     ('/fine', 'ca=/no/such/file', (FAILED, 0)), ('/endless-body', ca, (TOO_LARGE, 0))], hostile_tls)

    def test_no_redirect_leads_from_https_to_http(self):
        before = len(hostile_tls.requests)
        self.expect([('/to-https', f'ca={certificates.certificate} redirects=5', (FAILED, 0))])
        self.assertEqual(len(hostile_tls.requests) - before, 1)
        self.assertNotIn(b'/downgraded', b''.join(hostile.requests))

    def test_a_request_about_nobody_is_done_without_a_client(self):
        with RawClient(self.server) as client:
            client.text(f'ask {hostile.url("/fine")} nobody=1')
            wait_until(lambda: 'nobody is told: 1 200 5 yes: hello' in self.server.log(), 'the answer is logged')

    def test_many_go_over_few_connections(self):
        before = len(hostile.threads)
        with RawClient(self.server) as client:
            client.text(f'many 1000 8 {hostile.url("/fine")}')
            self.assertEqual(client.read_text(), '1000 answered, 0 not')
        self.assertLess(len(hostile.threads) - before, 200)

    def test_a_client_that_leaves_takes_its_request_along(self):
        before = self.server.log().count('the client is gone')
        with RawClient(self.server) as client:
            client.text(f'ask {hostile.url("/never")} timeout=3000000')
            wait_until(lambda: self.server.metric('sluice_http_in_flight') == 1, 'the request is under way')
        wait_until(lambda: self.server.log().count('nobody is told: 6 0 0 : the client is gone') > before,
                   'it is cancelled')
        self.assertEqual(self.server.metric('sluice_http_in_flight'), 0)


class Surroundings(unittest.TestCase):
    def test_nothing_comes_from_the_environment_unless_it_is_wanted(self):
        environment = {'http_proxy': 'http://127.0.0.1:1', 'HTTP_PROXY': 'http://127.0.0.1:1', 'no_proxy': ''}
        with Sluice(served(), environment=environment) as server, RawClient(server) as client:
            self.assertEqual(ask(client, hostile.url('/fine'))[0], ANSWERED)
            self.assertEqual(ask(client, hostile.url('/fine'), 'proxy=1')[0], FAILED)

    def test_a_server_that_fails_is_left_alone(self):
        with Sluice(served(http={'breaker_failures': 2, 'breaker_pause': '10ms'})) as server, RawClient(server) as client:
            url = hostile.url('/reset')
            self.assertEqual([ask(client, url)[0] for _ in range(2)], [FAILED, FAILED])
            wait_until(lambda: 'http_breaker_opened' in server.log(), 'the log says so')
            self.assertNotIn('/reset', server.log())
            wait_until(lambda: ask(client, hostile.url('/fine'))[0] == ANSWERED, 'it is asked again')
            wait_until(lambda: 'http_breaker_closed' in server.log(), 'the log says so')

    def test_a_reload_takes_the_requests_of_a_replaced_instance_along(self):
        with Sluice(served()) as server, RawClient(server) as client:
            client.text(f'ask {hostile.url("/never")} timeout=3000000')
            wait_until(lambda: server.metric('sluice_http_in_flight') == 1, 'the request is under way')
            server.reload(settings(endpoint('/ws', [requester(note='another')])))
            wait_until(lambda: 'nobody is told: 6' in server.log(), 'it is cancelled')
            self.assertEqual(ask(client, hostile.url('/fine'))[0], ANSWERED)

    def test_a_server_that_stops_waits_for_its_grace(self):
        server = Sluice(served(shutdown={'grace': '50ms'}), ).start()
        with RawClient(server) as client:
            client.text(f'ask {hostile.url("/never")} timeout=3000000 nobody=1')
            wait_until(lambda: server.metric('sluice_http_in_flight') == 1, 'the request is under way')
        server.stop()
        self.assertIn('nobody is told: 6 0 0 : the server is stopping', server.log())


if __name__ == '__main__':
    unittest.main()
