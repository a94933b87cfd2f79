"""serve --record, and replay: what was recorded goes through pipelines offline."""

import base64
import json
import os
import resource
import stat
import unittest

from harness import RawClient, Sluice, endpoint, run_sluice, settings, temporary_folder


class Replay(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()
        self.addCleanup(self.folder.cleanup)
        self.file = os.path.join(self.folder.name, 'traffic.jsonl')

    def record(self, *arguments):
        with Sluice(settings(endpoint('/ws', [{'plugin': 'later'}]), loops=2),
                    arguments=['--record', self.file, *arguments]) as server:
            headers = [('Authorization', 'Bearer geheim'), ('Cookie', 'a=geheim'), ('X-Kind', 'x')]
            with RawClient(server, query='?name=ada&token=geheim&room=1',
                           headers=headers) as client:
                for text in ('say one', 'say heck', 'get tag', 'say two'):
                    client.text(text)
                client.send_frame(2, b'\0\xff')
                self.assertEqual([client.read_text() for _ in range(4)],
                                 ['say one', 'say heck', 'untagged', 'say two'])
                client.read_frame()
                client.close()
            return server

    def events(self):
        with open(self.file, encoding='utf-8') as file:
            return [json.loads(line) for line in file]

    def config(self, name, *pipeline):
        file = os.path.join(self.folder.name, name)
        with open(file, 'w', encoding='utf-8') as out:
            json.dump(settings(endpoint('/ws', list(pipeline))), out)
        return file

    def test_recording_holds_no_credentials(self):
        self.record()
        with open(self.file, encoding='utf-8') as file:
            text = file.read()
        events = [json.loads(line) for line in text.splitlines()]
        self.assertNotIn('geheim', text)
        self.assertEqual([event['event'] for event in events],
                         ['open'] + ['message'] * 5 + ['close'])
        self.assertEqual((events[0]['identity'], events[0]['query']['room'],
                          events[0]['headers']['X-Kind'], events[5]['base64'], events[6]['code']),
                         ('ada', '1', 'x', 'AP8=', 1000))
        self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode), 0o600)

    def test_recording_is_bounded_and_writes_over_nothing(self):
        server = self.record('--record-limit', '700')
        self.assertLessEqual(os.path.getsize(self.file), 700)
        server.wait_for_log('ends here')
        other = os.path.join(self.folder.name, 'precious.txt')
        with open(os.open(other, os.O_CREAT | os.O_WRONLY, 0o600), 'w') as file:
            file.write('precious')
        status, _, error = run_sluice('serve', '-c', self.config('x.yaml'), '--record', other)
        self.assertEqual(status, 1)
        self.assertIn('is no recording', error)
        with open(other) as file:
            self.assertEqual(file.read(), 'precious')

    def test_a_server_that_was_killed_goes_on_with_its_recording(self):
        server = Sluice(settings(endpoint('/ws')), arguments=['--record', self.file]).start()
        with RawClient(server) as client:
            client.text('before')
            client.read_text()
            server.abandon()
        with open(self.file, 'a') as file:
            file.write('{"event":"mess')  # as a full disk cuts it
        with Sluice(settings(endpoint('/ws')), arguments=['--record', self.file]) as server:
            with RawClient(server) as client:
                client.text('after')
                client.read_text()
        self.assertEqual([(event['event'], event.get('text')) for event in self.events()],
                         [('open', None), ('message', 'before'), ('start', None), ('open', None),
                          ('message', 'after'), ('close', None)])
        status, output, error = run_sluice('replay', self.file, '-c', self.config('now.yaml'))
        self.assertEqual((status, error), (0, ''))
        self.assertIn('2 continue', output)

    def test_a_full_disk_is_said_at_once_and_counted(self):
        with Sluice(settings(endpoint('/ws')), arguments=['--record', self.file]) as server:
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (2000, 2000))
            with RawClient(server) as client:
                for _ in range(60):
                    client.text('x' * 40)
                    client.read_text()
                server.wait_for_log('cannot write to')
                server.wait_for_log('the recording ends here')
                self.assertGreater(server.metric('sluice_recording_lost_events_total'), 0)
                written = server.metric('sluice_recorded_events_total')
                self.assertEqual(written, len(self.events()))
                client.close()

    def test_verdicts_and_what_another_configuration_changes(self):
        self.record()
        now = self.config('now.yaml', {'plugin': 'later'})
        then = self.config('then.yaml', {'plugin': 'profanity', 'options': {'words': ['heck']}},
                           {'plugin': 'later'})
        status, output, error = run_sluice('replay', self.file, '-c', now)
        self.assertEqual((status, error), (0, ''))
        self.assertRegex(output, r'line 2, client \d+, /ws, 7 bytes: continue\n')
        self.assertRegex(output, r'line 4, client \d+, /ws, 7 bytes: handled by later\n')
        self.assertIn('3 continue, 0 drop, 2 handled', output)
        status, output, _ = run_sluice('replay', self.file, '-c', now, '--against', then)
        self.assertEqual(status, 1)
        self.assertRegex(output, r'- line 3, .*: continue\n\+ line 3, .*, changed to say \*\*\*\*\n')
        self.assertIn('1 decided differently', output)
        self.assertEqual(run_sluice('replay', self.file, '-c', now, '--against', now)[0], 0)
        self.in_json(now, then)

    def in_json(self, now, then):
        status, output, error = run_sluice('replay', self.file, '-c', now, '--json')
        self.assertEqual((status, error), (0, ''))
        *said, last = map(json.loads, output.splitlines())
        self.assertEqual([(one['line'], one['endpoint'], one['bytes'], one['verdict']) for one in said],
                         [(2, '/ws', 7, 'continue'), (3, '/ws', 8, 'continue'), (4, '/ws', 7, 'handled'),
                          (5, '/ws', 7, 'continue'), (6, '/ws', 2, 'handled')])
        self.assertEqual(said[2]['by'], 'later')
        counts = {'config': now, 'error': 0, 'continue': 3, 'drop': 0, 'handled': 2, 'close': 0}
        self.assertEqual(last, {'runs': [counts]})
        status, output, _ = run_sluice('replay', self.file, '-c', now, '--against', then, '--json')
        changed, last = map(json.loads, output.splitlines())
        self.assertEqual((status, changed['before']['verdict'], changed['after']['text']),
                         (1, 'continue', 'say ****'))
        self.assertEqual((last['changed'], last['runs'][0]), (1, counts))

    def write(self, *lines, end='\n'):
        with open(self.file, 'w', encoding='utf-8') as file:
            file.write('\n'.join(line if isinstance(line, str) else json.dumps(line)
                                 for line in lines) + end)

    def test_policies_and_topics_count_as_they_do_in_the_server(self):
        come = {'event': 'open', 'us': 0, 'client': '1', 'endpoint': '/ws', 'address': '127.0.0.1'}
        self.write(come, *({'event': 'message', 'us': 1, 'client': '1', 'type': 'text', 'text': text}
                           for text in ('topic news', 'defer error', 'defer drop')))
        for policy, verdicts in (
                ({}, ['continue, to the topic news', 'error by later', 'drop by later']),
                ({'on_error': 'continue'}, ['continue, to the topic news', 'continue', 'drop by later']),
                ({'mode': 'shadow'}, ['continue'] * 3)):
            with self.subTest(policy):
                config = self.config('now.yaml', {'plugin': 'later', **policy})
                status, output, error = run_sluice('replay', self.file, '-c', config)
                self.assertEqual((status, error), (0, ''))
                self.assertEqual([line.split(' bytes: ')[1] for line in output.splitlines()[:-1]], verdicts)

    def test_a_last_line_that_is_cut_off_is_left_out(self):
        self.record()
        with open(self.file, 'rb+') as file:
            file.truncate(os.path.getsize(self.file) - 9)
        status, output, error = run_sluice('replay', self.file, '-c', self.config('now.yaml'))
        self.assertEqual((status, error), (0, ''))
        self.assertIn('line 7 is cut off, left out', output)
        self.assertIn('5 continue', output)

    def test_damaged_recordings_end_with_their_line(self):
        come = {'event': 'open', 'us': 0, 'client': '1', 'endpoint': '/ws', 'address': '127.0.0.1',
                'headers': {}, 'query': {}}
        said = {'event': 'message', 'us': 1, 'client': '1', 'type': 'text', 'text': 'x'}
        now = self.config('now.yaml')
        for wrong, what in (
                ({**said, 'client': '2'}, 'has not come'),
                ({**said, 'client': ''}, "no client's id"),
                ({**said, 'type': 'song'}, 'neither text nor binary'),
                ({**said, 'text': None}, 'either a text or a base64'),
                ({**said, 'base64': 'AP8='}, 'either a text or a base64'),
                ({**said, 'text': None, 'base64': 'AP8'}, 'base64 is damaged'),
                ({**said, 'text': None, 'base64': 'A*8='}, 'base64 is damaged'),
                ({**said, 'event': 'shout'}, 'not a line of a recording'),
                ({**said, 'us': 'soon'}, 'no time'),
                ({'event': 'close', 'us': 2, 'client': '2', 'code': 1000}, 'has not come'),
                ({'event': 'close', 'us': 2, 'client': '1'}, 'no code'),
                (come, 'there already'), ('{"event":"mess', 'no time'), ('', 'no time')):
            with self.subTest(wrong=wrong):
                self.write(come, wrong, said)
                status, _, error = run_sluice('replay', self.file, '-c', now)
                self.assertEqual(status, 1, error)
                self.assertRegex(error, rf'traffic\.jsonl:2: .*{what}')

    def test_endpoints_that_the_configuration_does_not_have_are_said(self):
        come = {'event': 'open', 'us': 0, 'client': '1', 'endpoint': '/old', 'address': '127.0.0.1'}
        said = {'event': 'message', 'us': 1, 'client': '1', 'type': 'text', 'text': 'x'}
        self.write(come, said, {'event': 'close', 'us': 2, 'client': '1', 'code': 1000})
        status, output, error = run_sluice('replay', self.file, '-c', self.config('now.yaml'))
        self.assertEqual((status, error), (0, ''))
        self.assertIn('client 1, /old: there is no such endpoint, left out', output)

    def test_a_terminal_follows_nothing_that_was_recorded(self):
        come = {'event': 'open', 'us': 0, 'address': '127.0.0.1'}
        said = {'event': 'message', 'us': 1, 'client': '1\x1b[2J', 'type': 'text', 'text': 'defer continue \x1b]0;x\x07\x9b2J'}
        self.write({**come, 'client': '2', 'endpoint': '/old\x1b[2J'}, {**come, 'client': '1\x1b[2J', 'endpoint': '/ws'}, said)
        status, output, error = run_sluice('replay', self.file, '-c', self.config('now.yaml', {'plugin': 'later'}))
        self.assertEqual((status, error), (0, ''))
        self.assertIn('client 1?[2J, /ws', output)
        self.assertIn(r'changed to \x1b]0;x\x07\xc2\x9b2J', output)
        self.assertRegex(output, r'^[ -~\n]*$')

    def test_mistakes(self):
        self.record()
        bad = self.config('bad.yaml', {'plugin': 'nowhere'})
        status, _, error = run_sluice('replay', self.file, '-c', bad)
        self.assertEqual(status, 1)
        self.assertRegex(error, r"bad\.yaml:\d+:\d+: there is no plugin 'nowhere'")
        self.assertEqual(run_sluice('replay', self.file)[0], 2)
        status, output, _ = run_sluice('replay', self.file, '--json')
        self.assertEqual((status, json.loads(output)['error']), (2, 'usage'))
        status, _, error = run_sluice('replay', '/nowhere', '-c', bad)
        self.assertIn('No such file', error)


class Bytes(unittest.TestCase):
    """What clients send is not always text; what is recorded is always JSON."""

    def test_bytes_that_are_no_text(self):
        with temporary_folder() as folder:
            file = os.path.join(folder, 'traffic.jsonl')
            with Sluice(settings(endpoint('/ws')), arguments=['--record', file]) as server, \
                    RawClient(server, upgrade=False) as client:
                client.send(b'GET /ws?room=%ff%fe&%80=1&z=%00&good=1 HTTP/1.1\r\nHost: localhost\r\n'
                            b'Upgrade: websocket\r\nConnection: Upgrade\r\n'
                            b'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
                            b'Sec-WebSocket-Version: 13\r\nX-Name: J\xf6rg\r\n\r\n')
                self.assertEqual(client.read_response_head()[0], 101)
                client.text('hello')
                self.assertEqual(client.read_text(), 'hello')
            with open(file, 'rb') as lines:
                events = [json.loads(line.decode('utf-8')) for line in lines]
            pairs = {member: {base64.b64decode(name): base64.b64decode(value)
                              for name, value in events[0][member]}
                     for member in ('headers_base64', 'query_base64')}
            self.assertEqual(pairs['headers_base64'], {b'X-Name': b'J\xf6rg'})
            self.assertEqual(pairs['query_base64'][b'room'], b'\xff\xfe')
            self.assertEqual(pairs['query_base64'][b'\x80'], b'1')
            self.assertEqual(events[0]['query'], {'good': '1', 'z': '%00'})
            now = os.path.join(folder, 'now.yaml')
            with open(now, 'w') as out:
                json.dump(settings(endpoint('/ws', [{'plugin': 'rate-limit', 'options': {
                    'messages': '1/m', 'per': 'address'}}])), out)
            status, output, error = run_sluice('replay', file, '-c', now)
            self.assertEqual((status, error), (0, ''))
            self.assertIn('1 continue', output)


class Credentials(unittest.TestCase):
    """A recording holds none of what the configuration says is a credential."""

    secret = 'hush-0123456789abcdef'
    other = 'hush-fedcba9876543210'

    def setUp(self):
        self.folder = temporary_folder()
        self.addCleanup(self.folder.cleanup)
        self.file = os.path.join(self.folder.name, 'traffic.jsonl')
        tokens = os.path.join(self.folder.name, 'tokens.txt')
        with open(os.open(tokens, os.O_CREAT | os.O_WRONLY, 0o600), 'w') as out:
            out.write(f'ada {self.secret}\nada {self.other}\n')
        self.auth = {'plugin': 'auth', 'options': {
            'tokens_file': tokens, 'query_parameter': 'who', 'renewal': 'again'}}

    def test_not_where_the_configuration_says_that_there_are_some(self):
        with Sluice(settings(endpoint('/ws', [self.auth])),
                    arguments=['--record', self.file]) as server, \
                RawClient(server, query=f'?who={self.secret}&room=1') as client:
            for message in (json.dumps({'again': self.other}),
                            json.dumps({'again': self.secret, 'more': [1]}),
                            '{"again": {"deep": "%s"}}' % self.other,
                            '{"again": "%s"' % self.other):  # not JSON
                client.text(message)
                self.assertIn('"renewed"', client.read_text())
            for message in ('{"say": "again"}', '{"room": 1.50}'):
                client.text(message)
                self.assertEqual(client.read_text(), message)
            client.close()
        with open(self.file, encoding='utf-8') as file:
            text = file.read()
        self.assertNotIn('hush', text)
        events = [json.loads(line) for line in text.splitlines()]
        self.assertEqual((events[0]['identity'], events[0]['query']), ('ada', {'room': '1'}))
        self.assertEqual([json.loads(event['text']) for event in events[1:5]],
                         [{'again': ''}, {'again': '', 'more': [1]}, {'again': ''}, {'again': ''}])
        self.assertEqual([event['text'] for event in events[5:7]],
                         ['{"say": "again"}', '{"room": 1.50}'])

    def test_not_what_a_reload_says_either(self):
        with Sluice(settings(endpoint('/ws')), arguments=['--record', self.file]) as server:
            server.reload(settings(endpoint('/ws', [self.auth])))
            with RawClient(server, query=f'?who={self.secret}') as client:
                client.text(json.dumps({'again': self.other}))
                self.assertIn('"renewed"', client.read_text())
        with open(self.file, encoding='utf-8') as file:
            self.assertNotIn('hush', file.read())


if __name__ == '__main__':
    unittest.main()
