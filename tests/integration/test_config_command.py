"""sluice config: what it prints is a configuration that means the same, and shows no secret."""

import json
import os
import unittest

from harness import BUILD, ROOT, run_sluice, temporary_folder

PLUGINS = f'plugins: {{path: ["{BUILD}/plugins"]}}\n'
SECRET = 'hunter2-0123456789abcdef0123456789abcdef'
AUTH = PLUGINS + '''\
listen: [{address: "127.0.0.1:${SHOWN_PORT:-8081}"}]
endpoints:
  - path: /ws
    pipeline:
      - plugin: auth
        options: {jwt_secret: "${SHOWN_SECRET}", grace: 5s}
  - path: /b
    pipeline:
      - {plugin: auth, options: {jwt_secret: {env: SHOWN_SECRET}}}
      - {plugin: auth, options: {jwt_secret: {file: my.key}}}
'''


class ConfigCommand(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, text):
        with open(os.open(self.path(name), os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), 'w') as out:
            out.write(text)
        return self.path(name)

    def shown(self, file, *arguments, environment=None):
        status, output, error = run_sluice('config', '-c', file, *arguments, environment=environment)
        self.assertEqual((status, error), (0, ''))
        return output

    def test_what_it_prints_means_the_same(self):
        for name in ('sluice.yaml', 'installed.yaml', 'production.yaml', 'telemetry.yaml'):
            for arguments in ([], ['--sources']):
                with self.subTest(name, arguments=arguments):
                    file = os.path.join(ROOT, 'config', name)
                    first = self.shown(file, *arguments)
                    again = self.write('again.yaml', first)
                    self.assertEqual(self.shown(again), self.shown(file))
        checked = [run_sluice('check', '-c', file)[1] for file in (os.path.join(ROOT, 'config', 'sluice.yaml'),
                   self.write('again.yaml', self.shown(os.path.join(ROOT, 'config', 'sluice.yaml'))))]
        self.assertEqual(checked[0].partition(': ok')[2], checked[1].partition(': ok')[2])
        self.assertIn('/ws', checked[1])

    def test_secrets_are_never_printed(self):
        self.write('my.key', SECRET)
        file = self.write('my.yaml', AUTH)
        for arguments in ([], ['--sources'], ['--json'], ['--json', '--sources']):
            output = self.shown(file, *arguments, environment={'SHOWN_SECRET': SECRET})
            self.assertNotIn('hunter2', output)
            self.assertIn('${SHOWN_SECRET}', output)
            self.assertIn(self.path('my.key'), output)
        again = self.write('again.yaml', self.shown(file, environment={'SHOWN_SECRET': SECRET}))
        self.assertEqual(run_sluice('check', '-c', again, environment={'SHOWN_SECRET': SECRET})[0], 0)

    def test_sources_are_files_defaults_the_environment_and_the_command_line(self):
        self.write('my.key', SECRET)
        file = self.write('my.yaml', AUTH)
        told = json.loads(self.shown(file, '--json', '--sources', '--set', 'loops=3', '-v',
                                     environment={'SHOWN_SECRET': SECRET}))
        sources = told['sources']
        self.assertEqual(told['config']['loops'], 3)
        self.assertEqual((sources['loops'], sources['log.level'], sources['io']), ('command line', 'command line', 'default'))
        self.assertEqual(sources['listen.0.address'], f'{file}:2:20, written 127.0.0.1:${{SHOWN_PORT:-8081}}')
        self.assertEqual(sources['endpoints.0.pipeline.0.options.grace'], f'{file}:7:57')
        self.assertEqual(sources['endpoints.0.pipeline.0.options.required'], 'default')

    def test_a_wrong_configuration_is_not_printed(self):
        self.write('my.key', SECRET)
        file = self.write('my.yaml', AUTH.replace('grace: 5s', 'grase: 5s'))
        status, output, error = run_sluice('config', '-c', file, environment={'SHOWN_SECRET': SECRET})
        self.assertEqual((status, output), (1, ''))
        self.assertIn('did you mean "grace"?', error)
        status, output, error = run_sluice('config', '-c', file, '--json', environment={'SHOWN_SECRET': SECRET})
        self.assertEqual((status, error, json.loads(output)['error']), (1, '', 'configuration'))


if __name__ == '__main__':
    unittest.main()
