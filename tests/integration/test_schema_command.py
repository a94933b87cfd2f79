"""sluice schema: what `sluice check` takes is valid by the JSON Schema, and both refuse the same mistakes."""

import glob
import json
import os
import unittest

import jsonschema

from harness import BUILD, ROOT, run_sluice, temporary_folder
from harness.yaml12 import load
from test_cli import GOOD, MISTAKES

PLUGINS = os.path.join(BUILD, 'plugins')

# What a schema cannot say: what depends on other values, on the environment, or on numbers inside a text.
BEYOND_A_SCHEMA = {'duplicate key', 'two endpoints with one path', 'port out of range', 'variable that is not set', 'not YAML'}

LISTEN = 'listen: [{address: "*:8080"}]\n'
ENDPOINT = 'endpoints: [{path: /ws}]\n'
STAGE = LISTEN + 'endpoints: [{path: /ws, pipeline: [%s]}]\n'

# Forms that are seldom written, and allowed.
ALLOWED = (
    LISTEN + ENDPOINT + 'admin: {listen: ["unix:/tmp/sluice-schema.sock", "[::1]:0"], socket_mode: 0660}\n',
    LISTEN + ENDPOINT + 'limits:\nlog: ~\nplugins: {}\ntrusted_proxies:\n',
    LISTEN + ENDPOINT + 'loops: "3"\nfront: {workers: 0x10, max_header: "2048"}\nshutdown: {grace: 0, delay: "0"}\n',
    LISTEN + ENDPOINT + 'loops: auto\nlog: {access: off, level: "${SLUICE_SCHEMA_TEST:-warn}", sample: 1/5}\n',
    LISTEN + 'endpoints: [{path: /ws, subprotocols: [1.0, mqtt], queue: {messages: 0}, message: {types: [text]}}]\n',
    LISTEN + 'endpoints: [{path: "/${SLUICE_SCHEMA_TEST:-ws}", echo: TRUE, clients: {max: 5, max_age: 0}}]\n',
    LISTEN + 'endpoints: [{path: /ws, queue: {overflow: conflate, key: /a/b, gap_marker: true, gap_text: 5}}]\n',
    STAGE % '{plugin: validate, options: }' + 'log: {level: error}\n',
    STAGE % '{plugin: rate-limit, options: {messages: 0.5/m, bytes_burst: 70000, bytes: 1/s, notify: false}}',
    STAGE % '{plugin: validate, options: {json: true, required: {type: string}, types: [text], max_depth: "5"}}',
    STAGE % '{plugin: auth, options: {jwt_secret: {env: PATH}, jwt_attributes: {a: b}}}',
    STAGE % '{plugin: auth, options: {jwt_secret: "${PATH}", methods: [jwt]}}',
)

REFUSED = (
    ENDPOINT, LISTEN, LISTEN + 'endpoints: []\n', 'listen:\n' + ENDPOINT,
    LISTEN + ENDPOINT + 'limits: {clients: 0}\n', LISTEN + ENDPOINT + 'limits: {queue_bytes: 64KB}\n',
    LISTEN + ENDPOINT + 'front: {request_timeout: 5}\n', LISTEN + ENDPOINT + 'demo_page: yes\n',
    LISTEN + ENDPOINT + 'admin: {requests: 4}\n', LISTEN + ENDPOINT + 'io: uring\n',
    LISTEN + ENDPOINT + 'log: {access: everything}\n', LISTEN + ENDPOINT + 'log: {sample: 1:5}\n',
    LISTEN + 'endpoints: [{path: /ws, message: {types: []}}]\n', LISTEN + 'endpoints: [{path: "/ws?a"}]\n',
    LISTEN + 'endpoints: [{path: /ws, clients: {per_identity: 5}}]\n',
    'listen: [{address: "*:8080", tls: {certificate: a.pem}}]\n' + ENDPOINT,
    'listen: [{address: "*:8080", tls: {certificate: a.pem, key: b.pem, min_version: 1.1}}]\n' + ENDPOINT,
    STAGE % '{plugin: rate-limti}', STAGE % '{options: {}}', STAGE % '{plugin: validate, mode: watch}',
    STAGE % '{plugin: rate-limit, options: {messages: fast}}', STAGE % '{plugin: rate-limit, options: {brust: 5}}',
    STAGE % '{plugin: rate-limit, options: {messages: 1/s, burst: 0}}', STAGE % '{plugin: rate-limit, options: [1]}',
    STAGE % '{plugin: rate-limit, options: {messages: 1/s, per: planet}}',
    STAGE % '{plugin: rate-limit, options: {messages: 1/s, max_keys: 1.5}}',
    STAGE % '{plugin: auth, options: {jwt_secret: 0123456789abcdef0123456789abcdef}}',
    STAGE % '{plugin: auth, options: {jwt_secret: {path: /etc/key}}}',
    STAGE % '{plugin: validate, options: {json: 1}}', STAGE % '{plugin: validate, options: {types: text}}',
)


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        status, output, error = run_sluice('schema', '--plugins', PLUGINS)
        if (status, error) != (0, ''):
            raise AssertionError(error)
        cls.schema = json.loads(output)
        jsonschema.Draft7Validator.check_schema(cls.schema)
        cls.validator = jsonschema.Draft7Validator(cls.schema)
        cls.folder = temporary_folder()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def mistakes(self, text):
        """What the schema says against a configuration."""
        return [f'{"/".join(map(str, one.absolute_path))}: {one.message}' for one in self.validator.iter_errors(load(text))]

    def is_accepted(self, text):
        """Whether `sluice check` takes the configuration with the plugins that the schema is made for."""
        file = os.path.join(self.folder.name, 'my.yaml')
        with open(file, 'w') as out:
            out.write(text)
        return run_sluice('check', '-c', file, '--set', f'plugins.path=[{PLUGINS}]')[0] == 0

    def test_the_configurations_that_ship_are_valid(self):
        for file in glob.glob(os.path.join(ROOT, 'config', '*.yaml')):
            with self.subTest(file), open(file) as source:
                self.assertEqual(self.mistakes(source.read()), [])

    def test_what_check_takes_is_valid(self):
        for text in (*ALLOWED, GOOD):
            with self.subTest(text):
                self.assertTrue(self.is_accepted(text))
                self.assertEqual(self.mistakes(text), [])

    def test_what_check_takes_of_the_fuzzers_corpus_is_valid(self):
        for file in glob.glob(os.path.join(ROOT, 'tests', 'fuzz', 'corpus', 'yaml', '*')):
            with open(file, encoding='utf-8', errors='replace') as source, self.subTest(file):
                text = source.read()
                if self.is_accepted(text):
                    self.assertEqual(self.mistakes(text), [])

    def test_both_refuse_the_same_mistakes(self):
        texts = [text + '\n' for name, (text, *_) in MISTAKES.items() if name not in BEYOND_A_SCHEMA]
        for text in (*texts, *REFUSED):
            with self.subTest(text):
                self.assertFalse(self.is_accepted(text))
                self.assertNotEqual(self.mistakes(text), [])

    def test_editors_are_told_what_there_is(self):
        limits = self.schema['properties']['limits']['properties']['clients']
        self.assertEqual(limits['default'], 100000)
        self.assertIn('(1 to 10000000)', limits['description'])
        stage = self.schema['properties']['endpoints']['items']['properties']['pipeline']['items']
        names = [one['const'] for one in stage['properties']['plugin']['anyOf'] if 'const' in one]
        self.assertIn('rate-limit', names)
        self.assertEqual(len(stage['allOf']), len(names))
        per = self.schema['definitions']['plugin-rate-limit']['properties']['per']
        self.assertEqual(per['default'], 'client')
        self.assertIn({'const': 'identity'}, per['anyOf'])
        self.assertIn('How many messages may come at once', self.schema['definitions']['plugin-rate-limit']['properties']['burst']['description'])

    def test_a_configuration_with_errors_names_the_plugins_all_the_same(self):
        file = os.path.join(self.folder.name, 'broken.yaml')
        with open(file, 'w') as out:
            out.write(f'lisen: 5\nplugins: {{path: ["{PLUGINS}"]}}\n')
        status, output, error = run_sluice('schema', '-c', file, '--json')
        self.assertEqual((status, error), (0, ''))
        self.assertEqual(json.loads(output), self.schema)
        self.assertEqual(output.count('\n'), 1)

    def test_no_plugins_are_an_error(self):
        status, output, error = run_sluice('schema', '--plugins', '/nonexistent')
        self.assertEqual((status, output), (1, ''))
        self.assertIn('/nonexistent', error)
        status, output, error = run_sluice('schema', '--plugins', '/nonexistent', '--json')
        self.assertEqual((status, error, json.loads(output)['error']), (1, '', 'not_found'))


if __name__ == '__main__':
    unittest.main()
