"""The SDK's examples in a running server, and http-auth with a real HTTP service."""

import glob
import http.server
import json
import os
import threading
import unittest

from harness import (BUILD, RawClient, Refused, ServedTest, Sluice, endpoint, run, run_sluice, settings,
                     temporary_folder, upgrade_request, wait_until)


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

    def is_let_in(self, server, token):
        try:
            with RawClient(server, query=f'?token={token}'):
                return True
        except Refused:
            return False

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
            wait_until(lambda: self.is_let_in(server, 'ada'), 'an answer in time')  # 200 ms may be too short for one.

    def test_client_that_does_not_wait(self):
        with self.serve() as server:
            client = RawClient(server, upgrade=False)
            client.send(upgrade_request('/ws?token=hang'))
            wait_until(lambda: self.service.asked == 1, 'the service to be asked')
            client.socket.close()
            server.wait_for_metric(0, 'sluice_deferrals')
            server.wait_for_metric(0, 'sluice_http_in_flight')

    def test_service_that_is_gone(self):
        with self.serve() as server:
            self.service.end()
            self.assertEqual(self.refused(server, 'ada'), 503)


class Others(ServedTest):
    configuration = settings(
        endpoint('/profanity', [{'plugin': 'profanity', 'options': {'words': ['heck']}}]),
        endpoint('/topics', [{'plugin': 'topic-router'}]),
        endpoint('/budget', [{'plugin': 'budget', 'options': {'messages': 2}}]),
        endpoint('/names', [{'plugin': 'directory'}, {'plugin': 'whisper'}]),
        endpoint('/words', [{'plugin': 'word-count'}]),
        endpoint('/echo', [{'plugin': 'echo'}]), loops=2)

    def ask(self, client, text):
        client.text(text)
        return client.read_text()

    def test_profanity(self):
        with RawClient(self.server, '/profanity') as client:
            self.assertEqual(self.ask(client, 'what the Heck'), 'what the ****')

    def test_budget(self):
        with RawClient(self.server, '/budget') as client:
            self.assertEqual(self.ask(client, 'one'), 'one')
        with RawClient(self.server, '/budget') as client:
            self.assertEqual(self.ask(client, 'two'), 'two')
            self.assertEqual(self.ask(client, 'three'), 'your budget is used up')

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

    def test_directory(self):
        with RawClient(self.server, '/names?name=ada') as ada, RawClient(self.server, '/names?name=bob') as bob:
            self.assertEqual(self.ask(ada, 'to all'), 'to all')
            self.assertEqual(bob.read_text(), 'to all')
            ada.text('@eve nobody has this name')
            ada.text('@bob hello')
            self.assertEqual(bob.read_text(), 'ada: hello')
            self.assertEqual(self.ask(bob, 'to all'), 'to all')
            self.assertEqual(ada.read_text(), 'to all')

    def test_whisper_before_the_directory_fails_a_check(self):
        with temporary_folder() as folder:
            file = os.path.join(folder, 'my.yaml')
            with open(file, 'w', encoding='utf-8') as out:
                out.write("listen: [{address: '127.0.0.1:0'}]\nplugins: {path: ['%s']}\nendpoints:\n- path: /ws\n"
                          '  pipeline:\n  - plugin: whisper\n  - plugin: directory\n' % os.path.join(BUILD, 'plugins'))
            status, _, error = run_sluice('check', '-c', file)
        self.assertEqual(status, 1, error)
        self.assertIn(f"{file}:6:13: plugin 'whisper' could not be set up: no instance before it in the pipeline provides "
                      "the service 'directory' 1.0", error)
        self.assertIn(f"{file}:6:13: put plugin 'whisper' behind directory#1", error)

    def test_echo(self):
        with RawClient(self.server, '/echo') as client, RawClient(self.server, '/echo'):
            self.assertEqual(self.ask(client, 'me only'), 'me only')


class Files(unittest.TestCase):
    """What every plugin that sluice_add_plugin has built is like, whatever its language."""

    def test_export_one_symbol(self):
        files = sorted(glob.glob(os.path.join(BUILD, 'plugins/*.so')))
        self.assertIn(os.path.join(BUILD, 'plugins/word-count.so'), files)
        shown = run('nm', '-D', '--defined-only', '--format=posix', '--print-file-name', *files)
        exported = [line.partition(':') for line in shown.stdout.splitlines()]
        # A version and `u` for unique would stand there, too.
        self.assertEqual([file for file, _, _ in exported], files)
        for file, _, symbol in exported:
            self.assertRegex(symbol, r'^ sluice_plugin [BDR] ', file)

    def test_in_cpp_go_with_a_reload(self):
        with Sluice(settings(endpoint('/ws', [{'plugin': 'word-count'}]), loops=2)) as server:
            with RawClient(server) as client:
                for text in ('to be', 'words'):
                    client.text(text)
                self.assertEqual(client.read_text(), 'to be')
                self.assertEqual(client.read_text(), "2 words, most of all 'be'")
            self.assertEqual(self.loaded(server), 1)
            server.reload(settings(endpoint('/ws'), loops=2))
            wait_until(lambda: self.loaded(server) == 0, 'the file to be unloaded')
            self.assertNotIn('plugin_not_unloaded', server.log())

    def test_that_stay_are_named(self):
        folder = os.path.join(BUILD, 'tests/plugins/broken')
        with Sluice(settings(endpoint('/ws', [{'plugin': 'keeps-thread-local'}]), plugins={'path': [folder]})) as server:
            with RawClient(server) as client:
                client.text('one')
                client.read_text()
            server.reload(settings(endpoint('/ws')))
            server.wait_for_log('keeps-thread-local 1.0.0 is not used any more and stays in memory')
            self.assertIn('"event":"plugin_not_unloaded","plugin":"keeps-thread-local"', server.log())

    def test_that_stay_fail_a_check(self):
        file = os.path.join(BUILD, 'tests/plugins/broken/keeps-thread-local.so')
        status, output, error = run_sluice('test-plugin', file, '--only', 'contract/unloads', '--format', 'json')
        self.assertEqual(status, 1, output + error)
        self.assertIn('the file stays in memory when a reload replaces it', output)
        self.assertIn('a thread-local object of it with a destructor', output)

    @staticmethod
    def loaded(server):
        """How many plugins' code the server has in memory."""
        with open(f'/proc/{server.pid}/maps', encoding='utf-8') as maps:
            return sum('sluice-plugin' in line and ' r-xp ' in line for line in maps)


@unittest.skipUnless(os.path.exists(os.path.join(BUILD, 'plugins/shout.so')), 'there is no rustc')
class Rust(unittest.TestCase):
    def test_shout(self):
        with Sluice(settings(endpoint('/ws', [{'plugin': 'shout'}]))) as server, \
                RawClient(server) as client:
            client.text('hello')
            self.assertEqual(client.read_text(), 'HELLO')


if __name__ == '__main__':
    unittest.main()
