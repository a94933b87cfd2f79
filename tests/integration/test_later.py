"""What happens later: deferral, offloaded work, timers, topics, attributes, policies."""

import json
import os
import signal
import unittest

from harness import (BUILD, CLOSE, RawClient, Refused, ServedTest, Sluice, TEXT, close_payload, endpoint,
                     frame, patience, sanitized, settings, upgrade_request, wait_until)


def later(**stage):
    return {'plugin': 'later', **stage}


class Asked(ServedTest):
    def ask(self, client, command):
        client.text(command)
        return client.read_text()


class Deferral(Asked):
    configuration = settings(
        endpoint('/ws', [later()]),
        endpoint('/short', [later(timeout='100ms')]),
        endpoint('/lenient', [later(timeout='100ms', on_error='continue')]),
        endpoint('/twice', [later(), later()]),
        loops=2)

    def test_message_goes_on_when_completed(self):
        with RawClient(self.server) as client:
            self.assertEqual(self.ask(client, 'defer continue'), 'defer continue')

    def test_completion_replaces_the_message(self):
        with RawClient(self.server) as client:
            self.assertEqual(self.ask(client, 'defer continue something else'), 'something else')

    def test_order_of_a_client_is_kept(self):
        with RawClient(self.server) as client:
            for number in range(20):
                client.text(f'defer continue {number}' if number % 3 == 0 else f'say {number}')
            got = [client.read_text().split()[-1] for _ in range(20)]
            self.assertEqual(got, [str(number) for number in range(20)])

    def test_much_more_than_one_read_waits(self):
        with RawClient(self.server) as client:
            client.text('defer continue first')
            for number in range(300):
                client.text(f'say {number} ' + 'x' * 1000)
            self.assertEqual(client.read_text(), 'first')
            for number in range(300):
                self.assertEqual(client.read_text().split()[1], str(number))

    def test_other_clients_do_not_wait(self):
        with RawClient(self.server, '/short') as one, RawClient(self.server, '/short') as two:
            one.text('defer never')
            for number in range(5):
                self.assertEqual(self.ask(two, f'say {number}'), f'say {number}')

    def test_drop_handled_and_error(self):
        with RawClient(self.server) as client:
            for verdict in ('drop', 'handled', 'error'):
                client.text(f'defer {verdict}')
                self.assertEqual(self.ask(client, f'say after {verdict}'), f'say after {verdict}')

    def test_close(self):
        with RawClient(self.server) as client:
            client.text('defer close')
            self.assertEqual(client.expect_close(), (4000, b'as ordered'))

    def test_second_completion_is_gone(self):
        with RawClient(self.server) as client:
            client.text('defer twice')
            self.assertEqual({client.read_text(), client.read_text()},
                             {'defer twice', 'results 0 -2'})

    def test_delay_goes_on_by_itself(self):
        with RawClient(self.server) as client:
            self.assertEqual(self.ask(client, 'defer delay'), 'defer delay')

    def test_deadline_drops_the_message(self):
        with RawClient(self.server, '/short') as client:
            client.text('defer never')
            self.assertEqual(self.ask(client, 'say next'), 'say next')
            _, timeouts = self.ask(client, 'get cancelled').split()
            self.assertGreaterEqual(int(timeouts), 1)

    def test_deadline_lets_pass_where_told(self):
        with RawClient(self.server, '/lenient') as client:
            self.assertEqual(self.ask(client, 'defer never'), 'defer never')

    def test_next_plugin_may_defer_too(self):
        with RawClient(self.server, '/twice') as client:
            self.assertEqual(self.ask(client, 'defer continue defer continue x'), 'x')

    def test_message_of_a_client_that_has_left_is_still_decided(self):
        """Here by its deadline; that it does not wait for longer than a close is in test_departures."""
        with RawClient(self.server, '/short') as watcher:
            before = int(self.ask(watcher, 'get cancelled').split()[1])
            for how in ('close', 'reset'):
                client = RawClient(self.server, '/short')
                client.text('defer never')
                client.reset() if how == 'reset' else client.socket.close()
            wait_until(lambda: int(self.ask(watcher, 'get cancelled').split()[1]) == before + 2,
                       'both deferrals to be over')
            self.server.wait_for_metric(1, 'sluice_clients', endpoint='/short')

    def test_pongs_and_closes_wait_too(self):
        with RawClient(self.server) as client:
            client.text('defer continue first')
            client.send_frame(9, b'hello')
            client.send_frame(CLOSE, close_payload(1000, b'bye'))
            self.assertEqual(client.read_text(), 'first')
            self.assertEqual(client.read_frame()[-1], b'hello')
            self.assertEqual(client.expect_close()[0], 1000)


class DeferredConnect(Asked):
    configuration = settings(
        endpoint('/ws', [later()], identity='optional'),
        endpoint('/named', [later()], identity='required'),
        endpoint('/short', [later(timeout='100ms')]), loops=2, log={'level': 'debug', 'format': 'json'})

    def test_continue_identifies(self):
        with RawClient(self.server, '/named', query='?defer=continue&name=ada') as client:
            self.assertEqual(self.ask(client, 'count ada'), 'count 1')
            self.server.wait_for_log('"event":"client_identified"')
            told, = [line for line in self.server.log().splitlines() if '"event":"client_identified"' in line and '"ada"' in line]
            self.assertEqual((json.loads(told)['identity'], json.loads(told)['instance']), ('ada', 'later#1'))

    def test_deny(self):
        with self.assertRaises(Refused) as caught:
            RawClient(self.server, query='?defer=deny')
        self.assertEqual((caught.exception.status, caught.exception.body.strip()),
                         (401, b'as ordered'))

    def test_error_and_deadline_refuse(self):
        for path, how in (('/ws', 'error'), ('/short', 'never')):
            with self.subTest(how=how), self.assertRaises(Refused) as caught:
                RawClient(self.server, path, query=f'?defer={how}')
            self.assertEqual((caught.exception.status, caught.exception.headers['retry-after']), (503, '1'))

    def test_messages_sent_early_wait(self):
        with RawClient(self.server, query='?defer=continue',
                       early=frame(TEXT, b'say early')) as client:
            self.assertEqual(client.read_text(), 'say early')

    def test_client_that_leaves_while_connecting(self):
        for _ in range(20):
            client = RawClient(self.server, upgrade=False)
            client.send(upgrade_request('/ws?defer=never'))
            client.socket.close()
        self.server.wait_for_metric(0, 'sluice_clients', endpoint='/ws')
        with RawClient(self.server) as client:
            wait_until(lambda: int(self.ask(client, 'get cancelled').split()[0]) >= 20,
                       'the deferrals to be cancelled')


class Rest(Asked):
    configuration = settings(
        endpoint('/ws', [later()], topics={'per_client': 3}), loops=2)

    def test_timer(self):
        with RawClient(self.server) as client:
            self.assertEqual(self.ask(client, 'timer 30'), 'tick')

    def test_topics_reach_their_subscribers_on_all_loops(self):
        clients = [RawClient(self.server) for _ in range(6)]
        for client in clients[:4]:
            self.assertEqual(self.ask(client, 'subscribe news'), 'subscribe 0')
        self.assertEqual(self.ask(clients[5], 'count news'), 'count 400')
        self.assertEqual(self.ask(clients[5], 'publish news hot'), 'publish 0')
        self.assertEqual([client.read_text() for client in clients[:4]], ['hot'] * 4)
        clients[5].text('topic news')
        self.assertEqual([client.read_text() for client in clients[:4]], ['topic news'] * 4)
        self.assertEqual(self.ask(clients[0], 'unsubscribe news'), 'unsubscribe 0')
        clients[1].close()
        wait_until(lambda: self.ask(clients[5], 'count news') == 'count 200', 'two to be left')
        for client in clients:
            client.socket.close()

    def test_topics_of_a_client_are_limited(self):
        with RawClient(self.server) as client:
            answers = [self.ask(client, f'subscribe {name}') for name in 'abcda']
            self.assertEqual(answers, ['subscribe 0'] * 3 + ['subscribe -1', 'subscribe 0'])

    def test_order_between_topic_and_broadcast(self):
        with RawClient(self.server) as one, RawClient(self.server) as two:
            for client in (one, two):
                self.assertEqual(self.ask(client, 'subscribe order'), 'subscribe 0')
            for number in range(50):
                one.text(f'say {number}')
                one.text(f'topic order {number}')
            expected = [f'{word} {number}' for number in range(50) for word in ('say', 'topic order')]
            for client in (one, two):
                self.assertEqual([client.read_text() for _ in range(100)], expected)

    def test_identity(self):
        with RawClient(self.server, query='?name=bob') as one, \
                RawClient(self.server, query='?name=bob') as two, \
                RawClient(self.server) as sender:
            self.assertEqual(self.ask(sender, 'to bob hello'), 'to 0')
            self.assertEqual((one.read_text(), two.read_text()), ('hello', 'hello'))

    def test_attributes(self):
        with RawClient(self.server) as client:
            self.assertEqual(self.ask(client, 'get plan'), 'none')
            self.assertEqual(self.ask(client, 'set plan gold'), 'set 0')
            self.assertEqual(self.ask(client, 'get plan'), 'gold')


class Policies(Asked):
    configuration = settings(
        endpoint('/shadow', [later(mode='shadow', timeout='200ms')]),
        endpoint('/ws', [later(budget='5ms')]), log={'level': 'info'})

    def test_shadow_decides_nothing(self):
        with RawClient(self.server, '/shadow') as client:
            for command in ('defer never', 'defer drop', 'defer continue other', 'get tag',
                            'topic nobody', 'subscribe x'):
                self.assertEqual(self.ask(client, command), command)
        wait_until(lambda: "(shadow): would have decided '" in self.server.log(),
                   'the log line')

    def test_shadow_does_not_identify_or_deny(self):
        with RawClient(self.server, '/shadow', query='?name=eve') as client:
            self.assertEqual(self.ask(client, 'count eve'), 'count eve')
        with RawClient(self.server, '/shadow', query='?defer=deny') as client:
            self.assertEqual(self.ask(client, 'say in'), 'say in')

    def test_over_budget_is_counted_and_logged_at_a_bounded_rate(self):
        with RawClient(self.server) as client:
            for _ in range(10):
                self.assertEqual(self.ask(client, 'slow 7'), 'slow 7')
        wait_until(lambda: 'over its budget of 5.000 ms' in self.server.log(), 'the log line')
        self.assertLess(self.server.log().count('over its budget'), 4)


class Crash(unittest.TestCase):
    def test_report_names_plugin_hook_and_client(self):
        server = Sluice(settings(endpoint('/ws', [later()]), log={'format': 'text'})).start()
        client = RawClient(server)
        client.text('crash')
        self.assertNotEqual(server.process.wait(20), 0)
        server.abandon()
        log = server.log()
        self.assertRegex(log, r"sluice: crashed \(SIG(SEGV|BUS) at address 0x10\) inside plugin "
                              r"'later' 1\.0\.0, hook on_message, instance later#1 of endpoint "
                              r"/ws, client \d+")
        self.assertRegex(log, r'plugin file: \S+/later\.so')
        self.assertRegex(log, r'0x[0-9a-f]+ \S+/later\.so\+0x[0-9a-f]+')
        self.assertIn('sluice test-plugin', log)

    def test_report_is_written_on_a_thread_for_offloaded_work_too(self):
        server = Sluice(settings(endpoint('/ws', [later()]), log={'format': 'text'})).start()
        client = RawClient(server)
        client.text('crash-offloaded')
        self.assertNotEqual(server.process.wait(patience(20)), 0)
        server.abandon()
        self.assertRegex(server.log(), r"sluice: crashed \(SIG(SEGV|BUS) at address 0x10\) inside plugin "
                                       r"'later' 1\.0\.0, hook offload, instance later#1 of endpoint /ws")

    def test_report_names_the_file_that_was_unloaded(self):
        broken = {'path': [os.path.join(BUILD, 'tests/plugins/broken')]}
        server = Sluice(settings(endpoint('/ws', [{'plugin': 'outlives-destroy'}]), plugins=broken,
                                 log={'format': 'text'})).start()
        server.write(settings(endpoint('/ws'), plugins=broken, log={'format': 'text'}))
        server.process.send_signal(signal.SIGHUP)
        self.assertNotEqual(server.process.wait(patience(20)), 0)
        server.abandon()
        log = server.log()
        self.assertRegex(log, r'sluice: crashed \(SIG(SEGV|BUS) at address 0x[0-9a-f]+\) in code of '
                              r'\S+/outlives-destroy\.so, which was unloaded at reload 1\n')
        self.assertRegex(log, r'\n  0x[0-9a-f]+ \S+/outlives-destroy\.so\+0x[0-9a-f]+\n')
        self.assertIn('destroy ends and joins what create has begun', log)

    @unittest.skipIf(sanitized(), 'a sanitizer has a report of its own')
    def test_report_is_json_where_the_log_is(self):
        server = Sluice(settings(endpoint('/ws', [later()]))).start()
        client = RawClient(server)
        client.text('crash')
        self.assertNotEqual(server.process.wait(patience(20)), 0)
        server.abandon()
        lines = [json.loads(line) for line in server.log().splitlines()]
        crash, trace = [line for line in lines if line.get('event', '').startswith('crash')]
        self.assertEqual((crash['event'], trace['event']), ('crash', 'crash_backtrace'))
        self.assertEqual((crash['plugin'], crash['hook'], crash['instance'], crash['endpoint'], crash['fault']),
                         ('later', 'on_message', 'later#1', '/ws', '0x10'))
        self.assertRegex(' '.join(trace['backtrace']), r'0x[0-9a-f]+ \S+/later\.so\+0x[0-9a-f]+')


if __name__ == '__main__':
    unittest.main()
