"""on_reload: keep | recheck: what a reload means for clients that the new pipeline would not have let in."""

import os
import unittest

from harness import RawClient, Sluice, endpoint, settings, stage, temporary_folder
from harness.auth import bearer

ADA, BOB = 'ada-0123456789abcdef', 'bob-0123456789abcdef'
NEEDED = (4401, b'This endpoint needs credentials now')
REFUSED = (4401, b'Your credentials are not accepted any more')


class Recheck(unittest.TestCase):
    def setUp(self):
        folder = temporary_folder()
        self.addCleanup(folder.cleanup)
        self.file = os.path.join(folder.name, 'tokens.txt')
        self.write_tokens(ada=ADA, bob=BOB)

    def write_tokens(self, **tokens):
        with open(os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w') as file:
            file.writelines(f'{name} {token}\n' for name, token in tokens.items())

    def auth(self, required=False, **options):
        return stage('auth', tokens_file=self.file, reread='0s', required=required, **options)

    def change(self, before, after, *, on_reload='recheck', anonymous, named, between=None, **how):
        """Reloads from one pipeline to another: how an anonymous client and bob are closed, or None
        where they stay."""
        with Sluice(settings(endpoint('/ws', before))) as server, RawClient(server) as nobody, \
                RawClient(server, headers=bearer(BOB)) as bob:
            if between:
                between()
            server.reload(settings(endpoint('/ws', after, on_reload=on_reload, **how)))
            for client, expected in ((nobody, anonymous), (bob, named)):
                if expected is None:
                    client.text('still here')
                    while client.read_text() != 'still here':
                        pass
                else:
                    self.assertEqual(client.expect_close(), expected)
            closed = [anonymous, named].count(REFUSED) + [anonymous, named].count(NEEDED)
            server.wait_for_metric(closed, 'sluice_closes_total', code='4401')

    def test_identity_that_is_required_now(self):
        self.change([self.auth()], [self.auth()], identity='required', anonymous=NEEDED, named=None)

    def test_keep_keeps_everybody(self):
        self.change([self.auth()], [self.auth(required=True, allow=['ada'])], identity='required',
                    on_reload='keep', anonymous=None, named=None)

    def test_credentials_that_auth_requires_now(self):
        self.change([self.auth()], [self.auth(required=True)], anonymous=REFUSED, named=None)

    def test_identity_that_is_not_allowed_any_more(self):
        self.change([self.auth()], [self.auth(allow=['ada'])], anonymous=None, named=REFUSED)

    def test_name_that_is_not_in_the_list_any_more(self):
        self.change([self.auth()], [self.auth()], between=lambda: self.write_tokens(ada=ADA),
                    anonymous=None, named=REFUSED)

    def test_method_that_is_gone(self):
        tickets = stage('auth', ticket_secret='${SLUICE_TEST_SECRET}')
        os.environ['SLUICE_TEST_SECRET'] = 'x' * 32
        self.change([self.auth()], [tickets], anonymous=REFUSED, named=REFUSED)

    def test_auth_that_was_not_there(self):
        self.change([stage('probe')], [self.auth(required=True)], anonymous=REFUSED, named=REFUSED)

    def test_whom_another_auth_has_named_is_its_own_to_judge(self):
        first = self.auth(**{'from': ['query'], 'allow': ['ada']})
        self.change([first, self.auth()], [first, self.auth()], anonymous=None, named=None)

    def test_shadow_only_watches(self):
        watching = {**self.auth(required=True, allow=['ada']), 'mode': 'shadow'}
        self.change([self.auth()], [watching], anonymous=None, named=None)


if __name__ == '__main__':
    unittest.main()
