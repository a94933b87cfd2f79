"""Plugins whose on_open defers: the order of hooks, what waits and what does not, and everything that may happen meanwhile."""

import http.server
import json
import re
import signal
import threading
import unittest

from harness import (CLOSE, PING, RawClient, Sluice, close_payload, endpoint, frame, patience, run_sluice,
                     settings, wait_until)
from harness.loops import OnEachNumberOfLoops

ERROR = (1011, b'the connection could not be set up')


def opener(name='a', timeout='1h', plugin='opener', policy=(), **options):
    return {'plugin': plugin, 'timeout': timeout, **dict(policy), 'options': {'as': name, **options}}


class OpenDefers(unittest.TestCase):
    """`a=hold` in a client's query: the instance called a holds it until it is told."""

    def serve(self, loops, *pipeline, more=(), **top):
        pipeline = pipeline or (opener('a'), opener('b'))
        server = Sluice(settings(endpoint('/ws', pipeline), *more, loops=loops, **top)).start()
        self.addCleanup(server.abandon)
        self.server = server
        return server

    def join(self, key, path='/ws', early=b'', **how):
        query = '&'.join(f'{name}={value}' for name, value in {'key': key, **how}.items())
        client = RawClient(self.server, path, query=f'?{query}', early=early)
        client.socket.settimeout(patience(30))  # longer than the server waits for the close frame of a held client
        self.addCleanup(client.socket.close)
        return client

    def notes(self, key):
        """What has happened to the client so far, in order: hooks, and ends of its deferrals."""
        return re.findall(rf'note {key}: (\w+ \w+ -?\d+)', self.server.log())

    def expect(self, key, *notes):
        wait_until(lambda: len(self.notes(key)) >= len(notes), f'what happens to {key}')
        self.assertEqual(self.notes(key), list(notes))

    def release(self, control, name, key, verdict='continue'):
        """Has an instance open a client, or refuse it; returns what `control` is sent before it has the answer."""
        sent = self.release_if_there(control, name, key, verdict)
        self.assertIsNotNone(sent, f'{name} holds {key}')
        return sent

    def release_if_there(self, control, name, key, verdict='continue'):
        """The same; None if the instance does not hold the client, as one that has left and is given up."""
        control.text(f'release {name} {key} {verdict}')
        sent = []
        while (text := control.read_text()) != 'released':
            if text == 'nobody':
                return None
            sent.append(text)
        return sent

    def release_and_read(self, control, name, key, count):
        """The same; returns so many messages that this brings about."""
        got = self.release(control, name, key)
        return got + [control.read_text() for _ in range(count - len(got))]


class Order(OnEachNumberOfLoops, OpenDefers):
    def check(self, loops):
        server = self.serve(loops)
        control = self.join('control')
        for number in range(2 * loops):
            with self.subTest(client=number):
                self.open_one(control, f'ada{number}')
        server.wait_for_metric(0, 'sluice_deferrals')
        server.stop()

    def open_one(self, control, key):
        client = self.join(key, early=frame(1, b'one'), a='hold', b='hold')
        client.text('two')
        client.send_frame(PING, b'three')
        self.expect(key, 'a open 0')
        self.release(control, 'a', key)
        self.expect(key, 'a open 0', 'a complete 0', 'b open 0')
        self.assertEqual(self.release_and_read(control, 'b', key, 2), ['one', 'two'])
        self.assertEqual([client.read_text(), client.read_text()], ['one', 'two'])
        self.assertEqual(client.read_frame()[-1], b'three')
        client.close()
        self.expect(key, 'a open 0', 'a complete 0', 'b open 0', 'b complete 0', 'a message 0', 'b message 0',
                    'a message 0', 'b message 0', 'a close 1000', 'b close 1000', 'b free 0', 'a free 0')


class Meanwhile(OnEachNumberOfLoops, OpenDefers):
    """It is a client of its endpoint already, and of the topics that it was subscribed to."""

    def check(self, loops):
        server = self.serve(loops)
        others = [self.join(f'other{number}') for number in range(loops)]
        held = [self.join(f'held{number}', a='hold') for number in range(2 * loops)]
        for number, client in enumerate(held):
            self.expect(f'held{number}', 'a open 0')
            client.text('mine')
        self.assertEqual(server.metric('sluice_clients', endpoint='/ws'), len(held) + len(others))
        others[0].text('to all')
        others[0].text('publish early')
        for client in held + others:
            self.assertEqual([client.read_text(), client.read_text()], ['to all', 'published'])
        for number in range(len(held)):
            self.release(others[0], 'a', f'held{number}')
        for client in held:
            self.assertEqual({client.read_text() for _ in held}, {'mine'})
        server.stop()


class Loading(OnEachNumberOfLoops, OpenDefers):
    """What a client needs before its first message: by offloaded work, or by an HTTP request."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header('Content-Length', '0')
            self.end_headers()

        def log_message(self, *_):
            pass

    def setUp(self):
        self.service = http.server.ThreadingHTTPServer(('127.0.0.1', 0), self.Answer)
        thread = threading.Thread(target=self.service.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.service.server_close)
        self.addCleanup(self.service.shutdown)

    def check(self, loops):
        url = f'http://127.0.0.1:{self.service.server_port}/'
        server = self.serve(loops, opener('a', url=url), opener('b', url=url))
        for how in ('work', 'http'):
            for number in range(2 * loops):
                with self.subTest(how=how, client=number):
                    client = self.join(f'{how}{number}', early=frame(1, b'profile'), a=how, b=how)
                    got = [client.read_text() for _ in range(3)]
                    self.assertEqual(got, ['history', 'history', 'loaded'])
                    client.text('publish room')
                    self.assertEqual(client.read_text(), 'published')
                    client.close()
                    server.wait_for_metric(0, 'sluice_clients', endpoint='/ws')
        server.stop()


class Refused(OnEachNumberOfLoops, OpenDefers):
    def check(self, loops):
        server = self.serve(loops, more=(
            endpoint('/short', [opener('a', timeout='100ms'), opener('b')]),
            endpoint('/lenient', [opener('a', timeout='100ms', policy={'on_error': 'continue'}), opener('b')])))
        control = self.join('control')
        for number, (verdict, value, closes) in enumerate((('close', 3, (4000, b'as told')), ('error', -1, ERROR),
                                                           ('deny', 4, ERROR), ('drop', 1, ERROR)) * 2):
            with self.subTest(verdict=verdict):
                key = f'{verdict}{number}'
                client = self.join(key, a='hold')
                client.text('never handled')
                self.assertEqual(self.release(control, 'a', key, verdict), [])
                self.assertEqual(client.expect_close(), closes)
                client.socket.close()
                self.expect(key, 'a open 0', f'a complete {value}', f'a close {closes[0]}', 'b free 0', 'a free 0')
        self.miss_deadlines()
        server.stop()

    def miss_deadlines(self):
        client = self.join('late', '/short', a='never')
        self.assertEqual(client.expect_close(), ERROR)
        client.socket.close()
        self.expect('late', 'a open 0', 'a cancel 2', 'a close 1011', 'b free 0', 'a free 0')
        client = self.join('lenient', '/lenient', a='never', b='never')
        client.text('hello')
        wait_until(lambda: self.notes('lenient') == ['a open 0', 'a cancel 2', 'b open 0'], 'b is asked')


class Left(OnEachNumberOfLoops, OpenDefers):
    def check(self, loops):
        server = self.serve(loops)
        control = self.join('control')
        gone = {f'gone{number}': self.join(f'gone{number}', a='hold') for number in range(2 * loops)}
        for number, client in enumerate(gone.values()):
            client.text('before I go')
            client.reset() if number % 2 else client.socket.close()
        ends = ('a cancel 1', 'a close 1006', 'b free 0', 'a free 0')
        for key in gone:
            wait_until(lambda: self.notes(key)[1:] == list(ends), f'{key} is gone', 20)
        self.in_time(control, loops)
        server.wait_for_metric(0, 'sluice_deferrals')
        server.stop()

    def in_time(self, control, loops):
        """Opened while a close may still take its time: nothing is lost. The end is in its place."""
        for number in range(2 * loops):
            key, got = self.open_one_that_leaves(control, f'quick{number}')
            self.assertEqual(got or [control.read_text()], [key])
            self.expect(key, 'a open 0', 'a complete 0', 'b open 0', 'a message 0', 'b message 0', 'a close 1000',
                        'b close 1000', 'b free 0', 'a free 0')


    def open_one_that_leaves(self, control, name):
        """Its key, and what `control` is sent before the answer. A machine that is busy for longer than a close may
        take has it try again."""
        for attempt in range(5):
            key = f'{name}-{attempt}'
            client = self.join(key, a='hold')
            client.text(key)
            client.send_frame(CLOSE, close_payload(1000, b'bye'))
            client.socket.close()
            got = self.release_if_there(control, 'a', key)
            if got is not None:
                return key, got
        self.fail('none was held any more')


class Reloaded(OnEachNumberOfLoops, OpenDefers):
    def check(self, loops):
        self.serve(loops)
        control = self.join('control')
        keys = [f'ada{number}' for number in range(2 * loops)]
        clients = [self.join(key, a='hold', b='hold') for key in keys]
        for key, client in zip(keys, clients):
            client.text(key)
            self.expect(key, 'a open 0')
        self.reload(loops, opener('a', tag='new'), opener('b'), opener('c', carried='now'))
        for key in keys:  # The instance that is replaced still opens them, and so does the one behind it.
            self.release(control, 'a', key)
            self.expect(key, 'a open 0', 'a complete 0', 'b open 0')
        self.reload(loops, opener('a', tag='newer'), opener('b'), opener('c', carried='now'), opener('d', carried='hold'))
        control = self.join('another')  # The first one is held by d.
        for key in keys:
            self.release(control, 'b', key)
            wait_until(lambda: self.notes(key)[-1] == 'd carried 0', f'{key} is carried over')
            self.assertEqual(self.notes(key)[3:], ['b complete 0', 'a close 0', 'a free 0', 'a carried 0', 'c carried 0',
                                                   'c complete 0', 'd carried 0'])
        self.open_all(control, keys, clients)
        self.server.stop()

    def open_all(self, control, keys, clients):
        """Their first messages have waited all the time."""
        for key, client in zip(keys, clients):
            self.assertEqual(self.release_and_read(control, 'd', key, 1), [key])
            wait_until(lambda: len(self.notes(key)) == 19, f'the message of {key}')
            self.assertEqual(self.notes(key)[10:], ['d complete 0', 'a recheck 0', 'b recheck 0', 'c recheck 0', 'd recheck 0',
                                                    'a message 0', 'b message 0', 'c message 0', 'd message 0'])
        self.release(control, 'd', 'control')
        for client in clients:
            self.assertEqual([client.read_text() for _ in keys], keys)

    def reload(self, loops, *pipeline):
        self.server.reload(settings(endpoint('/ws', pipeline, on_reload='recheck'), loops=loops))


class Stopped(OnEachNumberOfLoops, OpenDefers):
    """The server stops, or drains, or somebody kicks them, or they are old."""

    def check(self, loops):
        server = self.serve(loops, more=(
            endpoint('/old', [opener('a'), opener('b')], clients={'max_age': '1s'}),
            endpoint('/drained', [opener('a'), opener('b')])), shutdown={'grace': '4s'})
        kicked = [self.join(f'kicked{number}', a='hold') for number in range(2 * loops)]
        drained, old = self.join('drained', '/drained', a='hold'), self.join('old', '/old', a='hold')
        self.command('kick', '--endpoint', '/ws', '--code', '4001')
        self.command('drain', '--endpoint', '/drained', '--over', '1s')
        ends = {'drained': 1012, 'old': 1001, **{f'kicked{number}': 4001 for number in range(2 * loops)}}
        for (key, code), client in zip(ends.items(), [drained, old, *kicked]):
            self.assertEqual(client.expect_close()[0], code)
        for key, code in ends.items():
            self.expect(key, 'a open 0', 'a cancel 1', f'a close {code}', 'b free 0', 'a free 0')
        last = [self.join(f'last{number}', a='hold') for number in range(2 * loops)]
        server.process.send_signal(signal.SIGTERM)
        for client in last:
            self.assertEqual(client.expect_close()[0], 1012)
        server.stop()
        for number in range(2 * loops):
            notes = self.notes(f'last{number}')
            self.assertIn(notes[1], ('a cancel 3', 'a cancel 1'))  # The latter if the close has taken its whole time.
            self.assertEqual([notes[0], *notes[2:]], ['a open 0', 'a close 1012', 'b free 0', 'a free 0'])

    def command(self, *arguments):
        status, out, error = run_sluice(arguments[0], '--admin', '%s:%d' % self.server.admin_address, *arguments[1:])
        self.assertEqual(status, 0, out + error)


class Many(OnEachNumberOfLoops, OpenDefers):
    def check(self, loops):
        server = self.serve(loops, opener('a'), opener('b'), log={'level': 'info', 'format': 'json'})
        keys = [f'one{number}' for number in range(200)]
        clients = [self.join(key, a='hold', b=['work', 'now', 'delay', 'hold'][number % 4])
                   for number, key in enumerate(keys)]
        for key, client in zip(keys, clients):
            client.text('profile')
        server.wait_for_metric(200, 'sluice_deferrals')
        for client in clients[1::8]:
            client.reset()
        control = self.join('control')
        for number, key in reversed(list(enumerate(keys))):
            held = self.release_if_there(control, 'a', key)
            self.assertTrue(held is not None or number % 8 == 1, key)
        for number, (key, client) in enumerate(zip(keys, clients)):
            if number % 4 == 3:
                wait_until(lambda: 'b open 0' in self.notes(key), f'b holds {key}')
                self.release(control, 'b', key)
            if number % 8 != 1:
                got = [client.read_text()]
                if number % 4 == 0:
                    self.assertEqual(got, ['history'])
                    got = [client.read_text()]
                self.assertEqual(got, ['loaded'])
        for client in clients + [control]:
            client.socket.close()
        for name in ('sluice_deferrals', 'sluice_input_bytes'):
            server.wait_for_metric(0, name)
        server.wait_for_metric(0, 'sluice_clients', endpoint='/ws')
        server.stop()
        for number, key in enumerate(keys):
            notes = self.notes(key)
            for name in ('a', 'b'):
                hooks = [note.split()[1] for note in notes if note.startswith(f'{name} ')]
                if number % 8 == 1 and name == 'b' and hooks == ['free']:
                    continue  # It was given up before it was released.
                self.assertEqual((hooks.count('open'), hooks.count('close'), hooks.count('free')), (1, 1, 1), notes)
                self.assertEqual(hooks[0], 'open', notes)
                self.assertEqual(hooks[-1], 'free', notes)


class Others(OpenDefers):
    def test_a_delay_and_a_completion_at_once(self):
        self.serve(2)
        for how in ('delay', 'now'):
            client = self.join(how, a=how)
            client.text('hello')
            self.assertEqual(client.read_text(), 'hello')
        self.server.stop()

    def test_a_plugin_for_an_older_contract_may_not(self):
        self.serve(1, opener('a', plugin='opener-1-1'), opener('b'))
        client = self.join('older', a='hold')
        client.text('hello')
        self.assertEqual(client.read_text(), 'hello')
        self.expect('older', 'a open 0', 'a refused 0', 'b open 0', 'a message 0', 'b message 0')
        self.server.stop()

    def test_a_stage_in_shadow_mode_keeps_nobody_waiting(self):
        self.serve(1, opener('a', policy={'mode': 'shadow'}), opener('b'))
        client, control = self.join('watched', a='hold'), self.join('control')
        client.text('hello')
        self.assertEqual([client.read_text(), control.read_text()], ['hello', 'hello'])
        control.text('release a watched close')
        self.assertEqual(control.read_text(), 'nobody')  # Says b, which does not only watch.
        self.server.wait_for_metric(1, 'sluice_plugin_verdicts_total', instance='opener#1', mode='shadow', verdict='close')
        client.text('still there')
        self.assertEqual(client.read_text(), 'still there')
        self.server.stop()

    def test_verdicts_are_counted_and_seen(self):
        server = self.serve(1)
        control, client = self.join('control'), self.join('ada', a='hold')
        server.wait_for_metric(1, 'sluice_deferrals')
        self.assertEqual(server.metric('sluice_plugin_verdicts_total', instance='opener#1', verdict='defer'), 1)
        self.release(control, 'a', 'ada', 'close')
        self.assertEqual(client.expect_close()[0], 4000)
        self.assertEqual(server.metric('sluice_plugin_verdicts_total', instance='opener#1', verdict='close'), 1)
        server.stop()

    def test_heartbeat_ends_nobody_who_is_not_read(self):
        server = self.serve(1, more=(endpoint('/beat', [opener('a')],
                                              heartbeat={'interval': '200ms', 'timeout': '200ms'}),))
        control = self.join('control')
        client = self.join('ada', '/beat', a='hold')
        client.text('hello')
        self.join('silent', '/beat')
        self.expect('silent', 'a open 0', 'a close 1006', 'a free 0')  # So much time has passed for one that is read.
        self.assertEqual(self.notes('ada'), ['a open 0'])
        self.release(control, 'a', 'ada')
        wait_until(lambda: self.notes('ada')[:3] == ['a open 0', 'a complete 0', 'a message 0'], 'its message is handled')
        server.stop()


if __name__ == '__main__':
    unittest.main()
