"""--json of the commands: what they answer, and what is wrong with how they were called."""

import json
import os
import re
import unittest

from harness import BUILD, run_sluice, temporary_folder

# Commands that have nothing to say to a program.
WITHOUT = {'completion', 'help', 'replay', 'serve'}


class CommandsJson(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def test_every_command_says_in_json_which_option_it_does_not_have(self):
        listed = re.findall(r'(?m)^  ([a-z][a-z-]*) .*', run_sluice('help')[1].partition('Options:')[0])
        self.assertGreater(len(listed), 15)
        for name in set(listed) - {'replay'}:
            with self.subTest(name):
                status, output, error = run_sluice(name, '--nonsense', '--json')
                self.assertEqual((status, error), (2, ''))
                self.assertEqual(json.loads(output)['error'], 'usage')
        for name in set(listed) - WITHOUT:
            with self.subTest(name):
                self.assertRegex(run_sluice('help', name)[1] + '--json' * (name == 'version'), '--json')

    def test_what_a_plugin_writes_may_be_no_utf8(self):
        plugin = os.path.join(BUILD, 'tests/plugins/broken/mutters.so')
        status, output, error = run_sluice('test-plugin', plugin, '--only', 'contract/create', '--json')
        self.assertEqual((status, error), (1, ''))
        self.assertEqual(json.loads(output)['checks'][0]['output'], 'gr\ufffd\ufffd dich \ufffd\ufffd\ufffd\n')

    def test_commands_for_authors_speak_json(self):
        folder = self.path('mine')
        status, output, error = run_sluice('new-plugin', 'mine', folder, '--json')
        self.assertEqual((status, error), (0, ''))
        self.assertIn(os.path.join(folder, 'mine.c'), json.loads(output)['files'])
        for arguments, code in ((['new-plugin', 'mine', folder], 'failed'), (['new-plugin', 'No'], 'usage'), (['new-plugin', '--lang', 'x', 'y'], 'usage'),
                                (['test-plugin'], 'usage'), (['test-plugin', '--sead', '1'], 'usage'),
                                (['test-plugin', '--set', 'a=[', 'x.so'], 'usage'), (['test-plugin', '/nowhere.so'], 'not_found')):
            with self.subTest(arguments):
                status, output, error = run_sluice(*arguments, '--json')
                self.assertIn(status, (1, 2))
                self.assertEqual((error, json.loads(output)['error']), ('', code))
        plugin = os.path.join(BUILD, 'plugins', 'echo.so')
        status, output, error = run_sluice('test-plugin', plugin, '--only', 'contract/*options*', '--json')
        self.assertEqual((status, error), (0, ''))
        told = json.loads(output)
        self.assertEqual((told['plugin'], told['failed'], len(told['checks'])), (plugin, 0, told['passed'] + told['skipped']))
        self.assertIn('name', json.loads(run_sluice('test-plugin', '--list', '--json')[1])['checks'][0])


if __name__ == '__main__':
    unittest.main()
