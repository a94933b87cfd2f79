"""The installed service: its configuration, and the command lines of its unit as they stand."""

import os
import re
import shutil
import signal
import socket
import subprocess
import unittest

from harness import (ROOT, InstalledTest, RawClient, patience, run, sanitized, temporary_folder,
                     wait_until)
from harness.operations import blocks

EXPOSURE_MOST = 2.0  # of 10, by systemd-analyze security; the unit has 1.7 with systemd 252
LISTENING = re.compile(r'listening on ws://([^\s"/]+):(\d+)')


@unittest.skipIf(sanitized(), 'the same files as without a sanitizer')
class Service(InstalledTest):
    def setUp(self):
        self.unit = self.installed('lib', 'systemd', 'system', 'sluice.service')
        with open(self.unit, encoding='utf-8') as file:
            self.lines = file.read().splitlines()

    def setting(self, key):
        """The unit's one value for a key."""
        values = [line[len(key) + 1:] for line in self.lines if line.startswith(key + '=')]
        self.assertEqual(len(values), 1, key)
        return values[0]

    def start(self):
        """Runs the unit's commands as systemd would, on a port that the kernel chooses."""
        runtime = os.path.join(self.folder, 'run')
        os.makedirs(runtime, mode=0o755, exist_ok=True)
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.manager.close)
        folder = temporary_folder()
        self.addCleanup(folder.cleanup)
        name = os.path.join(folder.name, 'notify')
        self.manager.bind(name)
        self.manager.settimeout(patience(10))
        self.environment = {**os.environ, 'RUNTIME_DIRECTORY': runtime, 'SLUICE_PORT': '0',
                            'CREDENTIALS_DIRECTORY': self.folder}
        run(*self.setting('ExecStartPre').split(), env=self.environment)
        umask = int(self.setting('UMask'), 8)
        log = os.path.join(folder.name, 'log')
        with open(log, 'wb') as out:
            self.process = subprocess.Popen(
                self.setting('ExecStart').split(), stdin=subprocess.DEVNULL, stderr=out, cwd='/',
                env={**self.environment, 'NOTIFY_SOCKET': name}, umask=umask)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        self.log_file = log
        self.assert_told('READY=1')

    def log(self):
        with open(self.log_file, encoding='utf-8') as file:
            return file.read()

    def assert_told(self, what):
        self.assertIn(what, self.manager.recv(4096).decode().split('\n'))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.assert_told('STOPPING=1')
        self.assertEqual(self.process.wait(patience(15)), 0)

    def test_serves_this_machine_only_and_ends_when_it_is_told(self):
        self.start()
        wait_until(lambda: 'ready (sluice' in self.log(), 'the log says that it is ready')
        hosts = LISTENING.findall(self.log())
        self.assertEqual([host for host, _ in hosts], ['127.0.0.1'])
        self.assertNotIn('a page to try it', self.log())
        self.port = int(hosts[0][1])
        with RawClient(self) as client:
            client.text('hello')
            self.assertEqual(client.read_text(), 'hello')
        self.stop()

    def test_reloads_by_the_unit_and_says_so(self):
        self.start()
        run(*self.setting('ExecReload').split(), env=self.environment)
        self.assert_told('RELOADING=1')
        self.assert_told('READY=1')
        self.process.send_signal(signal.SIGHUP)
        self.assert_told('RELOADING=1')
        self.assert_told('READY=1')
        self.stop()

    def test_reload_that_fails_is_a_failure_of_the_unit_and_the_server_goes_on(self):
        self.start()
        file = self.installed('etc', 'sluice', 'sluice.yaml')
        shutil.copy(file, file + '.good')
        self.addCleanup(os.replace, file + '.good', file)
        with open(file, 'a', encoding='utf-8') as out:
            out.write('nonsense: 1\n')
        done = run(*self.setting('ExecReload').split(), env=self.environment, status=1)
        self.assertIn('nonsense', done.stderr)
        self.assertIsNone(self.process.poll())

    def test_what_the_unit_protects(self):
        for key, value in (('Type', 'notify'), ('LimitCORE', '0'), ('UMask', '0077'),
                           ('ProtectProc', 'invisible'), ('RuntimeDirectory', 'sluice'),
                           ('LogsDirectory', 'sluice'), ('StateDirectory', 'sluice'), ('User', 'sluice'),
                           ('Environment', 'SLUICE_SECRETS=%d/secret_'),
                           ('LoadCredential', f'secret:{self.prefix}/etc/sluice/secrets')):
            self.assertEqual(self.setting(key), value)
        self.assertIn('SystemCallFilter=@system-service', self.lines)
        secrets = os.stat(self.installed('etc', 'sluice', 'secrets'))
        self.assertEqual(secrets.st_mode & 0o777, 0o700)

    def test_development_configuration_is_not_installed(self):
        with open(self.installed('etc', 'sluice', 'sluice.yaml'), encoding='utf-8') as a, \
             open(os.path.join(ROOT, 'config', 'installed.yaml'), encoding='utf-8') as b:
            installed = a.read()
            self.assertEqual(installed, b.read())
        self.assertNotIn('demo_page', installed)

    @unittest.skipUnless(shutil.which('systemd-analyze'), 'systemd is not here')
    def test_systemd_takes_the_unit_and_finds_little_exposed(self):
        verified = run('systemd-analyze', 'verify', '--man=no', self.unit, status=None)
        about_it = [line for line in verified.stderr.splitlines() if 'sluice.service' in line]
        self.assertEqual(about_it, [])
        judged = run('systemd-analyze', 'security', '--offline=true', '--no-pager', self.unit,
                     status=None)
        found = re.search(r'Overall exposure level for sluice.service: ([\d.]+)', judged.stdout)
        if found is None:
            self.skipTest(f'systemd-analyze cannot judge here: {judged.stderr}')
        self.assertLessEqual(float(found.group(1)), EXPOSURE_MOST, judged.stdout)

    @unittest.skipUnless(shutil.which('systemd-analyze'), 'systemd is not here')
    def test_systemd_takes_what_the_page_of_operations_adds(self):
        with temporary_folder() as folder:
            unit = shutil.copy(self.unit, folder)
            os.mkdir(unit + '.d')
            with open(os.path.join(unit + '.d', 'override.conf'), 'w', encoding='utf-8') as out:
                out.write(blocks('ini')[0])
            verified = run('systemd-analyze', 'verify', '--man=no', unit, status=None)
            about_it = [line for line in verified.stderr.splitlines() if 'sluice.service' in line]
            self.assertEqual(about_it, [])


if __name__ == '__main__':
    unittest.main()
