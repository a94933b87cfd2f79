"""quota in a running server: who is one too many, on two loops, through reloads."""

import asyncio
import os
import threading
import unittest

import websockets

from harness import (CLOSE, TEXT, RawClient, Refused, Sluice, connect, endpoint, patience, settings, stage,
                     temporary_folder, visit, wait_until)

LIMIT = 3
AT_ONCE = 24
COME_AND_GO = 500


def token(name):
    return f'{name}-token-0123456789'


def headers(name):
    return [('Authorization', f'Bearer {token(name)}')]


class Quota(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = temporary_folder()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.tokens = os.path.join(cls.folder.name, 'tokens')
        with open(cls.tokens, 'w') as out:
            out.writelines(f'{name} {token(name)}\n' for name in ('ada', 'bob', 'eve'))
        os.chmod(cls.tokens, 0o600)

    def settings(self, *behind, **options):
        pipeline = [stage('auth', tokens_file=self.tokens), stage('quota', **options), *behind]
        return settings(endpoint('/ws', pipeline, identity='required'))

    def refusal(self, server, name='ada'):
        with self.assertRaises(Refused) as caught:
            RawClient(server, headers=headers(name))
        return caught.exception

    def join(self, server, count, name='ada'):
        clients = [RawClient(server, headers=headers(name)) for _ in range(count)]
        for client in clients:
            self.addCleanup(client.socket.close)
        return clients

    def keys(self, server):
        return server.metric('sluice_plugin_quota_keys')

    def test_one_too_many_is_refused_until_one_leaves(self):
        with Sluice(self.settings(per_identity=2, retry_after='7s')) as server:
            first, _ = self.join(server, 2)
            refused = self.refusal(server)
            self.assertEqual((refused.status, refused.headers['retry-after']), (429, '7'))
            who = {'Authorization': f'Bearer {token("ada")}'}
            self.assertEqual(visit(server.url + '/ws', headers=who), {'status': 429, 'retryAfter': '7'})
            self.join(server, 1, 'bob')
            self.assertEqual(first.close(), 1000)
            server.wait_for_metric(2, 'sluice_clients')
            self.join(server, 1)
            self.assertEqual(self.refusal(server).status, 429)

    def test_the_newest_takes_over_from_the_oldest(self):
        async def client(url):
            how = {'headers': headers('ada')}
            async with connect(url, **how) as old, connect(url, **how) as new:
                with self.assertRaises(websockets.ConnectionClosed):
                    await old.recv()
                self.assertEqual((old.close_code, old.close_reason),
                                 (4409, 'You have connected elsewhere.'))
                await new.send('I am here now')
                self.assertEqual(await new.recv(), 'I am here now')
        with Sluice(self.settings(per_identity=1, takeover='close-oldest')) as server:
            asyncio.run(asyncio.wait_for(client(server.url + '/ws'), patience(20)))
            self.assertEqual(server.metric('sluice_plugin_quota_taken_over_total'), 1)

    def test_clients_that_do_not_leave_make_no_room_for_more(self):
        """None of them answers its close frame: each still has seconds to do so when others come."""
        with Sluice(self.settings(per_identity=1, takeover='close-oldest')) as server:
            crowd = self.join(server, 10)
            wait_until(lambda: server.metric('sluice_plugin_quota_taken_over_total') == 9, '9 takeovers')
            for client in crowd[:-1]:
                self.assertEqual(client.expect_close()[0], 4409)
            crowd[-1].text('the only one')
            self.assertEqual(crowd[-1].read_text(), 'the only one')

    def test_many_at_one_moment_on_two_loops(self):
        for takeover in ('refuse', 'close-oldest'):
            with self.subTest(takeover=takeover), \
                    Sluice(self.settings(per_identity=LIMIT, takeover=takeover)) as server:
                clients = []
                barrier = threading.Barrier(AT_ONCE)

                def come(clients=clients, barrier=barrier, server=server):
                    barrier.wait(patience(20))
                    try:
                        clients.append(RawClient(server, headers=headers('ada')))
                    except Refused as refused:
                        assert refused.status == 429, refused
                threads = [threading.Thread(target=come) for _ in range(AT_ONCE)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                stay = list(clients)

                def few_stay(stay=stay):  # those on the other loop are asked to go a little later
                    stay[:] = self.those_who_stay(stay)
                    return len(stay) <= LIMIT
                wait_until(few_stay, 'as many leave as are too many')
                self.assertEqual(len(stay), LIMIT)
                for client in clients:
                    client.socket.close()
                wait_until(lambda server=server: self.keys(server) == 0, 'nobody is counted')

    @staticmethod
    def stays(client, text):
        """Whether a client gets its own message back, or a close frame first."""
        client.text(text)
        while True:
            opcode, payload = client.read_frame()
            if opcode == CLOSE:
                assert int.from_bytes(payload[:2], 'big') == 4409, payload
                return False
            if opcode == TEXT and payload == text.encode():
                return True

    def those_who_stay(self, clients):
        return [client for number, client in enumerate(clients) if self.stays(client, f'am I in? {number}')]

    def test_those_whom_a_later_plugin_refuses_are_not_counted(self):
        behind = stage('origin', allow=['https://example.com'])
        with Sluice(self.settings(behind, per_identity=1)) as server:
            for _ in range(COME_AND_GO // 5):
                self.assertEqual(self.refusal(server).status, 403)
            self.assertEqual(self.keys(server), 0)
            good = headers('ada') + [('Origin', 'https://example.com')]
            with RawClient(server, headers=good) as client:
                self.assertEqual(client.close(), 1000)

    def test_whoever_comes_and_goes_is_given_back(self):
        with Sluice(self.settings(per_identity=1)) as server:
            for number in range(COME_AND_GO):
                name = ('ada', 'bob', 'eve')[number % 3]
                try:
                    client = RawClient(server, headers=headers(name))
                except Refused:  # The one before has gone for us, and not yet for the server.
                    continue
                if number % 2:
                    client.reset()
                else:
                    client.close()
            wait_until(lambda: self.keys(server) == 0, 'nobody is counted')
            self.join(server, 1)
            self.assertEqual(self.refusal(server).status, 429)

    def test_a_reload_counts_those_that_are_there_and_closes_none(self):
        with Sluice(self.settings(per_identity=5, takeover='close-oldest')) as server:
            clients = self.join(server, 4)
            server.reload(self.settings(per_identity=2, takeover='close-oldest'))
            for client in clients:
                client.text('still here')
            for client in clients:
                self.assertEqual(client.read_text(), 'still here')
            new = self.join(server, 1)[0]
            server.wait_for_metric(3, 'sluice_plugin_quota_taken_over_total')
            old = self.those_who_stay(clients)
            self.assertEqual(len(old), 1)
            self.assertTrue(self.stays(new, 'me too'))
            server.reload(self.settings(per_identity=2))
            # A loop that has answered has changed over, and has counted its clients anew.
            self.assertTrue(self.stays(old[0], 'I too, after the reload'))
            self.assertTrue(self.stays(new, 'and so do I'))
            self.assertEqual(self.refusal(server).status, 429)

    def test_a_full_table_refuses_new_names_and_leaves_the_others(self):
        with Sluice(self.settings(per_identity=5, max_keys=2)) as server:
            self.join(server, 1, 'ada')
            bob = self.join(server, 1, 'bob')[0]
            self.assertEqual(self.refusal(server, 'eve').status, 503)
            server.reload(self.settings(per_identity=5, max_keys=1))
            bob.text('still here')
            self.assertEqual(bob.read_text(), 'still here')
