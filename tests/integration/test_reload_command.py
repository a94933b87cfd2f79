"""What an operator is told about a reload: by the command, in the log, by metrics, and beforehand by
`sluice check`."""

import os
import re
import unittest

from harness import (Authority, Sluice, endpoint, run_sluice, settings, temporary_folder,
                     wait_until)


class Failed(unittest.TestCase):
    def test_a_failed_reload_is_logged_and_counted(self):
        with Sluice(settings(endpoint('/ws'))) as server:
            admin = '%s:%d' % server.admin_address
            server.write(settings(endpoint('/ws', ecko=True)))
            status, _, error = run_sluice('reload', '--admin', admin)
            self.assertEqual(status, 1)
            self.assertIn('ecko', error)
            server.wait_for_log('not reloaded')
            log = server.log()
            self.assertRegex(log, rf'"level":"error".*{re.escape(server.file)}:\d+:\d+: .*ecko')
            self.assertRegex(log, r'"level":"error".*not reloaded')
            server.wait_for_metric(1, 'sluice_reloads_total', result='failed')
            server.wait_for_metric(1, 'sluice_last_reload_failed')
            server.write(settings(endpoint('/ws')))
            self.assertEqual(run_sluice('reload', '--admin', admin)[0], 0)
            server.wait_for_metric(1, 'sluice_reloads_total', result='done')
            self.assertEqual(server.metric('sluice_last_reload_failed'), 0)

    def test_a_broken_file_still_says_where_the_server_is(self):
        with Sluice(settings(endpoint('/ws'))) as server:
            broken = settings(endpoint('/ws', ecko=True),
                              admin={'listen': '127.0.0.1:%d' % server.admin_address[1]})
            server.write(broken)
            status, _, error = run_sluice('reload', '-c', server.file)
            self.assertEqual(status, 1)
            self.assertIn('what ran before goes on', error)
            server.wait_for_metric(1, 'sluice_reloads_total', result='failed')


class AnotherFile(unittest.TestCase):
    def test_a_reload_of_another_file_is_refused(self):
        with Sluice(settings(endpoint('/ws'))) as server, temporary_folder() as folder:
            other = os.path.join(folder, 'other.yaml')
            with open(server.file) as own, open(other, 'w') as file:
                file.write(own.read())
            admin = '%s:%d' % server.admin_address
            status, _, error = run_sluice('reload', '--admin', admin, '-c', other)
            self.assertEqual(status, 1, error)
            self.assertIn(other, error)
            self.assertIn(server.file, error)
            server.wait_for_metric(1, 'sluice_configuration_generation')
            link = os.path.join(folder, 'link.yaml')
            os.symlink(server.file, link)
            status, _, error = run_sluice('reload', '--admin', admin, '-c', link)
            self.assertEqual(status, 0, error)

    def test_overrides_do_not_reach_the_server_and_are_refused(self):
        status, _, error = run_sluice('reload', '--set', 'log.level=debug')
        self.assertEqual(status, 2)
        self.assertIn('--set would not reach the running server', error)


class Expired(unittest.TestCase):
    """A certificate that clients will refuse is said wherever somebody could still mend it."""

    def setUp(self):
        self.certificates = Authority()
        self.addCleanup(self.certificates.cleanup)
        self.certificates.issue('expired', seconds=-60)

    def settings(self, name):
        tls = {'certificate': self.certificates.path(f'{name}.crt'),
               'key': self.certificates.path(f'{name}.key')}
        return settings(listen=[{'address': '127.0.0.1:0', 'tls': tls}])

    def test_check_and_reload_warn(self):
        with Sluice(self.settings('server')) as server:
            server.write(self.settings('expired'))
            for command in (['check', '-c', server.file],
                            ['reload', '--admin', '%s:%d' % server.admin_address]):
                status, _, error = run_sluice(*command)
                with self.subTest(command[0]):
                    self.assertEqual(status, 0, error)
                    self.assertRegex(error, rf'{re.escape(server.file)}:\d+:\d+: .*expired\.crt. '
                                            r'has expired.*\(a warning\)')
            wait_until(lambda: 'has expired' in server.log(), 'the log says it too')


class AllAtOnce(unittest.TestCase):
    """Mistakes of the server's keys and of plugins' options are shown by one run."""

    wrong = settings(endpoint('/ws', [{'plugin': 'rate-limit', 'options': {'mesages': '1/s'}}],
                              ecko=True),
                     endpoint('/two', [{'plugin': 'validat'}]), lops=1, log={'format': 'text'})

    def assert_all(self, error):
        for mistake in ('ecko', 'lops', '"messages"', "'validate'"):
            self.assertIn(mistake, error)

    def test_check_serve_and_reload_show_all(self):
        with Sluice(settings(endpoint('/ws'))) as server:
            admin = '%s:%d' % server.admin_address
            server.write(self.wrong)
            for command in (['check', '-c', server.file], ['serve', '-c', server.file],
                            ['reload', '--admin', admin]):
                status, _, error = run_sluice(*command)
                with self.subTest(command[0]):
                    self.assertEqual(status, 1)
                    self.assert_all(error)

    def test_serve_shows_mistakes_behind_those_of_plugins(self):
        tls = {'certificate': '/nonexistent/server.crt', 'key': '/nonexistent/server.key'}
        wrong = settings(endpoint('/ws', [{'plugin': 'validat'}]),
                         listen=[{'address': '127.0.0.1:0', 'tls': tls}],
                         admin={'listen': '127.0.0.1:0', 'token_file': '/nonexistent/token'})
        with Sluice(settings(endpoint('/ws'))) as server:
            server.write(wrong)
            status, _, error = run_sluice('serve', '-c', server.file)
        self.assertEqual(status, 1)
        for mistake in ("'validate'", 'server.crt', 'server.key', '/nonexistent/token'):
            self.assertIn(mistake, error)


if __name__ == '__main__':
    unittest.main()
