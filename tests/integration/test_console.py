"""The console: an operator in Chromium signs in, looks, kicks, reloads and drains; axe-core finds nothing."""

import os
import unittest
import urllib.parse

from harness import RawClient, Sluice, endpoint, for_module, run_node, settings, temporary_folder

TOKEN = 'an-admin-token-0123456789'
READ_TOKEN = 'a-read-token-0123456789'
OPERATE_TOKEN = 'an-operate-token-0123456789'
OVERRIDE = '\N{RIGHT-TO-LEFT OVERRIDE}'
HOSTILE = f'<img src=x onerror=alert(1)>{OVERRIDE}"\'&amp;' + 'long' * 40


def write_token(folder, token):
    path = os.path.join(folder, token)
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), 'w') as out:
        out.write(token + '\n')
    return path


def admin():
    folder = for_module(temporary_folder()).name
    return {'listen': '127.0.0.1:0', 'token_file': write_token(folder, TOKEN),
            'tokens': [{'name': 'looks', 'role': 'read', 'file': write_token(folder, READ_TOKEN)},
                       {'name': 'operates', 'role': 'operate', 'file': write_token(folder, OPERATE_TOKEN)}]}


class Console(unittest.TestCase):
    """One visit for all tests: starting a browser takes long."""

    @classmethod
    def setUpClass(cls):
        patient = {'heartbeat': {'interval': 0}}  # The clients read nothing while a starved browser takes its time.
        stages = [{'plugin': 'later'}, {'plugin': 'validate', 'mode': 'shadow', 'options': {'json': True}}]
        configuration = settings(endpoint('/ws', stages, **patient), endpoint('/other', **patient),
                                 endpoint('/names', [{'plugin': 'directory'}, {'plugin': 'whisper', 'options': {'announce': True}}], **patient), admin=admin())
        with Sluice(configuration) as server:
            cls.kicked = RawClient(server, '/ws?name=kick%20me')
            others = [RawClient(server, '/ws?name=' + urllib.parse.quote(HOSTILE)), RawClient(server, '/ws'),
                      RawClient(server, '/other')]
            for number, topic in enumerate(('all', 'all', '<img', 'only')):
                others[number % 2].text('subscribe ' + topic)
                assert others[number % 2].read_text() == 'subscribe 0'
            server.write({**configuration, 'limits': {'clients': 'many'}})
            cls.seen = run_node('console.mjs', server.admin_urls[0], TOKEN, READ_TOKEN, OPERATE_TOKEN,
                                seconds=330)
            cls.close = cls.kicked.expect_close()
            for client in [cls.kicked, *others]:
                client.socket.close()

    def test_nothing_is_violated(self):
        """Neither the policy of the page, nor an outside address, nor an error of its script."""
        self.assertEqual(self.seen['faults'], [])

    def test_is_accessible_in_both_themes_and_widths(self):
        self.assertEqual(self.seen['violations'], [])
        self.assertEqual(self.seen['tooWide'], [])

    def test_the_token_is_kept_for_the_tab_alone(self):
        self.assertEqual(self.seen['kept'], [1, 0, ''])
        self.assertIn('token', self.seen['refused'])

    def test_a_client_is_kicked_by_keyboard_alone(self):
        self.assertEqual(self.seen['keyboard'], ['Skip to the content', 'Clients', 'main', 'Identity', True,
                                                 'Kick…', 'Cancel', 'Close code', 'Kick'])
        self.assertEqual(self.close, (4001, b'closed by the administrator'))

    def test_what_clients_call_themselves_is_text(self):
        text, elements = self.seen['hostile']
        self.assertEqual((text, elements), (HOSTILE.replace(OVERRIDE, '\\u202e'), 0))

    def test_what_instances_have_to_do_with_each_other_is_shown(self):
        self.assertEqual(self.seen['relations'], [
            'Provides directory 1.0.', 'Finds directory 1.0 of directory#1. Listens to directory.joined, directory.left.'])

    def test_answers_are_bounded_however_many_clients_there_are(self):
        self.assertGreater(len(self.seen['limits']), 0)
        self.assertTrue(all(0 < limit <= 1000 for limit in self.seen['limits']))

    def test_a_broken_configuration_is_shown_at_its_position(self):
        self.assertEqual(len(self.seen['findings']), 1)
        self.assertRegex(self.seen['findings'][0], r'^Error /.*/sluice\.yaml:\d+:\d+limits\.clients')

    def test_a_drain_is_begun_and_stopped(self):
        self.assertRegex(self.seen['drain'], r'closed, \d+ still there')

    def test_topics_are_found_by_a_part_of_their_name(self):
        self.assertEqual(self.seen['topics'], [['all/ws2', '<img/ws1', 'only/ws1'], ['only/ws1']])

    def test_events_come_by_themselves_unless_the_list_is_paused(self):
        """The last step: while it is paused, none is shown of a drain that was stopped."""
        polite, asked_by, *steps = self.seen['events']
        self.assertRegex(asked_by, r'^127\.0\.0\.1, port \d+, token token_file$')
        self.assertEqual([polite, *steps], ['polite', 'Pause the list', 0])

    def test_a_role_is_offered_what_it_may_do(self):
        self.assertEqual(self.seen['roles'], {
            'read': [[], [200, 200, 403, 403]],
            'operate': [['kick-all', 'drain-form', 'Begin…', 'client-kick'], [200, 200, 200, 403]]})


if __name__ == '__main__':
    unittest.main()
