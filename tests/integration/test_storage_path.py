"""storage.path: what plugins keep in the server's tables is there again after a restart, a crash and a reload."""

import os
import signal
import unittest

from harness import RawClient, Sluice, endpoint, run_sluice, settings, temporary_folder, wait_until

USED_UP = 'your budget is used up'


class Kept(unittest.TestCase):
    def setUp(self):
        folder = temporary_folder()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, 'storage.db')

    def settings(self, path=None, **storage):
        pipeline = [{'plugin': 'budget', 'options': {'messages': 2}}]
        return settings(endpoint('/ws', pipeline), storage={'path': path or self.path, **storage})

    def serve(self, **storage):
        server = Sluice(self.settings(**storage))
        self.addCleanup(server.abandon)
        return server.start()

    def ask(self, server, text):
        """What comes back: the message itself, or that the budget is used up."""
        with RawClient(server, '/ws') as client:
            client.text(text)
            return client.read_text()

    def test_counts_go_on_after_a_restart(self):
        server = self.serve(sync='1h')  # nothing is written but at the end
        self.assertEqual([self.ask(server, 'one'), self.ask(server, 'two')], ['one', 'two'])
        server.stop()
        server = self.serve()
        self.assertEqual(server.metric('sluice_storage_entries', table='budget#1'), 1)
        self.assertEqual(self.ask(server, 'three'), USED_UP)
        server.stop()
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)

    def test_a_killed_server_loses_the_last_interval_at_most(self):
        server = self.serve(sync='10ms')
        self.assertEqual([self.ask(server, 'one'), self.ask(server, 'two')], ['one', 'two'])
        wait_until(lambda: server.metric('sluice_storage_written_total') > 0
                   and server.metric('sluice_storage_unwritten') == 0, 'all that is written')
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        server = self.serve()
        self.assertEqual(self.ask(server, 'three'), USED_UP)
        server.stop()

    def test_a_reload_keeps_names_and_takes_another_path_at_the_next_start(self):
        server = self.serve()
        self.assertEqual([self.ask(server, 'one'), self.ask(server, 'two')], ['one', 'two'])
        server.reload(self.settings(path=self.path + '.other', sync='20ms'))
        self.assertIn('storage.path has changed, which takes effect when the server is restarted', server.log())
        self.assertFalse(os.path.exists(self.path + '.other'))
        server.stop()
        server = self.serve()
        self.assertEqual(self.ask(server, 'four'), USED_UP)
        server.stop()

    def test_who_only_looks_makes_no_file(self):
        looking = Sluice(self.settings())
        self.addCleanup(looking.folder.cleanup)
        status, _, error = run_sluice('check', '-c', looking.file)
        self.assertEqual((status, error), (0, ''))
        self.assertFalse(os.path.exists(self.path))
        with open(self.path, 'w', encoding='utf-8') as file:
            file.write('somebody else\'s')
        os.chmod(self.path, 0o600)
        status, _, error = run_sluice('check', '-c', looking.file)
        self.assertNotEqual(status, 0)
        self.assertIn('it is no SQLite database; move it away', error)


if __name__ == '__main__':
    unittest.main()
