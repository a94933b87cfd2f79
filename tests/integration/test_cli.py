"""The command line: check, plugins, version, help, and how mistakes are reported."""

import json
import os
import re
import shutil
import unittest

from harness import BUILD, ROOT, Certificates, RawClient, Sluice, endpoint, run_sluice, settings, temporary_folder

DEFAULT = os.path.join(ROOT, 'config', 'sluice.yaml')

GOOD = '''\
listen:
  - address: 127.0.0.1:0
plugins: {path: ["%s"]}
endpoints:
  - path: /ws
    pipeline:
      - plugin: rate-limit
        options: {messages: 50/s, burst: 100}
      - plugin: validate
        on_error: continue
  - path: /echo
    pipeline: [{plugin: echo}]
''' % os.path.join(BUILD, 'plugins')

# The same, of which no plugin has anything to say in the log.
SILENT = GOOD.replace('on_error: continue', 'options: {json: true}')

# Each wrong line of a configuration, and what must be said about it.
MISTAKES = {
    'unknown key at the top': ('lisen: []', 1, 'lisen', 'listen'),
    'unknown key of an endpoint': ('endpoints:\n  - path: /ws\n    ecko: true', 3, 'ecko', 'echo'),
    'unknown key of a queue': ('endpoints:\n  - path: /ws\n    queue: {byts: 1MiB}', 3, 'byts',
                               'bytes'),
    'unknown choice': ('log:\n  format: jsn', 2, 'jsn', 'json'),
    'not a duration': ('shutdown:\n  grace: soon', 2, 'soon', ''),
    'not a size': ('limits:\n  queue_bytes: 1 lorry', 2, 'lorry', ''),
    'not a number': ('loops: many', 1, 'many', ''),
    'not a boolean': ('endpoints:\n  - path: /ws\n    echo: perhaps', 3, 'perhaps', ''),
    'negative': ('limits:\n  clients: -5', 2, '-5', ''),
    'duplicate key': ('log: {level: info}\nlog: {level: warn}', 2, 'log', ''),
    'a list where a map belongs': ('log: [info]', 1, 'log', ''),
    'a map where a list belongs': ('listen: {address: 127.0.0.1:0}', 1, 'listen', ''),
    'not an address': ('listen:\n  - address: nowhere', 2, 'nowhere', ''),
    'port out of range': ('listen:\n  - address: 127.0.0.1:70000', 2, '70000', ''),
    'two endpoints with one path': ('endpoints:\n  - path: /ws\n  - path: /ws', 3, '/ws', ''),
    'path without a slash': ('endpoints:\n  - path: ws', 2, 'ws', ''),
    'unknown message type': ('endpoints:\n  - path: /ws\n    message: {types: [txt]}', 3, 'txt',
                             'text'),
    'variable that is not set': ('log:\n  level: ${SLUICE_TEST_UNSET}', 2, 'SLUICE_TEST_UNSET',
                                 ''),
    'not YAML': ('listen: [', 2, '', ''),
}


class Configured(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()
        self.addCleanup(self.folder.cleanup)
        self.file = os.path.join(self.folder.name, 'my.yaml')

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, text):
        """A file that only we may read, beside the configuration."""
        with open(os.open(self.path(name), os.O_CREAT | os.O_WRONLY, 0o600), 'w') as out:
            out.write(text + '\n')

    def check(self, text, *arguments, environment=None):
        with open(self.file, 'w') as out:
            out.write(text if isinstance(text, str) else json.dumps(text, indent=1))
        return run_sluice('check', '-c', self.file, *arguments, environment=environment)

    def refused(self, text, *arguments):
        status, _, error = self.check(text, *arguments)
        self.assertEqual(status, 1, error)
        return error


class Check(Configured):
    def test_good_file_shows_every_chain(self):
        status, output, error = self.check(GOOD)
        self.assertEqual(status, 0, error)
        for text in ('/ws', 'rate-limit', 'validate', '/echo', 'echo'):
            self.assertIn(text, output)
        self.assertLess(output.index('rate-limit'), output.index('validate'))

    def test_mistakes_have_their_place_and_the_nearest_word(self):
        for name, (text, line, wrong, meant) in MISTAKES.items():
            with self.subTest(name):
                error = self.refused(text + '\n')
                self.assertRegex(error, rf'(?m)^{self.file}:{line}:\d+: ')
                self.assertIn(wrong, error)
                self.assertIn(meant, error)

    def test_all_mistakes_are_reported(self):
        error = self.refused('loops: many\nlog: {level: loud}\nendpoints:\n  - path: /ws\n'
                             '    ecko: true\n    heartbeat: {interval: x}\n')
        for place in (':1:8: ', ':2:14: ', ':5:5: ', ':6:27: '):
            self.assertIn(place, error)

    def test_mistakes_in_plugins_and_options_are_reported_together(self):
        text = GOOD.replace('burst: 100', 'brust: 100').replace('plugin: validate',
                                                                'plugin: validat')
        error = self.refused(text)
        self.assertRegex(error, r':8:\d+: .*brust.*burst')
        self.assertRegex(error, r":9:\d+: .*validat.*'validate'")

    def test_plugin_options_are_checked_by_their_table(self):
        for options, wanted in (('{messages: fast}', 'fast'), ('{burst: 0, messages: 1/s}', 'burst'),
                                ('{messages: 1/s, per: planet}', 'planet'),
                                ('{messages: 1/s, max_keys: 1.5}', '1.5'), ('{}', 'messages')):
            with self.subTest(options):
                error = self.refused(GOOD.replace('{messages: 50/s, burst: 100}', options))
                self.assertRegex(error, r'my\.yaml:[78]:\d+: ')
                self.assertIn(wanted, error)

    def test_missing_file(self):
        status, _, error = run_sluice('check', '-c', '/nonexistent/my.yaml')
        self.assertEqual(status, 1)
        self.assertIn('/nonexistent/my.yaml', error)

    def test_variables_from_the_environment(self):
        text = GOOD.replace('{messages: 50/s, burst: 100}',
                            '\n          messages: 50/s\n          burst: ${BURST:-7}')
        self.assertEqual(self.check(text)[0], 0)
        self.assertEqual(self.check(text, environment={'BURST': '8'})[0], 0)
        self.assertEqual(self.check(text, environment={'BURST': 'x'})[0], 1)

    def test_set_lies_over_the_file(self):
        self.assertEqual(self.check(GOOD, '--set', 'loops=1')[0], 0)
        error = self.refused(GOOD, '--set', 'loops=many')
        self.assertIn('many', error)
        error = self.refused(GOOD, '--set', 'lops=1')
        self.assertIn('loops', error)

    def test_the_shipped_configurations_are_good(self):
        status, output, error = run_sluice('check', '-c', DEFAULT)
        self.assertEqual(status, 0, error)
        self.assertIn('/ws', output)

    def test_the_production_configuration_is_good_once_its_files_are_there(self):
        certificates = Certificates()
        self.addCleanup(certificates.cleanup)
        with open(os.path.join(ROOT, 'config', 'production.yaml')) as file:
            text = file.read()
        error = self.refused(text)
        for name in ('server.crt', 'server.key', 'admin.token', 'schemas/message.json'):
            self.assertIn(name, error)
        shutil.copy(certificates.certificate, self.path('server.crt'))
        os.mkdir(self.path('secrets'))
        shutil.copy(certificates.key, self.path('secrets/server.key'))
        self.write('secrets/admin.token', '0123456789abcdef0123456789abcdef')
        shutil.copytree(os.path.join(ROOT, 'config', 'schemas'), self.path('schemas'))
        status, output, error = self.check(text)
        self.assertEqual(status, 0, error)
        self.assertIn('rate-limit -> origin -> auth -> quota -> rate-limit -> validate', output)

    def test_weird_files_do_no_harm(self):
        for text in ('', '\0', '[]', '42', '- - - -', '&a [*a]', '{' * 2000, '[' * 5000, '\xff\xfe',
                     'a: &x [1]\nb: [*x, *x]\n', '? {a: b}\n: c\n', '%YAML 3.0\n---\na: b\n'):
            with self.subTest(text[:20]):
                status, _, _ = self.check(text)
                self.assertIn(status, (0, 1))


class StrictAndJson(Configured):
    def warned(self):
        """A configuration that is right, but everybody may read its token."""
        self.write('admin.token', '0123456789abcdef0123456789abcdef')
        os.chmod(self.path('admin.token'), 0o644)
        return SILENT + 'admin: {listen: "127.0.0.1:0", token_file: "%s"}\n' % self.path('admin.token')

    def test_warnings_count_when_checking_is_strict(self):
        text = self.warned()
        status, output, error = self.check(text)
        self.assertEqual(status, 0, error)
        self.assertIn('(a warning)', error)
        self.assertIn(': ok', output)
        status, output, error = self.check(text, '--strict')
        self.assertEqual(status, 1)
        self.assertIn('(a warning)', error)
        self.assertEqual(output, '')
        status, output, error = self.check(text, '--strict', '--json')
        self.assertEqual((status, error), (1, ''))
        self.assertEqual(len(json.loads(output)['warnings']), 1)
        self.assertEqual(self.check(SILENT, '--strict')[0], 0)

    def test_json_of_a_good_configuration(self):
        status, output, error = self.check(SILENT, '--json')
        self.assertEqual((status, error), (0, ''))
        told = json.loads(output)
        self.assertEqual(told['listen'], [{'address': '127.0.0.1:0', 'tls': False}])
        self.assertEqual(told['endpoints'][0], {'path': '/ws', 'pipeline': ['rate-limit', 'validate'], 'echo': True,
                                                'identity_required': False})
        self.assertEqual(told['warnings'], [])

    def test_json_of_a_bad_configuration(self):
        for text in (SILENT.replace('burst', 'brust'), 'listen: [', 'loops: many\n',
                     SILENT.replace('messages: 50/s', 'messages: 50/s, rest: 1')):
            with self.subTest(text):
                status, output, error = self.check(text, '--json')
                self.assertEqual((status, error), (1, ''))
                told = json.loads(output)
                self.assertEqual(told['error'], 'configuration')
                self.assertEqual(told['errors'][0]['file'], self.file)
                self.assertGreater(told['errors'][0]['line'], 0)

    def test_errors_of_every_command_are_json(self):
        for command in ('status', 'clients', 'reload', 'publish x', 'kick 1', 'kick x', 'plugins nosuch', 'check --strct',
                        'version x', 'relaod'):
            with self.subTest(command):
                with open(self.file, 'w') as out:
                    out.write(SILENT)
                where = [] if 'relaod' in command or 'version' in command else ['-c', self.file]
                status, output, error = run_sluice(*command.split(), *where, '--json')
                self.assertIn(status, (1, 2))
                self.assertEqual(error, '')
                self.assertEqual(sorted(json.loads(output)), ['detail', 'error'])

    def test_plugins_as_json(self):
        with open(self.file, 'w') as out:
            out.write(SILENT)
        status, output, error = run_sluice('plugins', '-c', self.file, '--json')
        self.assertEqual((status, error), (0, ''))
        self.assertIn('auth', [plugin['name'] for plugin in json.loads(output)['plugins']])
        one = json.loads(run_sluice('plugins', 'rate-limit', '-c', self.file, '--json')[1])
        messages, = [option for option in one['options'] if option['name'] == 'messages']
        self.assertEqual((messages['type'], messages['required']), ('rate', False))


class Commands(unittest.TestCase):
    def test_unknown_options_name_the_nearest(self):
        for arguments, meant in ((['check', '--confg', 'x'], '--config'), (['replay', '--agianst', 'x'], '--against'),
                                 (['test-plugin', '--sead', '1'], '--seed'), (['new-plugin', '--langage', 'c'], '--language')):
            with self.subTest(arguments):
                status, _, error = run_sluice(*arguments)
                self.assertEqual(status, 2)
                self.assertIn(f"did you mean '{meant}'?", error)

    def test_version(self):
        status, output, _ = run_sluice('version')
        self.assertEqual(status, 0)
        self.assertRegex(output, r'\d+\.\d+\.\d+')

    def test_help(self):
        status, output, _ = run_sluice('help')
        self.assertEqual(status, 0)
        for command in ('serve', 'check', 'plugins', 'version', 'help'):
            self.assertIn(command, output)

    def test_help_of_commands(self):
        for command in ('serve', 'check', 'plugins'):
            status, output, _ = run_sluice('help', command)
            self.assertEqual(status, 0)
            self.assertIn(f'sluice {command}', output)
            self.assertEqual(run_sluice(command, '--help')[1], output)

    def test_usage_errors_end_with_2(self):
        for arguments in (['nonsense'], ['serve', '--nonsense'], ['check', '-c'],
                          ['serve', '--set', 'novalue'], ['--log-level', 'loud', 'check']):
            with self.subTest(arguments):
                status, _, error = run_sluice(*arguments)
                self.assertEqual(status, 2, error)
                self.assertTrue(error)

    def test_unknown_command_names_the_nearest(self):
        self.assertIn('serve', run_sluice('srve')[2])

    def test_plugins(self):
        status, output, error = run_sluice('plugins', '-c', DEFAULT)
        self.assertEqual(status, 0, error)
        for name in ('auth', 'echo', 'rate-limit', 'validate'):
            self.assertIn(name, output)

    def test_options_of_a_plugin(self):
        status, output, error = run_sluice('plugins', 'rate-limit', '-c', DEFAULT)
        self.assertEqual(status, 0, error)
        for text in ('messages', 'burst', 'max_keys', '100000', 'drop', 'close', 'rate',
                     'How many messages may come at once'):
            self.assertIn(text, output)

    def test_unknown_plugin(self):
        status, _, error = run_sluice('plugins', 'rate-limt', '-c', DEFAULT)
        self.assertEqual(status, 1)
        self.assertIn('rate-limit', error)


class Serve(unittest.TestCase):
    def test_overrides(self):
        configuration = settings(endpoint('/ws'), endpoint('/b'))
        with Sluice(configuration, arguments=['--set', 'endpoints.0.message.max_size=10',
                                              '--log-level', 'debug']) as server:
            with RawClient(server) as client:
                client.text('x' * 11)
                self.assertEqual(client.expect_close()[0], 1009)

    def test_log_as_json(self):
        with Sluice() as server:
            with RawClient(server) as client:
                client.close()
            for line in server.log().splitlines():
                entry = json.loads(line)
                self.assertIn('level', entry)

    def test_wrong_configuration_ends_with_1(self):
        with temporary_folder() as folder:
            file = os.path.join(folder, 'my.yaml')
            with open(file, 'w') as out:
                out.write('lisen: []\n')
            status, _, error = run_sluice('serve', '-c', file)
            self.assertEqual(status, 1)
            self.assertIn(f'{file}:1:1: ', error)


class ShippedPlugins(unittest.TestCase):
    """What is written about the plugins that ship is what they are."""

    names = sorted(name for name in os.listdir(os.path.join(ROOT, 'plugins'))
                   if os.path.isdir(os.path.join(ROOT, 'plugins', name)))

    def page(self, name):
        status, page, error = run_sluice('plugins', name, '--markdown', '-c',
                                         os.path.join(ROOT, 'config/sluice.yaml'),
                                         '--set', f'plugins.path=[{BUILD}/plugins]')
        self.assertEqual(status, 0, error)
        return page

    def read(self, *path):
        with open(os.path.join(ROOT, *path), encoding='utf-8') as file:
            return file.read()

    def test_there_are_some(self):
        self.assertIn('rate-limit', self.names)
        self.assertGreaterEqual(len(self.names), 6)

    def test_option_pages_say_what_the_tables_say(self):
        for name in self.names:
            with self.subTest(plugin=name):
                self.assertEqual(self.page(name), self.read('docs', 'options', f'{name}.md'),
                                 'run scripts/option-pages')

    def test_every_option_is_in_the_readme(self):
        for name in self.names:
            readme = self.read('plugins', name, 'README.md')
            options = re.findall(r'^\| `(\w+)` \|', self.page(name), re.MULTILINE)
            self.assertTrue(options, name)
            with self.subTest(plugin=name):
                self.assertEqual([option for option in options if f'`{option}`' not in readme], [],
                                 f'plugins/{name}/README.md does not name them')

    def test_readmes_say_the_defaults_and_ranges_of_the_tables(self):
        for name in self.names:
            rows = re.findall(r'^\| `(\w+)` \| [^|]* \| `?([^|]*?)`? \| ([^|]*?) ?\|', self.page(name), re.MULTILINE)
            table = {option: (default, limits) for option, default, limits in rows}
            readme = re.findall(r'^\| (`\w+`(?:, `\w+`)*) \| ([^|]*?) ?\| ([^|]*?) ?\|.*\|$',
                                self.read('plugins', name, 'README.md'), re.MULTILINE)
            checked = 0
            for options, kind, default in readme:
                options = [option for option in re.findall(r'\w+', options) if option in table]
                values = re.findall(r'`([^`]*)`', default)
                for option, value in zip(options, values if len(values) == len(options) else [None] * len(options)):
                    expected, limits = table[option]
                    with self.subTest(plugin=name, option=option):
                        self.assertIn(value, (None, expected) if expected != 'none' else (None, value))
                        self.assertIn(expected if expected != 'none' else '', default)
                        for low, high in re.findall(r'(\d\w*) to (\w+)$', kind.replace(',', '')):
                            self.assertEqual(f'from {low} to {high}', limits)
                        checked += 1
            self.assertGreater(checked, 2, name)

    def test_every_metric_is_in_the_readme(self):
        for name in self.names:
            folder = os.path.join(ROOT, 'plugins', name)
            source = ''.join(self.read(folder, file) for file in sorted(os.listdir(folder))
                             if file.endswith(('.c', '.h')))
            metrics = re.findall(r'SL_(?:GAUGE|HISTOGRAM),\s*"(\w+)"', source)
            metrics += re.findall(r'"(\w+_total)"', source)
            self.assertTrue(metrics, name)
            readme = self.read(folder, 'README.md')
            with self.subTest(plugin=name):
                self.assertEqual([metric for metric in metrics if metric not in readme], [],
                                 f'plugins/{name}/README.md does not name them')

    def test_every_readme_has_two_examples_and_says_what_it_costs(self):
        for name in self.names:
            readme = self.read('plugins', name, 'README.md')
            with self.subTest(plugin=name):
                examples = re.findall(r'```yaml\n(.*?)```', readme, re.DOTALL)
                self.assertGreaterEqual(sum('- plugin: ' in text for text in examples), 2)
                self.assertRegex(readme, r'\*\*Cost.*docs/plugins\.md')

    def test_the_page_of_all_plugins_names_each(self):
        page = self.read('docs', 'plugins.md')
        for name in self.names:
            self.assertIn(f'[{name}](../plugins/{name}/README.md)', page)
            self.assertRegex(page, rf'(?m)^\| {name} \| .* \| \d+ \|$', 'what it costs')
