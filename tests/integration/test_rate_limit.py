"""rate-limit in a running server, as real clients see it, and with floods from many addresses."""

import asyncio
import json
import os
import time
import unittest

from harness import (PING, PONG, RawClient, Refused, ServedTest, Sluice, connect, endpoint, patience,
                     settings, stage, temporary_folder, visit)

FLOOD = 300  # addresses


def token(name):
    return f'{name}-token-0123456789'


def passed(client, count):
    """Sends `count` messages and returns how many of them come back."""
    for _ in range(count):
        client.text('x')
    opcodes = []
    for pongs in (1, 2):  # A pong may overtake messages of its own moment, not of an earlier one.
        client.send_frame(PING, b'was that all?')
        while opcodes.count(PONG) < pongs:
            opcodes.append(client.read_frame()[0])
    return len(opcodes) - 2


class WhatClientsSee(ServedTest):
    configuration = settings(
        endpoint('/notice', [stage('rate-limit', messages='1/m', burst=2, notify=True)]),
        endpoint('/close', [stage('rate-limit', messages='1/m', burst=2, action='close')]),
        endpoint('/slow', [stage('rate-limit', messages='20/s', burst=1, action='delay')]),
        endpoint('/impatient', [stage('rate-limit', messages='1/m', burst=2, action='delay',
                                      max_delay='5s', notify=True)]),
        endpoint('/connect', [stage('rate-limit', connections='1/m', connections_burst=1)]),
        endpoint('/doors', [stage('rate-limit', connections='1/m', connections_burst=1,
                                  connections_per='all')]),
        endpoint('/exempt', [stage('rate-limit', messages='1/h', burst=1, connections='1/h',
                                   exempt_addresses=['127.0.1.0/24'])]))

    def test_notice(self):
        seen = visit(self.server.url + '/notice', send=['1', '2', '3', '4', '5'], messages=3)
        notice = json.loads(next(text for text in seen['messages'] if text.startswith('{')))
        self.assertEqual(notice['error'], 'rate_limited')
        self.assertTrue(0 < notice['retry_after_ms'] <= 60_000, notice)
        self.assertEqual([text for text in seen['messages'] if not text.startswith('{')], ['1', '2'])

    def test_close(self):
        seen = visit(self.server.url + '/close', send=['1', '2', '3', '4'])
        self.assertEqual(seen['close'], [4429, 'Too many messages'])

    def test_delay_keeps_everything_in_order_and_takes_its_time(self):
        texts = [str(number) for number in range(20)]

        async def client():
            async with connect(self.server.url + '/slow') as slow:
                begin = time.monotonic()
                for text in texts:
                    await slow.send(text)
                got = []
                while len(got) < len(texts):
                    text = await slow.recv()
                    if text in texts:  # clients of other tests that have left may still be heard
                        got.append(text)
                self.assertEqual(got, texts)
                return time.monotonic() - begin
        seconds = asyncio.run(asyncio.wait_for(client(), patience(30)))
        self.assertGreater(seconds, 0.9)  # 19 times 50 ms
        self.assertEqual(visit(self.server.url + '/slow', send=texts[:5], messages=5)['messages'],
                         texts[:5])

    def test_a_client_that_waits_does_not_hold_others_up(self):
        with RawClient(self.server, '/slow') as one, RawClient(self.server, '/slow') as two:
            for number in range(10):
                one.text(f'one {number}')
            two.text('two')
            seen = [two.read_text()]
            while seen[-1] != 'two':
                seen.append(two.read_text())
            self.assertLess(len(seen), 9)

    def test_what_would_wait_too_long_is_dropped(self):
        with RawClient(self.server, '/impatient') as client:
            for number in range(3):
                client.text(str(number))
            self.assertEqual([client.read_text() for _ in range(2)], ['0', '1'])
            self.assertEqual(json.loads(client.read_text())['error'], 'rate_limited')
            self.assertEqual(client.close(), 1000)

    def test_a_client_may_leave_while_its_message_waits(self):
        for _ in range(20):
            client = RawClient(self.server, '/slow')
            for _ in range(5):
                client.text('x')
            client.reset()
        self.server.wait_for_metric(0, 'sluice_clients', endpoint='/slow')

    def test_connections(self):
        self.assertEqual(visit(self.server.url + '/connect', messages=0)['close'], [1000, ''])
        seen = visit(self.server.url + '/connect')
        self.assertEqual(seen['status'], 429)
        self.assertTrue(0 < int(seen['retryAfter']) <= 60, seen)

    def test_connections_of_all(self):
        with RawClient(self.server, '/doors', source='127.0.0.20') as client:
            self.assertEqual(client.close(), 1000)
        with self.assertRaises(Refused) as caught:
            RawClient(self.server, '/doors', source='127.0.0.21')
        self.assertEqual(caught.exception.status, 429)

    def test_who_is_exempt(self):
        for _ in range(3):
            with RawClient(self.server, '/exempt', source='127.0.1.7') as client:
                self.assertEqual(passed(client, 5), 5)
                self.assertEqual(client.close(), 1000)
        with RawClient(self.server, '/exempt', source='127.0.2.7') as client:
            self.assertEqual(passed(client, 5), 1)
        with self.assertRaises(Refused):
            RawClient(self.server, '/exempt', source='127.0.2.7')


class Floods(ServedTest):
    """More addresses than are remembered: no more memory, and no more through."""

    configuration = settings(
        endpoint('/messages', [stage('rate-limit', messages='1/h', burst=1, per='address',
                                     max_keys=16)]),
        endpoint('/connections', [stage('rate-limit', connections='1/h', connections_burst=1,
                                        max_keys=16)]))

    @staticmethod
    def addresses():
        return (f'127.{1 + number // 250}.0.{1 + number % 250}' for number in range(FLOOD))

    def keys(self, path):
        return self.server.metric('sluice_plugin_rate_limit_keys', endpoint=path)

    def overflows(self, path):
        return self.server.metric('sluice_plugin_rate_limit_overflow_total', endpoint=path)

    def test_of_messages(self):
        total = 0
        for address in self.addresses():
            with RawClient(self.server, '/messages', source=address) as client:
                total += passed(client, 2)
                client.close()
        self.assertEqual(total, 17)  # 16 remembered ones, and one for all others
        self.assertEqual(self.keys('/messages'), 16)
        self.assertGreaterEqual(self.overflows('/messages'), FLOOD - 16)
        self.server.wait_for_log('max_keys is 16')

    def test_of_connections(self):
        let_in = 0
        for address in self.addresses():
            try:
                with RawClient(self.server, '/connections', source=address) as client:
                    let_in += client.close() == 1000
            except Refused as refused:
                self.assertEqual(refused.status, 429)
        self.assertEqual(let_in, 17)
        self.assertEqual(self.keys('/connections'), 16)
        self.assertEqual(self.server.metric('sluice_plugin_rate_limit_refused_connections_total',
                                            endpoint='/connections'), FLOOD - 17)


class Identity(unittest.TestCase):
    def test_an_identity_shares_over_its_connections(self):
        with temporary_folder() as folder:
            file = os.path.join(folder, 'tokens')
            with open(file, 'w') as out:
                out.write(f'ada {token("ada")}\nbob {token("bob")}\n')
            os.chmod(file, 0o600)
            limit = stage('rate-limit', messages='1/h', burst=5, per='identity')
            with Sluice(settings(endpoint('/ws', [limit, stage('auth', tokens_file=file)]))) as server:
                def come(name, source):
                    return RawClient(server, source=source,
                                     headers=[('Authorization', f'Bearer {token(name)}')])
                with come('ada', '127.0.0.2') as client:
                    self.assertEqual(passed(client, 4), 4)
                with come('ada', '127.0.0.3') as client:
                    self.assertEqual(passed(client, 4), 1)
                with come('bob', '127.0.0.2') as client:
                    self.assertEqual(passed(client, 9), 5)


class Reload(unittest.TestCase):
    @staticmethod
    def settings(**options):
        return settings(endpoint('/ws', [stage('rate-limit', **options)]),
                        endpoint('/other', [stage('rate-limit', **options)]))

    def test_what_is_not_changed_is_not_forgotten(self):
        options = {'messages': '1/h', 'burst': 5, 'limits': [{'messages': '1/h', 'burst': 9,
                                                             'per': 'endpoint'}]}
        with Sluice(self.settings(**options)) as server, RawClient(server) as client:
            self.assertEqual(passed(client, 3), 3)
            changed = self.settings(**options)
            changed['endpoints'][0]['message'] = {'max_size': '4KiB'}
            server.reload(changed)
            self.assertEqual(passed(client, 9), 2)
            with RawClient(server) as other:
                self.assertEqual(passed(other, 9), 4)

    def test_a_changed_limit_counts_for_who_is_connected(self):
        with Sluice(self.settings(messages='1/h', burst=2)) as server, RawClient(server) as client:
            self.assertEqual(passed(client, 5), 2)
            server.reload(self.settings(messages='1/h', burst=4))
            self.assertEqual(passed(client, 9), 4)
            server.reload(self.settings(messages='1/h', burst=1, action='close'))
            client.text('one')
            client.text('two')
            self.assertEqual(client.expect_close()[0], 4429)

    def test_a_change_under_attack_hands_nobody_a_fresh_burst(self):
        with Sluice(self.settings(messages='1/h', burst=5, per='address', connections='1/h',
                                  connections_burst=3)) as server:
            with RawClient(server) as one, RawClient(server) as two:
                self.assertEqual(passed(one, 9), 5)
                self.assertEqual(passed(two, 0), 5)
                server.reload(self.settings(messages='1/h', burst=6, per='address', connections='1/h',
                                            connections_burst=2))
                self.assertEqual(passed(two, 9), 1)
                self.assertEqual(passed(one, 0), 1)
                self.assertEqual(passed(one, 9), 0)
                with self.assertRaises(Refused) as caught:
                    RawClient(server)
                self.assertEqual(caught.exception.status, 429)

    def test_the_limits_of_an_allowance_that_all_share_can_be_changed(self):
        shared = {'per': 'all', 'name': 'everybody'}
        with Sluice(self.settings(messages='1/h', burst=3, **shared)) as server, \
                RawClient(server) as one, RawClient(server, '/other') as two:
            self.assertEqual(passed(one, 2), 2)
            self.assertEqual(passed(two, 2), 1)
            server.reload(self.settings(messages='1/h', burst=5, **shared))
            self.assertEqual(passed(one, 9), 2)  # What was taken is not forgotten.
            self.assertEqual(passed(two, 9), 0)


class Limits(ServedTest):
    configuration = settings(
        endpoint('/drop', [stage('rate-limit', messages='1/m', burst=3)]),
        endpoint('/close', [stage('rate-limit', messages='1/m', burst=3, action='close')]),
        endpoint('/bytes', [stage('rate-limit', bytes='1/m', bytes_burst=100)]),
        endpoint('/refill', [stage('rate-limit', messages='20/s', burst=1)]),
        endpoint('/connect', [stage('rate-limit', connections='1/m', connections_burst=2)]),
        endpoint('/address', [stage('rate-limit', messages='1/m', burst=3, per='address')]))

    def test_what_is_over_the_limit_is_dropped(self):
        with RawClient(self.server, '/drop') as client:
            for number in range(10):
                client.text(str(number))
            self.assertEqual([client.read_text() for _ in range(3)], ['0', '1', '2'])
            self.assertEqual(client.close(), 1000)

    def test_each_client_has_its_own_allowance(self):
        for _ in range(3):
            with RawClient(self.server, '/drop') as client:
                for number in range(3):
                    client.text(str(number))
                    self.assertEqual(client.read_text(), str(number))
                client.close()

    def test_clients_of_an_address_share_theirs(self):
        for source, expected in (('127.0.0.2', 2), ('127.0.0.2', 1), ('127.0.0.3', 2)):
            with RawClient(self.server, '/address', source=source) as client:
                self.assertEqual(passed(client, 2), expected)
                client.close()

    def test_over_the_limit_is_closed_with_4429(self):
        with RawClient(self.server, '/close') as client:
            for number in range(4):
                client.text(str(number))
            self.assertEqual(client.expect_close()[0], 4429)

    def test_bytes(self):
        with RawClient(self.server, '/bytes') as client:
            for payload in ('x' * 90, 'y' * 90, 'z' * 5):
                client.text(payload)
            self.assertEqual(client.read_text(), 'x' * 90)
            self.assertEqual(client.read_text(), 'z' * 5)

    def test_allowance_comes_back(self):
        with RawClient(self.server, '/refill') as client:
            begin = time.monotonic()
            count = 0
            while count < 5 and time.monotonic() - begin < patience(10):
                count += passed(client, 1)
            self.assertEqual(count, 5)
            self.assertGreater(time.monotonic() - begin, 0.15)

    def test_connections(self):
        for _ in range(2):
            with RawClient(self.server, '/connect', source='127.0.0.9') as client:
                client.close()
        with self.assertRaises(Refused) as caught:
            RawClient(self.server, '/connect', source='127.0.0.9')
        self.assertEqual(caught.exception.status, 429)
        self.assertGreater(int(caught.exception.headers['retry-after']), 0)
        with RawClient(self.server, '/connect', source='127.0.0.10') as client:
            self.assertEqual(client.close(), 1000)


class Together(ServedTest):
    """The order of the pipeline decides: what rate-limit drops, validate never sees."""

    configuration = settings(endpoint('/ws', [
        stage('rate-limit', messages='1/m', burst=1), stage('validate', json=True)]))

    def test_order(self):
        with RawClient(self.server) as client:
            client.text('1')
            self.assertEqual(client.read_text(), '1')
            client.text('nonsense')
            self.assertEqual(client.close(), 1000)
            self.assertEqual(self.server.metric('sluice_plugin_verdicts_total',
                                                plugin='rate-limit', verdict='drop'), 1)
