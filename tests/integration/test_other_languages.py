"""docs/plugins-in-other-languages.md: the plugin in Go, built as the page says, does what the page says of it."""

import os
import re
import subprocess
import unittest

from harness import BUILD, ROOT, RawClient, Sluice, endpoint, patience, run_sluice, sanitized, settings, temporary_folder
from harness.server import require

PACKAGE = f'''\
plugin_map={ROOT}/plugin-sdk/cmake/sluice-plugin.map
Name: sluice
Description: the plugin SDK of this tree
Version: 0
Cflags: -I{ROOT}/plugin-sdk/include
'''


def blocks():
    """The page's blocks of code about Go, by what they are in."""
    with open(os.path.join(ROOT, 'docs/plugins-in-other-languages.md'), encoding='utf-8') as page:
        about_go = page.read().partition('## Go\n')[2].partition('\n## Zig\n')[0]
    return dict(re.findall(r'(?ms)^```(\w+)\n(.*?)^```$', about_go))


@unittest.skipIf(sanitized(), 'the runtime of Go and that of a sanitizer do not go together')
class Go(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        require('go')
        folder = temporary_folder()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        code = blocks()
        for name, text in (('table.c', code['c']), ('loud.go', code['go']), ('sluice.pc', PACKAGE)):
            with open(os.path.join(cls.folder, name), 'w', encoding='utf-8') as file:
                file.write(text)
        build = code['sh'].partition('sluice test-plugin')[0]
        done = subprocess.run(['sh', '-ec', build], cwd=cls.folder, capture_output=True, text=True, check=False, timeout=patience(300),
                              env=dict(os.environ, PKG_CONFIG_PATH=cls.folder, GOFLAGS=''))
        assert done.returncode == 0, done.stdout + done.stderr

    def test_passes_the_checks_and_is_said_to_stay(self):
        checks = [f'--only=contract/{check}' for check in ('create', 'messages', 'borrowed', 'lifecycle', 'unloads')]
        status, output, error = run_sluice('test-plugin', os.path.join(self.folder, 'loud.so'), *checks, seconds=180)
        self.assertEqual(status, 0, output + error)
        self.assertRegex(output, r'contract/unloads # SKIP the file stays in memory .* never to be unloaded')

    def test_serves_and_is_named_as_it_stays(self):
        with self.server() as server, RawClient(server) as client:
            for text in ('one', 'panic', 'two'):
                client.text(text)
            self.assertEqual([client.read_text(), client.read_text()], ['ONE', 'TWO'])
            server.reload(settings(endpoint('/ws')))
            server.wait_for_log('loud 1.0.0 is not used any more and stays in memory')
            client.text('small again')
            self.assertEqual(client.read_text(), 'small again')

    def test_leaves_crashes_to_the_server(self):
        server = self.server().start()
        client = RawClient(server, '/crash')
        client.text('crash')
        self.assertNotEqual(server.process.wait(patience(20)), 0)
        server.abandon()
        client.socket.close()
        self.assertRegex(server.log(), r"sluice: crashed \(SIG(SEGV|BUS) at address 0x10\) inside plugin 'later'")

    def server(self):
        return Sluice(settings(endpoint('/ws', [{'plugin': 'loud'}]), endpoint('/crash', [{'plugin': 'later'}]), log={'format': 'text'},
                               plugins={'path': [self.folder, os.path.join(BUILD, 'tests/plugins')]}))


if __name__ == '__main__':
    unittest.main()
