"""validate with real clients: refusals with their pointers, cleaning as others receive it, reloads
under connected clients, and messages made to keep a loop from its other clients."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import unittest

import websockets

from harness import (INTEGRATION, RawClient, ServedTest, Sluice, connect, endpoint, patience, settings,
                     temporary_folder, wait_until)

NUMBER = {'type': 'object', 'properties': {'n': {'type': 'integer', 'maximum': 10}}}
MOVE = {'required': ['x'], 'properties': {'x': {'maximum': 10}}}
SAY = {'required': ['body'], 'properties': {'body': {'type': 'string', 'maxLength': 5}}}
TREE = {'properties': {'tree': {'$ref': '#/$defs/tree'}},
        '$defs': {'tree': {'anyOf': [
            {'type': 'array', 'items': {'$ref': '#/$defs/tree'}},
            {'type': 'array', 'items': {'$ref': '#/$defs/tree'}, 'minItems': 1}]}}}

CLEANED = {'body': '&lt;b&gt;&quot;Tom&quot; &amp; &#39;Ann&#39;&lt;/b&gt;', 'nick': 'ab', 'n': 1}
CLOSE_REASON = 'The number is above the maximum at "/n" by #/properties/n/maximum'


def stage(**options):
    return {'plugin': 'validate', 'options': {'json': True, **options}}


class Folder:
    """Schema files that only we may write to."""

    def __init__(self):
        self.folder = temporary_folder()
        self.name = self.folder.name

    def write(self, name, content):
        path = os.path.join(self.name, name)
        with open(path, 'w') as out:
            out.write(content if isinstance(content, str) else json.dumps(content))
        return path


def run(client):
    asyncio.run(asyncio.wait_for(client(), patience(60)))


async def ask(client, text):
    await client.send(text)
    return await client.recv()


async def refusal(client, text):
    """The notice that a dropped message is answered with."""
    return json.loads(await ask(client, text))


async def close_of(client, text):
    """(code, reason) after a message that closes its sender."""
    await client.send(text)
    with contextlib.suppress(websockets.ConnectionClosed):
        while True:
            await client.recv()
    return client.close_code, client.close_reason


class Refusals(ServedTest):
    @classmethod
    def setUpClass(cls):
        cls.files = Folder()
        cls.addClassCleanup(cls.files.folder.cleanup)
        cls.files.write('move.json', MOVE)
        cls.files.write('say.json', SAY)
        number = cls.files.write('number.json', NUMBER)
        typed = {'schemas': {'move': 'move.json', 'say': 'say.json'},
                 'schema_folder': cls.files.name}
        told = {'action': 'drop', 'notify': True}
        cls.configuration = settings(
            endpoint('/schema', [stage(schema=number)]),
            endpoint('/notify', [stage(schema=number, **told)]),
            endpoint('/typed', [stage(**typed, **told)]),
            endpoint('/clean', [stage(control_characters='remove', bidi_controls='remove',
                                      deny_patterns=['<script'], escape_html=['body'], **told)]))
        super().setUpClass()

    def connect(self, path):
        return connect(self.server.url + path, max_size=None)

    def test_a_schema_closes_with_both_pointers(self):
        async def client():
            async with self.connect('/schema') as one:
                self.assertEqual(await ask(one, '{"n":10}'), '{"n":10}')
                self.assertEqual(await close_of(one, '{"n":11}'), (1008, CLOSE_REASON))
        run(client)

    def test_a_schema_drops_and_tells_both_pointers(self):
        async def client():
            async with self.connect('/notify') as one, self.connect('/notify') as other:
                self.assertEqual(await refusal(one, '{"n":11}'),
                                 {'error': 'schema', 'detail': 'The number is above the maximum',
                                  'instance': '/n', 'schema': '#/properties/n/maximum'})
                self.assertEqual((await refusal(one, '[]'))['schema'], '#/type')
                await one.send('{"n":1}')
                self.assertEqual(await other.recv(), '{"n":1}', 'nobody else is told')
        run(client)

    def test_the_discriminator_chooses_the_schema(self):
        async def client():
            async with self.connect('/typed') as one:
                for text in ('{"type":"move","x":10}', '{"type":"say","body":"hello"}'):
                    self.assertEqual(await ask(one, text), text)
                for text, error, pointer in (
                        ('{"type":"move","x":11}', 'schema', '/x'),
                        ('{"type":"say","x":1}', 'schema', ''),
                        ('{"type":"say","body":"longer"}', 'schema', '/body'),
                        ('{"type":"fly","x":1}', 'unknown_type', None),
                        ('{"x":1}', 'unknown_type', None),
                        ('{"type":["say"],"body":""}', 'unknown_type', None),
                        ('{"type":"say","body":"","type":"move"}', 'duplicate_member', None)):
                    found = await refusal(one, text)
                    self.assertEqual((found['error'], found.get('instance')), (error, pointer), text)
        run(client)

    def test_others_receive_what_was_cleaned_and_escaped(self):
        async def client():
            async with self.connect('/clean') as one, self.connect('/clean') as other:
                await one.send('{ "body":"<i\\u0007>\\u0026", "n": 1.50 }')
                self.assertEqual(await other.recv(), '{ "body":"&lt;i&gt;&amp;", "n": 1.50 }')
                self.assertEqual(await one.recv(), '{ "body":"&lt;i&gt;&amp;", "n": 1.50 }')
                self.assertEqual((await refusal(one, '{"x":"<scr\\u0000ipt>"}'))['error'],
                                 'pattern')
                self.assertEqual((await refusal(one, '{"body":{"<img>":0}}'))['error'],
                                 'wrong_text')
                await one.send('"untouched"')
                self.assertEqual(await other.recv(), '"untouched"')
        run(client)

    def test_node_ws(self):
        done = subprocess.run(
            ['node', os.path.join(INTEGRATION, 'clients', 'validate.mjs'), self.server.url],
            capture_output=True, timeout=patience(60))
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        seen = json.loads(done.stdout)
        self.assertEqual(seen['cleaned'], [CLEANED] * 2)
        self.assertEqual(seen['denied']['error'], 'pattern')
        self.assertEqual((seen['typed']['instance'], seen['typed']['schema']),
                         ('/x', '#/properties/x/maximum'))
        self.assertEqual(seen['close'], [1008, CLOSE_REASON])


class Reload(unittest.TestCase):
    def setUp(self):
        self.files = Folder()
        self.addCleanup(self.files.folder.cleanup)
        self.schema = self.files.write('number.json', NUMBER)
        self.server = Sluice(settings(endpoint('/ws', [
            stage(schema=self.schema, action='drop', notify=True)])))

    async def reload(self, expected):
        """Reloads, and waits for what the log says of it."""
        before = self.server.log().count(expected)
        self.server.process.send_signal(signal.SIGHUP)
        await asyncio.to_thread(wait_until, lambda: self.server.log().count(expected) > before,
                                f'"{expected}" is logged')

    def test_connected_clients_meet_the_new_schema(self):
        async def client():
            async with connect(self.server.url + '/ws') as one, \
                    connect(self.server.url + '/ws') as other:
                self.assertEqual((await refusal(one, '{"n":20}'))['instance'], '/n')
                self.files.write('number.json', {'properties': {'n': {'maximum': 30}}})
                self.assertEqual((await refusal(one, '{"n":20}'))['instance'], '/n')
                await self.reload('is in force')
                await one.send('{"n":20}')
                self.assertEqual((await one.recv(), await other.recv()), ('{"n":20}',) * 2)
                self.assertEqual((await refusal(other, '{"n":31}'))['instance'], '/n')
        with self.server:
            run(client)

    def test_a_wrong_schema_keeps_the_old_one_and_says_where(self):
        async def client():
            async with connect(self.server.url + '/ws') as one:
                for content, where in (
                        ({'properties': {'n': {'type': 'strin'}}},
                         'number.json#/properties/n/type: a type is one of'),
                        ('{"properties":', 'number.json: at byte 14'),
                        ({'$ref': 'https://example.com/other'}, 'number.json#/$ref: it leads to')):
                    self.files.write('number.json', content)
                    await self.reload(where)
                    self.assertEqual(await ask(one, '{"n":10}'), '{"n":10}')
                    self.assertEqual((await refusal(one, '{"n":11}'))['instance'], '/n')
        with self.server:
            run(client)
            self.assertEqual(self.server.metric('sluice_configuration_generation'), 1)


def bomb(size):
    return 'a' * size + 'b'


def members(count):
    return '{' + ','.join(f'"m{i}":{i}' for i in range(count)) + '}'


# (what it is, the message, what it is refused with or None); none is longer than 64 KiB.
HOSTILE = [
    ('deep', '[' * 30000 + ']' * 30000, 'too_deep'),
    ('deep within the limit', '[' * 1000 + ']' * 1000, None),
    ('too many members', members(4000), 'too_many_members'),
    ('duplicate names', '{' + ','.join(['"m":1'] * 3000) + '}', 'duplicate_member'),
    ('a long number', '1' * 60000, 'number_too_long'),
    ('exponents', '[' + ','.join(['1e99999999999999'] * 3000) + ']', None),
    ('a regex bomb', json.dumps({'p': bomb(40)}), 'too_complex'),
    ('10,000 strings below the limit of a match',
     json.dumps([bomb(1)] * 10000 + [bomb(12)] * 800, separators=(',', ':')), 'too_complex'),
    ('one text of many bombs', json.dumps({'p': 'aaaaaaaaaaaab ' * 4500}), 'too_complex'),
    ('walks from each byte', json.dumps({'p': '1' * 60000 + ' z'}), 'too_complex'),
    ('a schema of two ways at each level', '{"tree":' + '[' * 100 + '0' + ']' * 100 + '}',
     'too_complex'),
    ('marks out of order', json.dumps('a' + '\u0301\u0323' * 15000, ensure_ascii=False),
     'wrong_text'),
]


class Hostile(ServedTest):
    @classmethod
    def setUpClass(cls):
        cls.files = Folder()
        cls.addClassCleanup(cls.files.folder.cleanup)
        hostile = stage(schema=cls.files.write('tree.json', TREE), max_depth=1000,
                        max_members=3500, require_nfc=True, action='drop', notify=True,
                        deny_patterns=[r'(?:a+)+\z', r'\d+z'])
        cls.configuration = settings(endpoint('/ws', [hostile]),
                                     endpoint('/echo', [{'plugin': 'echo'}]), loops=1)
        super().setUpClass()

    def connect(self, path):
        return connect(self.server.url + path, max_size=None)

    def test_each_is_refused_and_the_sender_told(self):
        async def client():
            async with self.connect('/ws') as one:
                for what, text, error in HOSTILE:
                    self.assertLessEqual(len(text.encode()), 65536, what)
                    answer = await ask(one, text)
                    if error is None:
                        self.assertEqual(answer, text, what)
                    else:
                        self.assertEqual(json.loads(answer)['error'], error, what)
        run(client)

    def test_other_clients_of_the_loop_get_their_echoes_meanwhile(self):
        async def attack():
            async with self.connect('/ws') as one:
                for _, text, _ in HOSTILE * 5:
                    await ask(one, text)

        async def client():
            attacks = [asyncio.create_task(attack()) for _ in range(2)]
            echoes = 0
            async with self.connect('/echo') as one:
                while not all(task.done() for task in attacks):
                    text = f'echo {echoes}'
                    echo = await asyncio.wait_for(ask(one, text), patience(10))
                    self.assertEqual(echo, text)
                    echoes += 1
            await asyncio.gather(*attacks)
            self.assertGreater(echoes, 5, 'there were echoes while it lasted')
        run(client)


class AtOnce(ServedTest):
    """One instance, used by four loops at the same time."""

    @classmethod
    def setUpClass(cls):
        cls.files = Folder()
        cls.addClassCleanup(cls.files.folder.cleanup)
        checked = stage(schema=cls.files.write('number.json', {
            **NUMBER, 'patternProperties': {'^(?:a|b)+$': {'type': 'string'}}}),
            control_characters='remove', deny_patterns=['(?i)secret'], escape_html=['a'],
            action='drop', notify=True)
        cls.configuration = settings(endpoint('/ws', [checked, {'plugin': 'echo'}]), loops=4)
        super().setUpClass()

    def test_clients_of_all_loops_get_their_own_answers(self):
        async def client(number):
            async with connect(self.server.url + '/ws') as one:
                for i in range(50):
                    echo = await ask(one, f'{{"a":"<{number}.{i}\\u0001>","n":1}}')
                    self.assertEqual(echo, f'{{"a":"&lt;{number}.{i}&gt;","n":1}}')
                    self.assertEqual((await refusal(one, f'{{"n":{i + 11}}}'))['instance'], '/n')
                    self.assertEqual((await refusal(one, '{"x":"Secret"}'))['error'], 'pattern')

        async def clients():
            await asyncio.gather(*(client(number) for number in range(16)))
        run(clients)
        self.assertEqual(self.server.metric('sluice_plugin_validate_changed_total'), 16 * 50)


class Messages(ServedTest):
    configuration = settings(
        endpoint('/close', [stage(required={'id': 'integer'})]),
        endpoint('/drop', [stage(action='drop')]),
        endpoint('/notify', [stage(action='drop', notify=True)]),
        endpoint('/sizes', [stage(json=False, min_size=2, max_size=4)]),
        endpoint('/binary', [stage(json=False, types=['binary'])]))

    def closed_with(self, code, path, payload, opcode=1):
        with RawClient(self.server, path) as client:
            client.send_frame(opcode, payload)
            self.assertEqual(client.expect_close()[0], code)

    def test_good_messages_pass(self):
        with RawClient(self.server, '/close') as client:
            for text in ('{"id":1}', '{"more": [1, 2, {}], "id": -7}'):
                client.text(text)
                self.assertEqual(client.read_text(), text)

    def test_close_codes(self):
        self.closed_with(1007, '/close', b'{"id":')
        self.closed_with(1008, '/close', b'{"id":"one"}')
        self.closed_with(1008, '/close', b'{}')
        self.closed_with(1008, '/close', b'{"id":1,"a":' + b'[' * 40 + b']' * 40 + b'}')
        self.closed_with(1003, '/close', b'{"id":1}', opcode=2)
        self.closed_with(1008, '/sizes', b'1')
        self.closed_with(1009, '/sizes', b'12345')
        self.closed_with(1003, '/binary', b'text')

    def test_drop(self):
        with RawClient(self.server, '/drop') as client:
            client.text('nonsense')
            client.text('"good"')
            self.assertEqual(client.read_text(), '"good"')

    def test_notify_tells_only_the_sender(self):
        with RawClient(self.server, '/notify') as one, RawClient(self.server, '/notify') as two:
            self.server.wait_for_metric(2, 'sluice_clients', endpoint='/notify')
            one.text('nonsense')
            self.assertEqual(json.loads(one.read_text())['error'], 'malformed_json')
            two.text('[]')
            self.assertEqual(two.read_text(), '[]')
