"""sluice trace: the way of each message of some clients, while it happens."""

import json
import signal
import subprocess
import unittest

from harness import TEXT, Certificates, RawClient, Sluice, endpoint, frame, patience, run_sluice, settings, wait_until
from harness.admin import ask
from harness.server import binary

MANY = 10000
LATER = [{'plugin': 'later'}, {'plugin': 'rate-limit', 'options': {'messages': '1000/s'}, 'mode': 'shadow'}]


class Traced(unittest.TestCase):
    def serve(self, loops=2, **more):
        self.configuration = settings(endpoint('/ws', LATER), loops=loops, **more)
        self.records, self.lost = [], 0  # what has been read of its trace
        self.server = Sluice(self.configuration).start()
        self.addCleanup(self.server.abandon)

    def connect(self, name, **options):
        client = RawClient(self.server, '/ws?name=' + name, **options)
        self.addCleanup(client.socket.close)
        return client

    def ask(self, *arguments):
        status, answer, _ = ask(self.server, *arguments)
        self.assertEqual(status, 200, answer)
        return answer

    def begin(self, **body):
        body = {'for': '1h', **body}  # On a busy machine the default may be over before a test is.
        return self.ask('POST', '/api/v1/traces', body)['trace']

    def id_of(self, identity):
        one, = self.ask('GET', '/api/v1/clients?identity=' + identity)['clients']
        return one['id']

    def read(self, trace, is_enough):
        """Reads until what has come since the server was started is enough: the records, and how many were lost."""
        def read_more():
            answer = self.ask('GET', '/api/v1/traces/' + trace)
            self.records.extend(answer['records'])
            self.lost += answer['lost']
            return is_enough(self.records, self.lost)
        wait_until(read_more, 'the trace has what was asked for')
        return self.records, self.lost

    def command(self, *arguments):
        return run_sluice('trace', *arguments, '--admin', '%s:%d' % self.server.admin_address)


def brief(record):
    """A record without what differs each time."""
    plugins = ['%s=%s' % (plugin['instance'], plugin['verdict']) for plugin in record.get('plugins', [])]
    return ' '.join([record['event'], *plugins, *(str(record[name]) for name in ('outcome', 'code', 'by') if name in record)])


def has_closed(count):
    return lambda records, _: sum(record['event'] == 'closed' for record in records) == count


class Way(Traced):
    def test_of_an_identity_on_all_loops_through_a_reload(self):
        for loops in (1, 8):
            with self.subTest(loops=loops):
                self.serve(loops)
                first = self.connect('ann')
                trace = self.begin(identity='ann', endpoint='/ws')
                later, other = self.connect('ann'), self.connect('bob')
                for client in (first, other, later):
                    client.text('defer continue')
                    for receiver in (first, later, other):
                        self.assertEqual(receiver.read_text(), 'defer continue')
                    self.read(trace, lambda *_: True)  # One that is not read for ten seconds ends.
                self.server.reload({**self.configuration, 'endpoints': [endpoint('/ws', [{'plugin': 'later', 'options': {'tag': 'x'}}])]})
                first.text('defer drop')
                for client in (first, later):
                    client.close()
                records, lost = self.read(trace, has_closed(2))
                self.assertEqual(lost, 0)
                self.assertEqual(len({record['client'] for record in records}), 2)
                self.assertEqual(sum(record['event'] == 'sent' and record['type'] == 'text' for record in records), 6)
                way = ['received later#1=defer deferred', 'resumed later#1=continue rate-limit#1=continue delivered']
                self.assertEqual([brief(one) for one in records if one['event'] in ('received', 'resumed')],
                                 way * 2 + ['received later#1=defer deferred', 'resumed later#1=drop dropped'])
                other.close()
                self.server.stop()

    def test_over_tls_with_what_was_said(self):
        certificates = Certificates()
        self.addCleanup(certificates.cleanup)
        self.serve(listen=[{'address': '127.0.0.1:0', 'tls': certificates.tls}])
        ann, bob = (self.connect(name, tls=certificates.client_context()) for name in ('ann', 'bob'))
        trace = self.begin(client=self.id_of('ann'), payload=8)
        ann.text('say "grüße"')
        for client in (ann, bob):
            self.assertEqual(client.read_text(), 'say "grüße"')
        ann.close(4000, b'done')
        records, _ = self.read(trace, has_closed(1))
        messages = [record for record in records if record.get('type') == 'text']
        self.assertEqual([(record['event'], record['bytes'], record['payload'], record['payload_cut']) for record in messages],
                         [('received', 13, 'say "gr', True), ('sent', 13, 'say "gr', True)])
        self.assertEqual(messages[0]['receivers'], 2)
        self.assertEqual(messages[0]['plugins'][1]['mode'], 'shadow')
        self.assertEqual(brief(records[-1]), 'closed 4000 peer')
        self.assertEqual(self.ask('GET', '/api/v1/traces/' + trace)['over'], True)


class Command(Traced):
    def test_shows_what_happens_until_the_client_goes(self):
        self.serve()
        ann = self.connect('ann')
        process = subprocess.Popen([binary(), 'trace', self.id_of('ann'), '--payload', '--json',
                                    '--admin', '%s:%d' % self.server.admin_address], stdout=subprocess.PIPE)
        with process.stdout:
            self.server.wait_for_log('POST /api/v1/traces answered with 200')
            ann.text('say \x1b[2J')
            self.assertEqual(json.loads(process.stdout.readline())['payload'], 'say \x1b[2J')
            ann.close()
            lines = [json.loads(line) for line in process.stdout]
            self.assertEqual(process.wait(patience(20)), 0)
        self.assertEqual(lines[-1]['event'], 'closed')

    def test_ends_when_it_is_told_to_and_leaves_nothing_behind(self):
        self.serve()
        self.connect('ann')
        for _ in range(5):  # More than may be on at once.
            self.assertEqual(self.command('--identity', 'nobody', '--for', '1ms')[:2], (0, ''))
            process = subprocess.Popen([binary(), 'trace', '--identity', 'ann',
                                        '--admin', '%s:%d' % self.server.admin_address], stderr=subprocess.PIPE)
            with process.stderr:
                self.assertIn(b'1 client, for 30 s', process.stderr.readline())
                process.send_signal(signal.SIGINT)
                said = process.stderr.read()
                self.assertEqual((process.wait(patience(20)), said),
                                 (0, b'sluice trace: 0 messages, 0 records lost\n'))

    def test_errors_have_hints(self):
        self.serve()
        for arguments, status, hint in (((), 2, '--identity NAME'), (('1',), 1, 'no client with this id'),
                                        (('--identity', 'a', '--endpoint', '/no'), 1, 'no endpoint'),
                                        (('--identity', 'a', '--for', '2h'), 1, 'at most 1h'),
                                        (('1', '--payload=9999'), 2, '--payload=100')):
            with self.subTest(arguments=arguments):
                code, _, error = self.command(*arguments)
                self.assertEqual(code, status)
                self.assertIn(hint, error)


class Bounds(Traced):
    def test_a_flood_is_lost_and_counted(self):
        self.serve()
        ann = self.connect('ann')
        trace = self.begin(client=self.id_of('ann'), payload=4096)
        before = self.server.resident_bytes()
        for _ in range(MANY // 100):
            ann.send(frame(TEXT, b'x') * 100)  # to a topic that nobody is subscribed to
        ann.close()
        self.server.wait_for_metric(0, 'sluice_clients', seconds=30)
        self.assertLess(self.server.resident_bytes() - before, 64 << 20)
        answer = self.ask('GET', '/api/v1/traces/' + trace)
        kept = sum(record['event'] == 'received' for record in answer['records'])
        self.assertGreater(kept, 100)
        self.assertIn(kept + answer['lost'], range(MANY, MANY + 3))  # with the close frame and the end

    def test_traces_without_end(self):
        self.serve()
        on = 0
        for _ in range(12):  # within the ten seconds after which one that nobody reads ends
            on += ask(self.server, 'POST', '/api/v1/traces', {'identity': 'ann'})[0] == 200
        self.assertEqual(on, 4)


if __name__ == '__main__':
    unittest.main()
