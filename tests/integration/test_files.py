"""Files that the server reads: half copied plugins, and what others could have put there."""

import json
import os
import shutil
import subprocess
import unittest

from harness import (BUILD, ROOT, Certificates, RawClient, Sluice, endpoint, patience, run_sluice,
                     sanitized, settings, temporary_folder)


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


class Trust(unittest.TestCase):
    """What others may write to, or a secret that others may read, is refused by name, whoever reads
    it; and a FIFO makes nobody wait."""

    def setUp(self):
        self.folder = temporary_folder()
        self.addCleanup(self.folder.cleanup)
        self.certificates = Certificates()
        self.addCleanup(self.certificates.cleanup)

    def put(self, name, content='', mode=0o600):
        path = os.path.join(self.folder.name, name)
        with open(path, 'w') as file:
            file.write(content)
        os.chmod(path, mode)
        return path

    def check(self, configuration):
        return run_sluice('check', '-c', self.put('sluice.yaml', json.dumps(configuration)))

    def auth(self, **options):
        return settings(endpoint('/ws', [{'plugin': 'auth', 'options': options}]))

    def configurations(self):
        """(the file, a good mode, a configuration that reads it), for each that is read."""
        tls = {**self.certificates.tls, 'client_ca': self.certificates.path('ca.crt')}
        secure = settings(listen=[{'address': '127.0.0.1:0', 'tls': tls}])
        yield tls['certificate'], 0o644, secure
        yield tls['key'], 0o640, secure
        yield tls['client_ca'], 0o644, secure
        token = self.put('admin.token', '0123456789abcdef0123456789abcdef')
        yield token, 0o600, settings(admin={'listen': '127.0.0.1:0', 'token_file': token})
        tokens = self.put('tokens.txt', 'ada 0123456789abcdef0123456789abcdef')
        yield tokens, 0o600, self.auth(tokens_file=tokens)
        pem = self.put('key.pem', self.certificates.public_pem())
        yield pem, 0o644, self.auth(jwt_key_file=pem, methods=['jwt'])
        secret = self.put('secret', 'x' * 32)
        yield secret, 0o600, self.auth(jwt_secret={'file': secret}, methods=['jwt'])
        schema = self.put('schema.json', '{}')
        yield schema, 0o644, settings(endpoint('/ws', [
            {'plugin': 'validate', 'options': {'json': True, 'schema': schema}}]))
        prefixes = self.put('prefixes.txt', '10.0.0.0/8')
        yield prefixes, 0o644, settings(endpoint('/ws', [
            {'plugin': 'address-filter', 'options': {'deny_file': prefixes}}]))

    def test_whoever_reads_it(self):
        for path, mode, configuration in self.configurations():
            with self.subTest(os.path.basename(path)):
                os.chmod(path, mode)
                status, _, error = self.check(configuration)
                self.assertEqual(status, 0, error)
                for wrong in (0o602, 0o662):
                    os.chmod(path, wrong)
                    status, _, error = self.check(configuration)
                    self.assertEqual(status, 1, error)
                    self.assertIn(f'others may write to it; mend it with: chmod go-w {path}', error)
                os.chmod(path, mode)

    def test_private_keys_that_others_may_read(self):
        for path, _, configuration in self.configurations():
            if os.path.basename(path) in ('server.key', 'secret'):
                with self.subTest(path):
                    os.chmod(path, 0o644)
                    status, _, error = self.check(configuration)
                    self.assertEqual(status, 1, error)
                    self.assertIn(f'mend it with: chmod o-r {path}', error)

    def test_an_admin_token_that_others_may_read_is_a_warning(self):
        token = self.put('admin.token', '0123456789abcdef0123456789abcdef', 0o644)
        status, _, error = self.check(settings(admin={'listen': '127.0.0.1:0',
                                                      'token_file': token}))
        self.assertEqual(status, 0, error)
        self.assertIn(f'chmod o-r {token} (a warning)', error)

    def test_a_fifo_makes_nobody_wait(self):
        for path, _, configuration in self.configurations():
            with self.subTest(os.path.basename(path)):
                os.rename(path, path + '.before')
                os.mkfifo(path, 0o600)
                status, _, error = self.check(configuration)
                os.rename(path + '.before', path)
                self.assertEqual(status, 1, error)
                self.assertIn('not a regular file', error)
        fifo = os.path.join(self.folder.name, 'fifo.yaml')
        os.mkfifo(fifo, 0o600)
        status, _, error = run_sluice('check', '-c', fifo)
        self.assertEqual(status, 1)
        self.assertIn('not a regular file', error)

    def test_the_configuration_itself(self):
        file = self.put('sluice.yaml', json.dumps(settings()), 0o646)
        for command in ('check', 'serve', 'plugins'):
            status, _, error = run_sluice(command, '-c', file)
            self.assertEqual(status, 1)
            self.assertIn(f'{file}: others may write to it; mend it with: chmod go-w {file}', error)

    def test_a_reload_refuses_as_well(self):
        with Sluice(settings()) as server:
            os.chmod(server.file, 0o646)
            status, _, error = run_sluice('reload', '--admin', '%s:%d' % server.admin_address)
            self.assertEqual(status, 1)
            self.assertIn('others may write to it', error)

    def test_a_clone_that_others_may_write_to_is_told_what_mends_it(self):
        clone = os.path.join(self.folder.name, 'clone')
        shutil.copytree(os.path.join(ROOT, 'scripts'), os.path.join(clone, 'scripts'))
        shutil.copytree(os.path.join(ROOT, 'config'), os.path.join(clone, 'config'))
        for path, mode in ((clone, 0o757), (os.path.join(clone, 'config/sluice.yaml'), 0o646)):
            with self.subTest(path):
                before = os.stat(path).st_mode
                os.chmod(path, mode)
                done = subprocess.run([os.path.join(clone, 'scripts/run')], capture_output=True,
                                      stdin=subprocess.DEVNULL, timeout=patience(30))
                os.chmod(path, before)
                self.assertEqual(done.returncode, 1)
                self.assertIn(f'mend it with: chmod -R go-w {clone}', done.stderr.decode())

    def test_folders_of_plugins_and_those_above(self):
        upper = os.path.join(self.folder.name, 'upper')
        plugins = os.path.join(upper, 'plugins')
        os.makedirs(plugins)
        shutil.copy(os.path.join(BUILD, 'plugins', 'validate.so'), plugins)
        os.symlink(plugins, os.path.join(self.folder.name, 'link'))
        for path in (plugins, os.path.join(self.folder.name, 'link')):
            configuration = settings(endpoint('/ws', [{'plugin': 'validate'}]),
                                     plugins={'path': [path]})
            self.assertEqual(self.check(configuration)[0], 0)
            for folder in (plugins, upper):
                os.chmod(folder, 0o757)
                status, _, error = self.check(configuration)
                os.chmod(folder, 0o755)
                self.assertEqual(status, 1)
                self.assertIn(f'{folder} is a folder that others may write to', error)
                self.assertIn(f'chmod go-w {folder}', error)

    def test_who_tests_a_plugin_may_have_any_umask(self):
        file = os.path.join(self.folder.name, 'validate.so')
        shutil.copy(os.path.join(BUILD, 'plugins', 'validate.so'), file)
        for path in (file, self.folder.name):
            os.chmod(path, 0o775)
        status, output, error = run_sluice('test-plugin', file, '--only', 'contract/abi')
        self.assertEqual(status, 0, output + error)


if __name__ == '__main__':
    unittest.main()
