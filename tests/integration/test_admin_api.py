"""The admin API and the commands that use it: counts, clients, broadcast, kick, and who may ask."""

import base64
import http.client
import json
import os
import re
import signal
import subprocess
import unittest

from harness import (BINARY, ROOT, TEXT, RawClient, ServedTest, Sluice, endpoint, patience,
                     run_sluice, settings, temporary_folder, wait_until)
from harness.admin import ask
from harness.server import binary

LIMIT = 1 << 20


class ApiTest(ServedTest):
    configuration = settings(endpoint('/ws'), endpoint('/other'),
                             endpoint('/topics', [{'plugin': 'later'}]))

    def setUp(self):
        self.clients = []

    def tearDown(self):
        for client in self.clients:
            client.socket.close()
        self.server.wait_for_metric(0, 'sluice_clients')

    def connect(self, path='/ws', count=1):
        clients = [RawClient(self.server, path) for _ in range(count)]
        self.clients += clients
        self.server.wait_for_metric(len(self.clients), 'sluice_clients')
        return clients

    def ask(self, *what, **how):
        return ask(self.server, *what, **how)

    def broadcast(self, **body):
        return self.ask('POST', '/api/v1/broadcast', body)[:2]


class Count(ApiTest):
    def test_clients_by_endpoint(self):
        self.connect(count=2)
        self.connect('/other')
        self.assertEqual(self.ask('GET', '/api/v1/count')[:2],
                         (200, {'clients': 3, 'by_endpoint': {'/ws': 2, '/other': 1, '/topics': 0}}))


class Broadcast(ApiTest):
    def test_text_to_everybody(self):
        clients = self.connect(count=2) + self.connect('/other')
        self.assertEqual(self.broadcast(text='Grüße'), (200, {'delivered_to': 3}))
        for client in clients:
            self.assertEqual(client.read_frame(), (TEXT, 'Grüße'.encode()))

    def test_bytes_to_an_endpoint(self):
        here, there = self.connect() + self.connect('/other')
        for data in (b'', b'\0', b'\0\1', b'\0\1\2', bytes(range(256))):
            self.assertEqual(self.broadcast(endpoint='/other',
                                            base64=base64.b64encode(data).decode()),
                             (200, {'delivered_to': 1}))
            self.assertEqual(there.read_frame(), (BINARY, data))
        here.text('only this')
        self.assertEqual(here.read_text(), 'only this')

    def test_topic(self):
        clients = self.connect('/topics', 4)
        for client in clients[1:]:
            client.text('subscribe news')
            self.assertEqual(client.read_text(), 'subscribe 0')
        for endpoint_ in ({}, {'endpoint': '/topics'}):
            self.assertEqual(self.broadcast(topic='news', text='new', **endpoint_),
                             (200, {'delivered_to': 3}))
            for client in clients[1:]:
                self.assertEqual(client.read_text(), 'new')
        self.assertEqual(self.broadcast(topic='news', text='new', endpoint='/ws'),
                         (200, {'delivered_to': 0}))
        told = self.ask('GET', '/api/v1/clients')[1]['clients']
        self.assertEqual(sorted(client['topics'] for client in told), [0, 1, 1, 1])

    def test_topic_without_subscribers(self):
        self.connect()
        self.assertEqual(self.broadcast(topic='news', text='x'), (200, {'delivered_to': 0}))

    def test_largest(self):
        client, = self.connect()
        text = 'x' * (LIMIT - len(json.dumps({'text': ''})))
        self.assertEqual(self.broadcast(text=text), (200, {'delivered_to': 1}))
        self.assertEqual(len(client.read_frame()[1]), len(text))
        self.assertEqual(self.broadcast(text=text + 'x')[0], 413)

    def test_what_is_not_understood(self):
        for body in ({}, {'text': 'a', 'base64': ''}, {'text': 1}, {'text': None},
                     {'text': 'a', 'endpoints': '/ws'}, {'base64': 'A'}, {'base64': 'AA=A'},
                     {'base64': 'A==='}, {'base64': '\u00e4\u00e4'}, {'text': 'a', 'topic': ''},
                     {'text': 'a', 'topic': 'x' * 256}):
            with self.subTest(body=body):
                status, answer = self.broadcast(**body)
                self.assertEqual((status, answer['error']), (422, 'not understood'))
        self.assertEqual(self.broadcast(text='a', endpoint='/nowhere')[0], 404)

    def test_what_is_no_json(self):
        for body in ('', '{', '[]', '"text"', '{"text":"a"}}', '{"text":"\\u0000"}',
                     '[' * 100000, '{"text":"a\0"}'):
            with self.subTest(body=body[:20]):
                answer = self.ask('POST', '/api/v1/broadcast', body,
                                  Content_Type='application/json')
                self.assertEqual((answer[0], answer[1]['error']), (400, 'bad request'))

    def test_what_is_no_utf_8(self):
        answer = self.ask('POST', '/api/v1/broadcast', b'{"text":"\xff"}',
                          Content_Type='application/json')
        self.assertEqual(answer[0], 422)

    def test_chunked(self):
        client, = self.connect()
        pieces = iter([b'{"text":', b'"in pieces"}'])
        answer = self.ask('POST', '/api/v1/broadcast', pieces, Content_Type='application/json')
        self.assertEqual(answer[0], 200)
        self.assertEqual(client.read_text(), 'in pieces')
        endless = (b'x' * 65536 for _ in range(40))
        self.assertEqual(self.ask('POST', '/api/v1/broadcast', endless,
                                  Content_Type='application/json')[0], 413)


class Clients(ApiTest):
    def page(self, query=''):
        status, answer, _ = self.ask('GET', '/api/v1/clients' + query)
        self.assertEqual(status, 200)
        return answer

    def test_what_is_told(self):
        client, = self.connect('/other')
        told, = self.page()['clients']
        address, port = client.socket.getsockname()
        self.assertEqual((told['endpoint'], told['address'], told['port'], told['identity'],
                          told['state'], told['tls'], told['topics']),
                         ('/other', address, port, None, 'open', False, 0))
        self.assertEqual(self.ask('GET', f'/api/v1/clients/{told["id"]}')[1]['port'], port)

    def test_pages_have_everybody_once(self):
        self.connect(count=25)
        found = []
        query = '?limit=4'
        for _ in range(10):
            page = self.page(query)
            found += [client['id'] for client in page['clients']]
            if 'next' not in page:
                break
            self.assertEqual(len(page['clients']), 4)
            query = f'?limit=4&after={page["next"]}'
        self.assertEqual(len(found), 25)
        self.assertEqual(len(set(found)), 25)

    def test_last_page_that_is_full_has_no_next(self):
        self.connect(count=4)
        self.assertNotIn('next', self.page('?limit=4'))

    def test_wrong_queries(self):
        for query in ('limit=0', 'limit=1001', 'limit=-1', 'limit=x', 'limit=', 'after=x',
                      'after=99999999999999999999999', 'limit=' + '1' * 100):
            self.assertEqual(self.ask('GET', '/api/v1/clients?' + query)[0], 400, query)

    def test_kick(self):
        stays, goes = self.connect(count=2)
        goes.text('hi')
        self.assertEqual((stays.read_text(), goes.read_text()), ('hi', 'hi'))
        port = goes.socket.getsockname()[1]
        one, = [told['id'] for told in self.page()['clients'] if told['port'] == port]
        self.assertEqual(self.ask('DELETE', f'/api/v1/clients/{one}')[:2], (200, {'closed': one}))
        self.assertEqual(goes.expect_close(), (1008, b'closed by the administrator'))
        wait_until(lambda: self.ask('GET', f'/api/v1/clients/{one}')[0] == 404, 'it is gone')
        self.assertEqual(self.ask('DELETE', f'/api/v1/clients/{one}')[0], 404)
        stays.text('still here')
        self.assertEqual(stays.read_text(), 'still here')
        self.clients.remove(goes)

    def test_nobody(self):
        for one in ('0', '1', '255', '18446744073709551615', '18446744073709551616', 'x', '-1',
                    '1x', '%31', '1%00'):
            self.assertEqual(self.ask('GET', f'/api/v1/clients/{one}')[0], 404, one)
        for path in ('/api/v1/clients/', '/api/v1/clients/1/2', '/api/v1/client'):
            self.assertEqual(self.ask('GET', path)[0], 404, path)


class Requests(ApiTest):
    def test_methods(self):
        for method, path, allowed in (('POST', '/api/v1/count', 'GET, HEAD'),
                                      ('GET', '/api/v1/reload', 'POST'),
                                      ('PUT', '/api/v1/clients/1', 'GET, HEAD, DELETE'),
                                      ('DELETE', '/healthz', 'GET, HEAD')):
            status, answer, headers = self.ask(method, path)
            self.assertEqual((status, headers['Allow']), (405, allowed))
            self.assertEqual(answer['error'], 'method not allowed')

    def test_the_description_names_the_same_paths_and_methods(self):
        described = {}
        with open(os.path.join(ROOT, 'docs/openapi.yaml')) as file:
            for line in file:
                if found := re.match(r'  (/\S*):$', line):
                    methods = described.setdefault(found.group(1), set())
                elif found := re.match(r'    (get|post|put|delete):$', line):
                    methods |= {'GET', 'HEAD'} if found[1] == 'get' else {found[1].upper()}
        self.assertIn('/api/v1/clients/{id}', described)
        for path, methods in described.items():
            status, _, headers = self.ask('PATCH', path.replace('{id}', '1'))
            self.assertEqual((status, set(headers['Allow'].split(', '))), (405, methods), path)

    def test_head(self):
        self.assertEqual(self.ask('HEAD', '/api/v1/count')[:2], (200, None))

    def test_content_type(self):
        for kind in ('text/plain', 'application/jsonp', 'application/x-www-form-urlencoded'):
            self.assertEqual(self.ask('POST', '/api/v1/broadcast', '{"text":"x"}',
                                      Content_Type=kind)[0], 415)
        self.assertEqual(self.ask('POST', '/api/v1/broadcast', '{"text":"x"}',
                                  Content_Type='application/json; charset=utf-8')[0], 200)

    def test_pages_of_other_origins_are_refused(self):
        own = 'http://%s:%d' % self.server.admin_address
        for origin, status in (('http://evil.example', 403), ('null', 403), (own, 200)):
            self.assertEqual(self.ask('POST', '/api/v1/broadcast', {'text': 'x'},
                                      Origin=origin)[0], status, origin)
            self.assertEqual(self.ask('POST', '/api/v1/reload', Origin=origin)[0], status)

    def test_names_that_were_pointed_here_are_refused(self):
        for path in ('/api/v1/count', '/api/v1/clients', '/metrics', '/healthz', '/readyz',
                     '/nowhere'):
            for host in ('evil.example', 'evil.example:9090', '127.0.0.1.evil.example'):
                with self.subTest(path=path, host=host):
                    status, answer, _ = self.ask('GET', path, Host=host)
                    self.assertEqual((status, answer['error']), (403, 'forbidden'))
        self.assertEqual(self.ask('GET', '/api/v1/count', Host='localhost:1')[0], 200)
        for host in ('localhost:9090', '127.0.0.1', '[::1]:9090'):
            self.assertIn('sluice_clients', self.server.admin('/metrics', Host=host))

    def test_a_listener_with_a_token_may_be_asked_by_any_name(self):
        with temporary_folder() as folder:
            token = os.path.join(folder, 'token')
            with open(os.open(token, os.O_CREAT | os.O_WRONLY, 0o600), 'w') as file:
                file.write('0123456789abcdef0123456789abcdef\n')
            admin = {'listen': '127.0.0.1:0', 'token_file': token}
            with Sluice(settings(endpoint('/ws'), admin=admin)) as server:
                self.assertEqual(ask(server, 'GET', '/healthz', Host='sluice.example')[0], 200)
                self.assertEqual(ask(server, 'GET', '/metrics', Host='sluice.example')[0], 401)

    def test_asterisk(self):
        with RawClient(self.server, address=self.server.admin_address, upgrade=False) as client:
            client.send(b'OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n')
            client.read_to_end()
        self.assertEqual(self.ask('GET', '/healthz')[0], 200)


class Reload(unittest.TestCase):
    def test_errors_have_positions(self):
        with Sluice(settings(endpoint('/ws'))) as server:
            status, answer, _ = ask(server, 'POST', '/api/v1/reload')
            self.assertEqual((status, answer['generation'], answer['complete']), (200, 2, True), answer)
            server.write(settings(endpoint('/ws', nonsense=1, echo='perhaps')))
            status, answer, _ = ask(server, 'POST', '/api/v1/reload')
            self.assertEqual((status, answer['error']), (422, 'not reloaded'))
            self.assertEqual(len(answer['errors']), 2)
            for error in answer['errors']:
                self.assertEqual(error['file'], server.file)
                self.assertGreater(error['line'], 0)
                self.assertGreater(error['column'], 0)
                self.assertTrue(error['message'])


class Stopping(unittest.TestCase):
    def test_stopping_while_somebody_asks(self):
        server = Sluice(settings(endpoint('/ws'), shutdown={'grace': '1s'})).start()
        client = RawClient(server)
        server.process.send_signal(signal.SIGTERM)
        for _ in range(20):
            try:
                ask(server, 'GET', '/api/v1/clients')
            except (OSError, http.client.HTTPException):
                break
        client.socket.close()
        server.stop()


class Commands(ApiTest):
    def run_command(self, *arguments, given=b''):
        done = subprocess.run(
            [binary(), *arguments, '--admin', 'http://%s:%d/' % self.server.admin_address],
            input=given, capture_output=True, timeout=patience(20))
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def test_status(self):
        self.connect()
        code, out, _ = self.run_command('status')
        self.assertEqual(code, 0)
        self.assertIn('/ws: 1 client\n', out)
        self.assertIn('/other: 0 clients\n', out)
        told = json.loads(self.run_command('status', '--json')[1])
        self.assertEqual(told['by_endpoint'], {'/ws': 1, '/other': 0, '/topics': 0})
        self.assertEqual(told['pipeline']['endpoints'][2]['pipeline'][0]['plugin'], 'later')

    def test_clients_and_kick(self):
        client, = self.connect()
        one, = json.loads(self.run_command('clients', '--json')[1])['clients']
        self.assertRegex(self.run_command('clients')[1], rf'(?m)^{one["id"]} +127\.0\.0\.1:\d+ +/ws')
        self.assertEqual(self.run_command('kick', one['id'])[0], 0)
        self.assertEqual(client.expect_close()[0], 1008)
        self.clients.clear()
        self.server.wait_for_metric(0, 'sluice_clients')
        code, _, error = self.run_command('kick', one['id'])
        self.assertEqual((code, error),
                         (1, 'sluice: not found: there is no client with this id (HTTP 404)\n'))
        self.assertEqual(self.run_command('kick', 'everybody')[0], 2)
        self.assertEqual(self.run_command('kick')[0], 2)

    def test_publish(self):
        here, there = self.connect() + self.connect('/other')
        self.assertEqual(self.run_command('publish', 'to all')[:2], (0, 'delivered to: 2\n'))
        self.assertEqual((here.read_text(), there.read_text()), ('to all', 'to all'))
        self.assertEqual(self.run_command('publish', '--endpoint', '/ws', given=b'two\nlines')[0], 0)
        self.assertEqual(here.read_text(), 'two\nlines')
        self.assertEqual(self.run_command('publish', '--json', given=b'\xff\0')[:2],
                         (0, '{"delivered_to":2}\n'))
        self.assertEqual(here.read_frame(), (BINARY, b'\xff\0'))
        self.assertEqual(self.run_command('publish', '--endpoint', '/no', 'x')[0], 1)
        self.assertEqual(self.run_command('publish', '--topic', 'news', 'x')[1],
                         'delivered to: 0\n')
        code, _, error = self.run_command('publish', given=b'x' * (LIMIT + 1))
        self.assertEqual((code, error), (1, 'sluice publish: a message may have 1 MiB\n'))

    def test_options_of_others(self):
        self.assertEqual(self.run_command('status', '--topic', 'x')[0], 2)
        self.assertEqual(run_sluice('check', '--admin', '127.0.0.1:1')[0], 2)


class Nobody(unittest.TestCase):
    def test_no_server(self):
        with Sluice(settings()) as server:
            pass
        address = '%s:%d' % server.admin_address
        code, _, error = run_sluice('status', '--admin', address)
        self.assertEqual(code, 1)
        self.assertIn(f'no server answers on {address} (--admin): is it running?', error)

    def test_no_admin_listener(self):
        with Sluice(settings(), arguments=()) as server:
            server.write(settings(admin=None))
            code, _, error = run_sluice('status', '-c', server.file)
            self.assertEqual(code, 1)
            self.assertIn('there is no admin.listen', error)

    def test_something_else_answers(self):
        with Sluice(settings()) as server:
            code, _, error = run_sluice('status', '--admin', server.url[len('ws://'):])
            self.assertEqual(code, 1)
            self.assertIn('is this the admin listener?', error)
