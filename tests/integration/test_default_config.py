"""The first command of a newcomer: the default configuration on port 8080, with the example clients
of the document that the project grew out of (seed/) exactly as they stand, and the demo page."""

import json
import os
import socket
import subprocess
import tempfile
import threading
import unittest

from harness import INTEGRATION, ROOT, Sluice, build_go, patience, wait_until

PORT = 8080


def seed(name):
    with open(os.path.join(INTEGRATION, 'seed', name)) as file:
        return file.read()


def go_program(snippet):
    """The Go snippet as a program: it begins with its imports; the rest is the body of main."""
    imports, body = snippet.split(')\n', 1)
    return f'package main\n\nimport "log"\n\n{imports})\n\nfunc main() {{\n{body}}}\n'


class DefaultConfig(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with socket.socket() as probe:
            busy = probe.connect_ex(('127.0.0.1', PORT)) == 0
        assert not busy, (f'port {PORT} is in use: stop the server that listens there, since the '
                          'default configuration is tested on its own port')
        cls.server = Sluice(file=os.path.join(ROOT, 'config', 'sluice.yaml')).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def browse(self, *arguments):
        done = subprocess.run(
            ['node', os.path.join(INTEGRATION, 'clients', 'browser.mjs'), *arguments],
            capture_output=True, timeout=patience(60))
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return json.loads(done.stdout)

    def test_javascript_snippet_in_a_browser(self):
        lines = self.browse('snippet', os.path.join(INTEGRATION, 'seed', 'client.js'))
        self.assertEqual(lines, ['WebSocket connected', 'Message from server: Hello Server!',
                                 'WebSocket closed'])

    def test_demo_page_in_two_tabs(self):
        seen = self.browse('demo', f'http://localhost:{PORT}/')
        text = 'Hello <b>second</b> tab'
        self.assertEqual(seen, {'shown': [text, text, 'and back'], 'who': 'Ada', 'errors': []})

    def test_go_snippet(self):
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, 'main.go')
            with open(source, 'w') as out:
                out.write(go_program(seed('client.go.txt')))
            self.run_until_received(build_go(source, folder))

    def run_until_received(self, program):
        """The snippet reads for ever: it is ended when it has printed what it received."""
        lines = []
        process = subprocess.Popen([program], stderr=subprocess.PIPE, text=True)
        reader = threading.Thread(target=lambda: lines.extend(iter(process.stderr.readline, '')))
        reader.start()
        try:
            wait_until(lambda: any('recv: Hello Server!' in line for line in lines),
                       'the Go snippet receives its message')
        finally:
            process.kill()
            process.wait()
            reader.join()
            process.stderr.close()
