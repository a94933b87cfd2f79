"""sluice new-plugin: what it writes builds and passes its own test, with nothing but an installation,
and serves."""

import os
import shutil
import signal
import unittest
import unittest.mock

from harness import (InstalledTest, RawClient, Sluice, endpoint, patience, run, run_sluice, sanitized, settings,
                     temporary_folder)
from harness.server import PATIENT

# Compilers are a matter of seconds, but on a busy machine of minutes.
TEST_SECONDS = 600


@unittest.skipIf(sanitized(), 'the same files as without a sanitizer')
class Generated(InstalledTest):
    """In C++ and Rust; test_tutorial.py does the same in C."""

    def setUp(self):
        signal.alarm(int(patience(TEST_SECONDS)))

    def generate_build_and_serve(self, name, *arguments):
        done = run(self.installed('bin', 'sluice'), 'new-plugin', name, *arguments, cwd=self.folder)
        self.assertIn(f'cd {name}', done.stdout)
        folder = os.path.join(self.folder, name)
        build = os.path.join(folder, 'build')
        run('cmake', '-S', folder, '-B', build, f'-DCMAKE_PREFIX_PATH={self.prefix}',
            '-DSLUICE_TEST_PLUGIN_ARGUMENTS=' + ';'.join(PATIENT))
        run('cmake', '--build', build)
        tested = run('ctest', '--test-dir', build, '--output-on-failure')
        self.assertIn('100% tests passed, 0 tests failed out of 1', tested.stdout)
        configuration = settings(
            endpoint('/ws', [{'plugin': name, 'options': {'limit': 2}}]),
            plugins={'path': [os.path.join(build, 'plugins')]})
        with Sluice(configuration) as server, RawClient(server) as client:
            for text in ('one', 'two', 'three', 'count'):
                client.text(text)
            self.assertEqual([client.read_text() for _ in range(3)], ['one', 'two', '2 of 2'])
            plugin = name.replace('-', '_')
            self.assertEqual(server.metric(f'sluice_plugin_{plugin}_dropped_total',
                                           endpoint='/ws', plugin=name, position='1'), 1)

    def test_templates_are_installed_too(self):
        folder = self.installed('share/sluice/template')
        self.assertEqual(sorted(os.listdir(folder)),
                         ['CMakeLists.txt', 'README.md', 'c', 'ci.yml', 'cpp', 'rust', 'scenario.yaml'])

    def test_in_cpp(self):
        self.generate_build_and_serve('in-cpp', '--language', 'c++')

    @unittest.skipUnless(shutil.which('cargo'), 'there is no cargo')
    def test_in_rust(self):
        with unittest.mock.patch.dict(os.environ, CARGO_HOME=os.path.join(self.folder, 'cargo-home')):
            self.generate_build_and_serve('in-rust', '--language', 'rust')


class Refused(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()
        self.addCleanup(self.folder.cleanup)

    def new_plugin(self, *arguments):
        status, _, error = run_sluice('new-plugin', *arguments, cwd=self.folder.name)
        return status, error

    def test_names(self):
        for name in ('Capital', 'with space', '../up', '1st', '-dash', 'dash-', 'x' * 65, ''):
            status, error = self.new_plugin('--', name)
            self.assertEqual(status, 2, name)
            self.assertIn("is not a plugin's name", error)
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_folder_that_is_not_empty(self):
        self.assertEqual(self.new_plugin('mine')[0], 0)
        status, error = self.new_plugin('mine')
        self.assertEqual(status, 1)
        self.assertIn('mine is there already and not empty', error)
        os.mkdir(os.path.join(self.folder.name, 'empty'))
        self.assertEqual(self.new_plugin('mine', 'empty')[0], 0)

    def test_usage(self):
        self.assertEqual(self.new_plugin()[0], 2)
        self.assertIn("no template for 'cobol'", self.new_plugin('x', '--language', 'cobol')[1])


if __name__ == '__main__':
    unittest.main()
