"""admin.tokens: tokens with roles, two of which are valid while one takes over from the other."""

import json
import os
import re
import unittest

from harness import ROOT, RawClient, Sluice, endpoint, run_sluice, settings, temporary_folder
from harness.admin import ask

ROLES = ('read', 'operate', 'all')


def token_of(role):
    return f'{role}-token-0123456789'


class Roles(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(temporary_folder())
        for role in ROLES:
            self.write(role, token_of(role))
        tokens = [{'name': 'may-' + role, 'role': role, 'file': self.path(role)} for role in ROLES]
        self.server = Sluice(settings(endpoint('/ws'), admin={'listen': '127.0.0.1:0', 'tokens': tokens})).start()
        self.addCleanup(self.server.abandon)

    def path(self, role):
        return os.path.join(self.folder, role + '.token')

    def write(self, role, *lines):
        with open(os.open(self.path(role), os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), 'w') as file:
            file.write(''.join(line + '\n' for line in lines))

    def ask(self, role, method, path, body=None):
        return ask(self.server, method, path, body, Authorization='Bearer ' + token_of(role))

    def command(self, role, *arguments):
        return run_sluice(*arguments, '--admin', '%s:%d' % self.server.admin_address, '--token-file', self.path(role))

    def test_the_description_says_which_role_each_request_takes(self):
        with open(os.path.join(ROOT, 'docs/openapi.yaml')) as file:
            operations = re.findall(r'(?m)^  (/\S*):$|^    (get|post|delete):$|^      x-role: (\w+)$', file.read())
        path = method = None
        compared = 0
        for new_path, new_method, needed in operations:
            path, method = new_path or path, new_method or method
            if not needed:
                continue
            for role in ROLES:
                with self.subTest(path=path, method=method, role=role):
                    # A body of this type is refused behind the role, so that nothing is changed.
                    status, answer, _ = ask(self.server, method.upper(), path.replace('{id}', '1'), None if method == 'get' else '{',
                                            Authorization='Bearer ' + token_of(role), Content_Type='text/plain')
                    may = ROLES.index(role) >= ROLES.index(needed)
                    self.assertEqual(status != 403, may, answer)
                    if not may:
                        self.assertIn(f'a token with the role {needed}', answer['detail'])
            compared += 1
        self.assertGreater(compared, 10)

    def test_commands_say_what_they_are_denied(self):
        with RawClient(self.server) as client:
            self.assertEqual(self.command('read', 'clients')[0], 0)
            status, _, error = self.command('read', 'kick', '--address', '127.0.0.1')
            self.assertEqual(status, 1)
            self.assertIn('takes a token with the role operate; may-read has the role read', error)
            self.assertEqual(self.command('operate', 'kick', '--address', '127.0.0.1')[0], 0)
            self.assertEqual(client.expect_close()[0], 1008)
            self.assertEqual(self.command('operate', 'reload')[0], 1)
            self.assertEqual(self.command('all', 'reload')[0], 0)

    def test_who_changed_what_is_in_the_log(self):
        self.ask('operate', 'POST', '/api/v1/kick', {'identity': 'ann'})
        self.server.wait_for_log('POST /api/v1/kick answered with 200, asked by 127.0.0.1, port ')
        self.server.wait_for_log(', token may-operate')
        self.ask('all', 'POST', '/api/v1/reload')
        self.server.wait_for_log('POST /api/v1/reload answered with 200, asked by 127.0.0.1, port ')
        self.server.wait_for_log(', token may-all')

    def test_a_file_with_two_lines_rotates_a_token(self):
        def status(token):
            return ask(self.server, 'GET', '/api/v1/whoami', Authorization='Bearer ' + token)[0]

        old, new = token_of('read'), 'new-token-0123456789'
        self.write('read', old, new)
        self.assertEqual((status(old), status(new)), (200, 401))
        self.assertEqual(self.command('all', 'reload')[0], 0)
        self.assertEqual((status(old), status(new)), (200, 200))
        self.write('read', new)
        self.assertEqual(self.command('all', 'reload')[0], 0)
        self.assertEqual((status(old), status(new)), (401, 200))

    def test_a_reload_with_a_broken_file_changes_nothing(self):
        self.write('read', 'one-0123456789abcdef', 'two-0123456789abcdef', 'three-0123456789abcdef')
        status, _, error = self.command('all', 'reload')
        self.assertEqual(status, 1)
        self.assertIn('more than two lines', error)
        self.assertEqual(self.ask('read', 'GET', '/api/v1/whoami')[1], {'role': 'read', 'token': 'may-read'})
        self.assertEqual(json.loads(self.command('all', 'status', '--json')[1])['clients'], 0)


if __name__ == '__main__':
    unittest.main()
