"""The log in a file: rotation, reloads, a full disk, and what is wrong with the path."""

import glob
import json
import os
import resource
import signal
import subprocess
import threading
import unittest

from harness import Sluice, run_sluice, settings, temporary_folder, wait_until
from harness.server import binary, require

CONFIGURATION = """
{folder}/*.log {{
    rotate 100
    nocreate
    missingok
    sharedscripts
    postrotate
        {command}
    endscript
}}
"""


class FileSluice(Sluice):
    """A server that logs to a file in its own folder. log() has the file too."""

    def __init__(self, **more):
        super().__init__(self.configuration(None))
        self.path = os.path.join(self.folder.name, 'sluice.log')
        self.write(self.configuration(self.path, **more))

    @staticmethod
    def configuration(path, **more):
        log = {'level': 'debug', 'format': 'json', **more}
        return settings(log={**log, 'file': path} if path else log)

    def log(self):
        return super().log() + self.content()

    def content(self, path=None):
        try:
            with open(path or self.path) as file:
                return file.read()
        except FileNotFoundError:
            return ''

    def rotated(self):
        """The files that were renamed, oldest first."""
        found = glob.glob(glob.escape(self.path) + '.*')
        return sorted(found, key=lambda path: int(path.rsplit('.', 1)[1]), reverse=True)


class Asking:
    """Asks for what does not exist, a number after the other, each of which is a line in the log."""

    def __init__(self, server):
        self.server = server
        self.count = 0
        self.may_go_on = True
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def run(self):
        while self.may_go_on:
            self.server.admin(f'/healthz?number={self.count}')
            self.count += 1

    def wait(self, more):
        until = self.count + more
        wait_until(lambda: self.count >= until or not self.thread.is_alive(), 'more requests')

    def __exit__(self, *_):
        self.may_go_on = False
        self.thread.join()


class Rotation(unittest.TestCase):
    def check_lines(self, server, files, count):
        """All lines of all files are whole, and none is missing."""
        lines = [line for file in files for line in server.content(file).splitlines(True)]
        for line in lines:
            self.assertTrue(line.endswith('}\n'), line)
            json.loads(line)
        asked = [line for line in lines if 'GET /healthz' in line]
        self.assertGreaterEqual(len(asked), count)

    def rotate(self, server, command, times=5):
        """Has the real logrotate do its work under load."""
        with temporary_folder() as folder:
            file = os.path.join(folder, 'logrotate.conf')
            with open(file, 'w') as out:
                out.write(CONFIGURATION.format(folder=server.folder.name, command=command))
            with Asking(server) as asking:
                for _ in range(times):
                    asking.wait(20)
                    subprocess.run([require('logrotate'), '--force', '--state',
                                    os.path.join(folder, 'state'), file], check=True, timeout=60)
                asking.wait(20)
        wait_until(lambda: len(server.rotated()) == times and os.path.exists(server.path),
                   'all rotations are done')
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(60)
        self.check_lines(server, [*server.rotated(), server.path], asking.count)
        self.assertIn('"stopped"', server.content())
        for file in server.rotated()[1:]:
            self.assertIn('again"', server.content(file))

    def test_logrotate_and_the_command(self):
        with FileSluice() as server:
            self.rotate(server, f'{binary()} log reopen --admin {server.admin_urls[0]} >/dev/null')

    def test_logrotate_and_sigusr1(self):
        with FileSluice() as server:
            self.rotate(server, f'kill -USR1 {server.pid}')

    def test_a_thousand_signals_at_once_are_survived(self):
        with FileSluice() as server:
            with Asking(server) as asking:
                for _ in range(1000):
                    server.process.send_signal(signal.SIGUSR1)
                asking.wait(20)
            wait_until(lambda: server.content().count('GET /healthz') >= asking.count, 'the last line is written')
            self.assertIn('SIGUSR1: opened', server.content())
            self.check_lines(server, [server.path], asking.count)

    def test_what_cannot_be_opened_leaves_the_log_in_the_old_file(self):
        with FileSluice() as server:
            old = server.path + '.1'
            os.rename(server.path, old)
            os.mkdir(server.path)
            status, _, error = run_sluice('log', 'reopen', '--admin', server.admin_urls[0])
            self.assertEqual(status, 1)
            self.assertIn('Is a directory', error)
            wait_until(lambda: 'not reopened' in server.content(old), 'the old file says so')
            os.rmdir(server.path)
            status, said, _ = run_sluice('log', 'reopen', '--admin', server.admin_urls[0])
            self.assertEqual((status, said), (0, f'reopened: the log goes to {server.path}\n'))


class Path(unittest.TestCase):
    def start_with(self, path):
        with temporary_folder() as folder:
            file = os.path.join(folder, 'sluice.yaml')
            with open(file, 'w') as out:
                json.dump(FileSluice.configuration(os.path.join(folder, path)), out, indent=2)
            return file, [run_sluice(name, '-c', file) for name in ('serve', 'check')]

    def test_a_wrong_one_is_an_error_with_its_position(self):
        file, answers = self.start_with('no/file')
        for status, _, error in answers:
            self.assertEqual(status, 1)
            self.assertRegex(error, rf'(?m)(^|"){file}:\d+:\d+: log\.file: cannot write to \S+/no/file: ')
            self.assertIn('No such file or directory', error)

    def test_a_server_that_does_not_start_says_where_it_says_why(self):
        with temporary_folder() as folder:
            file, log = (os.path.join(folder, name) for name in ('sluice.yaml', 'sluice.log'))
            broken = FileSluice.configuration(log)
            broken['endpoints'][0]['pipeline'] = [{'plugin': 'none-such'}]
            with open(file, 'w') as out:
                json.dump(broken, out)
            status, _, error = run_sluice('serve', '-c', file)
            self.assertEqual(status, 1)
            self.assertIn(f'{log} says why', error)
            with open(log) as text:
                self.assertIn('none-such', text.read())

    def test_a_reload_changes_it_or_leaves_everything_as_it_was(self):
        with FileSluice() as server:
            self.reload_wrong(server)
            first, second = server.path, os.path.join(server.folder.name, 'second.log')
            server.path = second
            server.reload(server.configuration(second))
            self.assertIn('is in force', server.content())
            self.assertNotIn('is in force', server.content(first))
            server.reload(server.configuration(None))
            wait_until(lambda: any('configuration 3 is in force' in line for line in server.lines),
                       'standard error has the log')

    def reload_wrong(self, server):
        server.write(server.configuration(os.path.join(server.folder.name, 'no', 'file')))
        status, _, error = run_sluice('reload', '--admin', server.admin_urls[0])
        self.assertEqual(status, 1)
        self.assertRegex(error, r'sluice\.yaml:\d+:\d+: log\.file: cannot write to ')
        wait_until(lambda: 'log.file: cannot write to' in server.content(), 'the old log says so')
        self.assertEqual(server.metric('sluice_configuration_generation'), 1)


class FullDisk(unittest.TestCase):
    def test_server_serves_and_the_log_goes_on(self):
        with FileSluice(queue='16KiB') as server:
            wait_until(lambda: 'ready' in server.content(), 'the server is ready')
            _, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
            size = os.path.getsize(server.path) + 10
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, hard))

            def is_losing():
                for _ in range(20):
                    server.admin('/healthz')
                return server.metric('sluice_log_lost_lines_total') > 0
            wait_until(is_losing, 'lines are lost')
            self.assertGreater(server.metric('sluice_log_failed_writes_total'), 0)
            self.assertEqual(os.path.getsize(server.path), size)
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (hard, hard))
            wait_until(lambda: 'lost here' in server.content(), 'the notice')
            server.admin('/healthz?last')
            for line in server.content().splitlines():
                json.loads(line)


if __name__ == '__main__':
    unittest.main()
