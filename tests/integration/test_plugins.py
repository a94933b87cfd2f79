"""The plugin contract, seen from outside: hooks, verdicts, the host's functions, refusals at load."""

import json
import os
import shutil
import unittest

from harness import (BINARY, BUILD, Ended, RawClient, Refused, ServedTest, Sluice, endpoint,
                     run_sluice, settings, temporary_folder)


def probe(on_error=None, **options):
    entry = {'plugin': 'probe', 'options': options}
    return {**entry, 'on_error': on_error} if on_error else entry


class Hooks(ServedTest):
    configuration = settings(
        endpoint('/ws', [probe()]),
        endpoint('/greet', [probe(greeting='first'), probe(greeting='second')]),
        endpoint('/tags', [probe(tag='-a'), probe(tag='-b'), probe(tag='-c')]),
        endpoint('/lenient', [probe('continue')]),
        endpoint('/named', [probe()], identity='required'),
        endpoint('/chat', [probe()], subprotocols=['v1']))

    def ask(self, client, command):
        client.text(command)
        return client.read_text()

    def test_message_is_replaced(self):
        with RawClient(self.server) as one, RawClient(self.server) as two:
            self.server.wait_for_metric(2, 'sluice_clients', endpoint='/ws')
            one.text('replace grün')
            self.assertEqual((one.read_text(), two.read_text()), ('grün', 'grün'))
            one.text('replace ')
            self.assertEqual((one.read_text(), two.read_text()), ('', ''))

    def test_bad_replacements_are_turned_down(self):
        with RawClient(self.server) as client:
            self.assertEqual(self.ask(client, 'replace-too-big'), '-1')
            self.assertEqual(self.ask(client, 'replace-not-utf8'), '-1')

    def test_pipeline_runs_in_order_with_instances_of_their_own(self):
        with RawClient(self.server, '/tags') as client:
            client.text('tag x')
            self.assertEqual(client.read_text(), 'tag x-a-b-c')

    def test_drop_and_handled_end_the_message(self):
        with RawClient(self.server) as client:
            client.text('drop')
            client.text('verdict 2')
            client.text('next')
            self.assertEqual(client.read_text(), 'next')

    def test_close_with_code_and_reason(self):
        for code in (1000, 1008, 3000, 4999):
            with RawClient(self.server) as client, self.subTest(code=code):
                client.text(f'close {code}')
                self.assertEqual(client.expect_close(), (code, b'asked for'))

    def test_close_without_code_is_a_policy_violation(self):
        with RawClient(self.server) as client:
            client.text('close-plain')
            self.assertEqual(client.expect_close()[0], 1008)

    def test_impossible_close_code_is_not_sent(self):
        with RawClient(self.server) as client:
            client.text('close 1006')
            self.assertIn(client.expect_close()[0], (1008, 1011))

    def test_error_drops_the_message_by_default(self):
        with RawClient(self.server) as client:
            client.text('error')
            client.text('next')
            self.assertEqual(client.read_text(), 'next')

    def test_error_lets_the_message_pass_with_on_error_continue(self):
        with RawClient(self.server, '/lenient') as client:
            client.text('error')
            self.assertEqual(client.read_text(), 'error')

    def test_unknown_verdicts_are_errors(self):
        for verdict in (4, 5, 99, -7):
            with RawClient(self.server) as strict, self.subTest(verdict=verdict):
                strict.text(f'verdict {verdict}')
                strict.text('next')
                self.assertEqual(strict.read_text(), 'next')
            with RawClient(self.server, '/lenient') as lenient:
                self.assertEqual(self.ask(lenient, f'verdict {verdict}'), f'verdict {verdict}')

    def test_verdicts_are_counted(self):
        labels = {'endpoint': '/ws', 'plugin': 'probe', 'verdict': 'drop'}
        before = self.server.metric('sluice_plugin_verdicts_total', **labels)
        with RawClient(self.server) as client:
            client.text('drop')
            client.text('drop')
            self.assertEqual(self.ask(client, 'next'), 'next')
        self.server.wait_for_metric(before + 2, 'sluice_plugin_verdicts_total', **labels)

    def test_state_belongs_to_one_client(self):
        with RawClient(self.server) as one, RawClient(self.server) as two:
            self.assertEqual([self.ask(one, 'count') for _ in range(3)], ['1', '2', '3'])
            self.assertEqual(self.ask(two, 'count'), '1')

    def test_opening_hooks_may_send(self):
        with RawClient(self.server, '/greet') as client:
            self.assertEqual([client.read_text(), client.read_text()], ['first', 'second'])

    def test_one_close_for_every_open(self):
        with RawClient(self.server, '/lenient') as watcher:
            opened, closed, _ = map(int, self.ask(watcher, 'stats').split())
            for how in ('close', 'reset', 'kick'):
                client = RawClient(self.server, '/lenient')
                if how == 'close':
                    client.close(4321)
                elif how == 'reset':
                    client.reset()
                else:
                    client.text('close 4000')
                    client.expect_close()
            with self.assertRaises(Refused):
                RawClient(self.server, '/lenient', query='?deny=403')
            self.server.wait_for_metric(1, 'sluice_clients', endpoint='/lenient')
            self.assertEqual(self.ask(watcher, 'stats').split()[:2],
                             [str(opened + 3), str(closed + 3)])

    def test_close_hook_sees_the_code(self):
        # The last one to be told of must be ours, not one of the test before.
        self.server.wait_for_metric(0, 'sluice_clients', endpoint='/ws')
        with RawClient(self.server) as client:
            client.close(4321)
        self.server.wait_for_metric(0, 'sluice_clients', endpoint='/ws')
        with RawClient(self.server) as watcher:
            self.assertEqual(self.ask(watcher, 'stats').split()[2], '4321')

    def test_denied_with_status_header_and_reason(self):
        for status in (400, 401, 403, 429, 503):
            with self.subTest(status=status):
                with self.assertRaises(Refused) as caught:
                    RawClient(self.server, query=f'?deny={status}')
                self.assertEqual(caught.exception.status, status)
                self.assertEqual(caught.exception.headers['x-probe'], 'denied')
                self.assertIn(b'denied by probe', caught.exception.body)

    def test_connect_hook_that_fails(self):
        for verdict in ('-1', '1', '77'):
            with self.subTest(verdict=verdict):
                with self.assertRaises(Refused) as caught:
                    RawClient(self.server, query=f'?verdict={verdict}')
                self.assertEqual(caught.exception.status, 503)
                with RawClient(self.server, '/lenient', query=f'?verdict={verdict}') as client:
                    self.assertEqual(self.ask(client, 'let in'), 'let in')

    def test_identity(self):
        with RawClient(self.server, '/named', query='?name=alice%20b') as client:
            who = self.ask(client, 'who').split(' ', 3)
            self.assertEqual(who[1:], ['127.0.0.1', '/named', 'alice b'])

    def test_identity_required(self):
        with self.assertRaises(Refused) as caught:
            RawClient(self.server, '/named')
        self.assertEqual(caught.exception.status, 401)
        self.assertIn('www-authenticate', caught.exception.headers)

    def test_identity_that_is_too_long(self):
        with self.assertRaises(Refused):
            RawClient(self.server, '/named', query='?name=' + 'x' * 256)

    def test_plugin_chooses_the_subprotocol(self):
        offer = [('Sec-WebSocket-Protocol', 'v1, chosen-by-probe')]
        with RawClient(self.server, '/chat', query='?protocol', headers=offer) as client:
            self.assertEqual(client.subprotocol, 'chosen-by-probe')
        with RawClient(self.server, '/chat', headers=offer) as client:
            self.assertEqual(client.subprotocol, 'v1')

    def test_broadcast_reaches_all_and_not_through_the_pipeline(self):
        with RawClient(self.server) as one, RawClient(self.server) as two:
            self.server.wait_for_metric(2, 'sluice_clients', endpoint='/ws')
            one.text('broadcast drop')
            self.assertEqual((one.read_text(), two.read_text()), ('drop', 'drop'))

    def test_broadcast_to_another_endpoint(self):
        with RawClient(self.server) as here, RawClient(self.server, '/lenient') as there:
            self.assertEqual(self.ask(here, 'broadcast-elsewhere /lenient'), '0')
            self.assertEqual(there.read_text(), 'from elsewhere')
            self.assertEqual(self.ask(here, 'broadcast-elsewhere /nowhere'), '-1')

    def test_client_count(self):
        with RawClient(self.server) as one, RawClient(self.server), \
                RawClient(self.server, '/lenient'):
            self.server.wait_for_metric(2, 'sluice_clients', endpoint='/ws')
            self.server.wait_for_metric(1, 'sluice_clients', endpoint='/lenient')
            self.assertEqual(self.ask(one, 'clients /ws'), '2')
            self.assertEqual(self.ask(one, 'clients /lenient'), '1')
            self.assertEqual(self.ask(one, 'clients /nowhere'), '-1')
            self.assertEqual(self.ask(one, 'clients'), '2')
            self.assertEqual(self.ask(one, 'clients *'), '3')

    def test_send_and_close_by_id(self):
        with RawClient(self.server) as one, RawClient(self.server) as two:
            number = self.ask(two, 'who').split()[0]
            self.assertEqual(self.ask(one, f'send {number}'), '0')
            self.assertEqual(two.read_text(), 'for you')
            self.assertEqual(self.ask(one, f'kick {number}'), '0')
            self.assertEqual(two.expect_close(), (4001, b'kicked'))
            self.server.wait_for_metric(1, 'sluice_clients', endpoint='/ws')
            self.assertEqual(self.ask(one, f'send {number}'), '0')
            self.assertEqual(self.ask(one, f'kick {number}'), '0')
            self.assertEqual(self.ask(one, 'still here'), 'still here')

    def test_ids_that_never_were(self):
        with RawClient(self.server) as client:
            for number in (0, 1, 12345678901234567890, 18446744073709551615):
                self.assertIn(self.ask(client, f'send {number}'), ('0', '-1'))

    def test_closing_itself_by_id(self):
        with RawClient(self.server) as client:
            number = self.ask(client, 'who').split()[0]
            client.text(f'kick {number}')
            self.assertEqual(client.expect_close()[0], 4001)

    def test_thousand_answers_to_one_message(self):
        with RawClient(self.server) as client:
            client.text('flood 1000')
            self.assertEqual([client.read_text() for _ in range(1000)],
                             [str(i) for i in range(1000, 0, -1)])

    def test_flood_beyond_the_queue_closes_only_that_client(self):
        configuration = settings(endpoint('/ws', [probe()], queue={'bytes': '64KiB'}))
        with Sluice(configuration) as server, RawClient(server) as other:
            with RawClient(server, receive_buffer=4096) as client:
                client.text('flood 1000000')
                server.wait_for_metric(1, 'sluice_closes_total', 30, code='1013')
                with self.assertRaises(Ended):
                    while True:
                        client.read_message()
            server.wait_for_metric(1, 'sluice_clients')
            self.assertEqual(self.ask(other, 'untouched'), 'untouched')

    def test_message_type_reaches_all(self):
        with RawClient(self.server) as client:
            client.binary(b'drop')
            self.assertEqual(client.read_message(), (BINARY, b'drop'))


class RefusedAtLoad(unittest.TestCase):
    """Broken plugins: one clear line each, from `check` and from `serve`."""

    def refuse(self, plugin, *wanted, plugins_path=None):
        configuration = settings(endpoint('/ws', [{'plugin': plugin}]))
        if plugins_path:
            configuration['plugins']['path'] = [plugins_path]
        with temporary_folder() as folder:
            file = os.path.join(folder, 'sluice.yaml')
            with open(file, 'w') as out:
                json.dump(configuration, out, indent=2)
            for command in ('check', 'serve'):
                status, _, error = run_sluice(command, '-c', file)
                self.assertEqual(status, 1, error)
                lines = [line for line in error.splitlines() if 'sluice.yaml:' in line]
                self.assertEqual(len(lines), 1, error)
                self.assertRegex(lines[0], r'sluice\.yaml:\d+:\d+: ')
                for text in wanted:
                    self.assertIn(text, lines[0])

    def test_missing_symbol(self):
        self.refuse('no-symbol', 'no-symbol.so', 'sluice_plugin')

    def test_wrong_magic(self):
        self.refuse('bad-magic', 'bad-magic.so', '0x12345678')

    def test_other_abi(self):
        self.refuse('other-major', 'other-major.so', 'plugin ABI 2.0')

    def test_table_too_small(self):
        self.refuse('small-struct', 'small-struct.so', '24')

    def test_other_name_than_its_file(self):
        self.refuse('misnamed', 'misnamed.so', 'another-name')

    def test_create_that_fails(self):
        self.refuse('create-fails', 'the moon is in the wrong phase')

    def test_create_that_fails_without_a_word(self):
        self.refuse('create-fails-silently')

    def test_plugin_that_is_not_there(self):
        self.refuse('prob', "'probe'")

    def test_name_that_is_a_path(self):
        self.refuse('../probe', '../probe')

    def copy_of_probe(self, folder):
        path = os.path.join(folder, 'probe.so')
        shutil.copy(os.path.join(BUILD, 'tests', 'plugins', 'probe.so'), path)
        os.chmod(path, 0o644)
        return path

    def test_file_that_others_may_write_to(self):
        with temporary_folder() as folder:
            os.chmod(self.copy_of_probe(folder), 0o666)
            self.refuse('probe', 'probe.so', 'writ', plugins_path=folder)

    def test_folder_that_others_may_write_to(self):
        with temporary_folder() as folder:
            self.copy_of_probe(folder)
            os.chmod(folder, 0o777)
            self.refuse('probe', folder, 'writ', plugins_path=folder)

    def test_file_that_is_no_library(self):
        with temporary_folder() as folder:
            with open(os.path.join(folder, 'probe.so'), 'w') as out:
                out.write('not ELF')
            self.refuse('probe', 'probe.so', plugins_path=folder)
