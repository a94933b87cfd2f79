"""Files that the server reads: half copied plugins, and what others could have put there."""

import os
import unittest

from harness import (BUILD, RawClient, Sluice, endpoint, run_sluice, sanitized, settings,
                     temporary_folder)


class PluginFiles(unittest.TestCase):
    """A plugin file that is half copied is refused with a sentence; nothing else happens."""

    def setUp(self):
        self.folder = temporary_folder()
        self.addCleanup(self.folder.cleanup)
        with open(os.path.join(BUILD, 'plugins', 'validate.so'), 'rb') as file:
            self.whole = file.read()
        self.file = os.path.join(self.folder.name, 'validate.so')
        self.put(len(self.whole))

    def put(self, length, rest=b''):
        with open(self.file, 'wb') as file:
            file.write(self.whole[:length] + rest)

    def settings(self):
        return settings(endpoint('/ws', [{'plugin': 'validate'}]), plugins={'path': [self.folder.name]})

    def lengths(self, count):
        size = len(self.whole)
        return [0, 1, 63, 64, 1000, 4096, size - 1,
                *(size * part // count for part in range(1, count))]

    def test_half_a_file_at_a_reload_is_refused_and_the_server_goes_on(self):
        with Sluice(self.settings()) as server, RawClient(server) as client:
            admin = '%s:%d' % server.admin_address
            for length in self.lengths(12):
                with self.subTest(length=length):
                    self.put(length)
                    status, _, error = run_sluice('reload', '--admin', admin)
                    self.assertEqual(status, 1, error)
                    self.assertRegex(error, r"cannot load plugin 'validate': \S+/validate\.so: the file is "
                                            r"(not|empty)")
            self.put(len(self.whole) // 2, bytes(len(self.whole) - len(self.whole) // 2))
            self.assertIn('not written', run_sluice('reload', '--admin', admin)[2])
            self.put(len(self.whole))
            status, _, error = run_sluice('reload', '--admin', admin)
            self.assertEqual(status, 0, error)
            client.text('still here')
            self.assertEqual(client.read_text(), 'still here')

    def test_half_a_file_ends_no_command(self):
        with Sluice(self.settings()) as server:
            for length in (1000, 60000, len(self.whole) // 2, len(self.whole) - 1):
                with self.subTest(length=length):
                    self.put(length)
                    status, _, error = run_sluice('check', '-c', server.file)
                    self.assertEqual(status, 1, error)
                    self.assertIn('the file is not whole', error)
                    status, _, error = run_sluice('plugins', '-c', server.file)
                    self.assertEqual(status, 1, error)
                    self.assertIn('the file is not whole', error)

    @unittest.skipIf(sanitized(), 'a sanitizer has a report of its own')
    def test_a_crash_while_loading_names_the_file(self):
        broken = os.path.join(BUILD, 'tests', 'plugins', 'broken')
        with Sluice(self.settings()) as server:
            server.write(settings(endpoint('/ws', [{'plugin': 'crashes-at-load'}]),
                                  plugins={'path': [broken]}))
            status, _, error = run_sluice('check', '-c', server.file)
        self.assertNotIn(status, (0, 1))
        self.assertRegex(error, r'sluice: crashed \(SIG(SEGV|BUS) at address 0x10\) while loading a '
                                r'plugin\nsluice: plugin file: \S+/crashes-at-load\.so')


if __name__ == '__main__':
    unittest.main()
