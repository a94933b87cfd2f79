"""The SDK's examples in a running server, and http-auth with a real HTTP service."""

import http.server
import json
import os
import threading
import unittest

from harness import (BUILD, RawClient, Refused, ServedTest, Sluice, endpoint, settings,
                     upgrade_request, wait_until)


class Service(http.server.ThreadingHTTPServer):
    """Says who may come in, by the token."""

    daemon_threads = True

    def __init__(self):
        self.connections = set()
        self.asked = 0
        self.release = threading.Event()
        super().__init__(('127.0.0.1', 0), Handler)
        self.thread = threading.Thread(target=self.serve_forever)
        self.thread.start()

    @property
    def url(self):
        return f'http://127.0.0.1:{self.server_address[1]}/auth'

    def handle_error(self, request, client_address):
        pass  # clients that give up are what is tested

    def end(self):
        self.release.set()
        self.shutdown()
        self.server_close()
        self.thread.join()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        self.server.asked += 1
        self.server.connections.add(self.client_address)
        token = self.headers['Authorization'].split()[1]
        if token == 'hang':
            self.server.release.wait(20)
        self.send_response({'ada': 200, 'bob': 200, 'no': 403, 'expired': 401}.get(token, 500))
        self.send_header('X-Identity', token)
        self.send_header('Content-Length', '2')
        self.end_headers()
        self.wfile.write(b'ok')

    def log_message(self, *_):
        pass


class HttpAuth(unittest.TestCase):
    def setUp(self):
        self.service = Service()
        self.addCleanup(self.service.end)

    def serve(self, **stage):
        return Sluice(settings(endpoint('/ws', [
            {'plugin': 'http-auth', 'options': {'url': self.service.url}, **stage},
            {'plugin': 'enrich'}], identity='required'), loops=2))

    def refused(self, server, token):
        with self.assertRaises(Refused) as caught:
            RawClient(server, query=f'?token={token}')
        return caught.exception.status

    def test_the_service_decides(self):
        with self.serve() as server:
            for name in ('ada', 'bob', 'ada'):
                with RawClient(server, query=f'?token={name}') as client:
                    client.text('{}')
                    self.assertEqual(json.loads(client.read_text())['from'], name)
            self.assertEqual([self.refused(server, token) for token in ('no', 'expired', 'odd')],
                             [403, 401, 503])
            self.assertEqual(self.service.asked, 6)
            self.assertLess(len(self.service.connections), 6)  # they are used again
            with self.assertRaises(Refused) as caught:
                RawClient(server)
            self.assertEqual(caught.exception.status, 401)

    def test_service_that_hangs(self):
        with self.serve(timeout='200ms') as server:
            self.assertEqual(self.refused(server, 'hang'), 503)
            with RawClient(server, query='?token=ada'):
                pass

    def test_client_that_does_not_wait(self):
        with self.serve() as server:
            client = RawClient(server, upgrade=False)
            client.send(upgrade_request('/ws?token=hang'))
            wait_until(lambda: self.service.asked == 1, 'the service to be asked')
            client.socket.close()
            server.wait_for_metric(0, 'sluice_deferrals')
            server.wait_for_metric(0, 'sluice_offload_running')

    def test_service_that_is_gone(self):
        with self.serve() as server:
            self.service.end()
            self.assertEqual(self.refused(server, 'ada'), 503)


class Others(ServedTest):
    configuration = settings(
        endpoint('/profanity', [{'plugin': 'profanity', 'options': {'words': ['heck']}}]),
        endpoint('/topics', [{'plugin': 'topic-router'}]),
        endpoint('/words', [{'plugin': 'word-count'}]),
        endpoint('/echo', [{'plugin': 'echo'}]), loops=2)

    def ask(self, client, text):
        client.text(text)
        return client.read_text()

    def test_profanity(self):
        with RawClient(self.server, '/profanity') as client:
            self.assertEqual(self.ask(client, 'what the Heck'), 'what the ****')

    def test_topic_router(self):
        with RawClient(self.server, '/topics') as one, RawClient(self.server, '/topics') as two:
            self.assertEqual(self.ask(one, '{"subscribe":"news"}'), '{"subscribed":"news"}')
            two.text('{"topic":"news","text":"hi"}')
            self.assertEqual(one.read_text(), '{"topic":"news","text":"hi"}')
            self.assertEqual(self.ask(two, 'all'), 'all')
            self.assertEqual(one.read_text(), 'all')

    def test_word_count(self):
        with RawClient(self.server, '/words') as client:
            self.assertEqual(self.ask(client, 'to be or to'), 'to be or to')
            self.assertEqual(self.ask(client, 'words'), "4 words, most of all 'to'")

    def test_echo(self):
        with RawClient(self.server, '/echo') as client, RawClient(self.server, '/echo'):
            self.assertEqual(self.ask(client, 'me only'), 'me only')


@unittest.skipUnless(os.path.exists(os.path.join(BUILD, 'plugins/shout.so')), 'there is no rustc')
class Rust(unittest.TestCase):
    def test_shout(self):
        with Sluice(settings(endpoint('/ws', [{'plugin': 'shout'}]))) as server, \
                RawClient(server) as client:
            client.text('hello')
            self.assertEqual(client.read_text(), 'HELLO')


if __name__ == '__main__':
    unittest.main()
