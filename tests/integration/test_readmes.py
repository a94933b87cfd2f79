"""The examples of the plugins' READMEs are configurations that the server takes."""

import glob
import json
import os
import re
import shutil
import textwrap
import unittest

from harness import BUILD, ROOT, Certificates, run_sluice, temporary_folder

BLOCK = re.compile(r'^```yaml\n(.*?)^```$', re.DOTALL | re.MULTILINE)
TOKEN = '0123456789abcdef0123456789abcdef'
FILES = {
    'tokens.txt': f'alice {TOKEN}\n',
    'blocked': '198.51.100.0/24\n',
    'schemas/chat.json': json.dumps({'required': ['body']}),
    'schemas/typing.json': json.dumps(True),
}


def examples():
    """(plugin, number, text) of each block of YAML in a plugin's README."""
    for path in sorted(glob.glob(os.path.join(ROOT, 'plugins', '*', 'README.md'))):
        with open(path) as readme:
            for number, text in enumerate(BLOCK.findall(readme.read()), 1):
                yield os.path.basename(os.path.dirname(path)), number, text


def whole(text):
    """A configuration around an example, which is a pipeline, endpoints, or nearly all of it."""
    if text.startswith('pipeline:'):
        text = 'endpoints:\n- path: /ws\n' + textwrap.indent(text, '  ')
    if not re.search('^listen:', text, re.MULTILINE):
        tls = ', tls: {certificate: server.crt, key: server.key, client_ca: ca.crt}' \
            if 'client_ca' in text else ''
        text = f"listen: [{{address: '127.0.0.1:8443'{tls}}}]\n{text}"
    return text


class Readmes(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()
        self.addCleanup(self.folder.cleanup)
        certificates = Certificates()
        self.addCleanup(certificates.cleanup)
        for name, content in FILES.items():
            self.write(name, content)
        for name in ('server.crt', 'server.key', 'ca.crt'):
            shutil.copy(certificates.path(name), os.path.join(self.folder.name, name))

    def write(self, name, content):
        path = os.path.join(self.folder.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as out:
            out.write(content)
        os.chmod(path, 0o600)
        return path

    def check(self, text):
        file = self.write('sluice.yaml', text.replace('/etc/sluice/', self.folder.name + '/'))
        return run_sluice('check', '-c', file, '--set',
                          f'plugins.path=[{os.path.join(BUILD, "plugins")}]',
                          environment={'TICKET_SECRET': TOKEN})

    def test_every_example_is_taken(self):
        plugins = set()
        for plugin, number, text in examples():
            plugins.add(plugin)
            with self.subTest(plugin=plugin, example=number):
                self.assertIn(f'plugin: {plugin}', text)
                status, output, error = self.check(whole(text))
                self.assertEqual(status, 0, error)
                self.assertIn(plugin, output)
        self.assertEqual(plugins, {os.path.basename(os.path.dirname(path)) for path in
                                   glob.glob(os.path.join(ROOT, 'plugins', '*', 'README.md'))})

    def test_an_example_with_a_wrong_option_would_be_refused(self):
        status, _, error = self.check(whole('pipeline:\n  - plugin: validate\n'
                                            '    options: {jsn: true}\n'))
        self.assertNotEqual(status, 0)
        self.assertIn('jsn', error)
