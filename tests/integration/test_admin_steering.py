"""An operator steers a running server: closes the clients of an identity, an address, an endpoint or a topic."""

import json
import os
import unittest

from harness import PING, PONG, RawClient, Sluice, endpoint, run_sluice, settings

MANY = 900  # several portions of a loop
LATER = [{'plugin': 'later'}]


class Steered(unittest.TestCase):
    def serve(self, loops=2):
        server = Sluice(settings(endpoint('/ws', LATER), endpoint('/other'), loops=loops)).start()
        self.addCleanup(server.abandon)
        return server

    def connect(self, server, path='/ws'):
        client = RawClient(server, path)
        self.addCleanup(client.socket.close)
        return client

    def command(self, server, *arguments):
        return run_sluice(*arguments, '--admin', 'http://%s:%d/' % server.admin_address)

    def subscribe(self, client, topic):
        client.text(f'subscribe {topic}')
        self.assertEqual(client.read_text(), 'subscribe 0')


class Kick(Steered):
    def test_an_identity_on_all_loops(self):
        for loops in (1, 2, 8):
            with self.subTest(loops=loops):
                server = self.serve(loops)
                ann = [self.connect(server, '/ws?name=ann') for _ in range(9)]
                bob = self.connect(server, '/ws?name=bob')
                status, out, _ = self.command(server, 'kick', '--identity', 'ann',
                                              '--code', '4001', '--reason', 'moved elsewhere')
                self.assertEqual((status, out), (0, '9 clients are being closed\n'))
                for client in ann:
                    self.assertEqual(client.expect_close(), (4001, b'moved elsewhere'))
                bob.text('say here')
                self.assertEqual(bob.read_text(), 'say here')

    def test_subscribers_of_a_topic_and_clients_of_an_endpoint(self):
        server = self.serve()
        goes, stays, other = self.connect(server), self.connect(server), self.connect(server, '/other')
        self.subscribe(goes, 'news')
        self.subscribe(stays, 'weather')
        self.assertEqual(self.command(server, 'kick', '--topic', 'news', '--json')[1],
                         '{"closed":1}\n')
        self.assertEqual(goes.expect_close(), (1008, b'closed by the administrator'))
        self.assertEqual(self.command(server, 'kick', '--endpoint', '/other',
                                      '--address', '127.0.0.0/8')[1], '1 client is being closed\n')
        self.assertEqual(other.expect_close()[0], 1008)
        stays.text('say here')
        self.assertEqual(stays.read_text(), 'say here')

    def test_the_log_says_who_asked_and_how_many_went(self):
        server = self.serve()
        self.connect(server, '/ws?name=ann')
        self.command(server, 'kick', '--identity', 'ann')
        server.wait_for_log(r'kick: 1 clients of identity \"ann\" closed with 1008 '
                            r'\"closed by the administrator\", asked by 127.0.0.1, port ')

    def test_a_client_that_does_not_read_and_one_that_leaves_hold_nobody_up(self):
        server = self.serve()
        silent, leaves, other = (self.connect(server) for _ in range(3))
        leaves.socket.close()
        self.assertEqual(self.command(server, 'kick', '--endpoint', '/ws')[0], 0)
        self.assertEqual(other.expect_close()[0], 1008)
        silent.socket.close()
        server.wait_for_metric(0, 'sluice_clients')

    def test_of_many_holds_no_loop(self):
        """While hundreds are closed, clients of the same loop are answered."""
        server = self.serve(1)
        many = [self.connect(server, '/other') for _ in range(MANY)]
        server.wait_for_metric(MANY, 'sluice_clients')
        witness = self.connect(server)
        status, out, _ = self.command(server, 'kick', '--endpoint', '/other', '--code', '1012')
        self.assertEqual((status, out), (0, f'{MANY} clients are being closed\n'))
        witness.text('say here')
        self.assertEqual(witness.read_text(), 'say here')
        for client in many:
            self.assertEqual(client.expect_close()[0], 1012)
        self.assertEqual(server.metric('sluice_closes_total', code='1012'), MANY)

    def test_during_reloads(self):
        server = self.serve()
        for _ in range(5):
            clients = [self.connect(server, '/ws?name=ann') for _ in range(20)]
            server.reload(settings(endpoint('/ws', LATER), endpoint('/other'), loops=2))
            self.assertEqual(json.loads(self.command(server, 'kick', '--identity', 'ann',
                                                     '--json')[1]), {'closed': 20})
            for client in clients:
                self.assertEqual(client.expect_close()[0], 1008)

    def test_whoever_asks_through_the_socket_is_named(self):
        server = Sluice()
        self.addCleanup(server.abandon)
        path = os.path.join(server.folder.name, 'admin.sock')
        server.write(settings(endpoint('/ws'), admin={'listen': ['127.0.0.1:0', f'unix:{path}']}))
        server.start()
        self.connect(server)
        self.assertEqual(run_sluice('kick', '--endpoint', '/ws', '--admin', f'unix:{path}')[0], 0)
        server.wait_for_log(f'asked by user {os.getuid()} through the Unix socket')


class Clients(Steered):
    def listed(self, server, *arguments):
        status, out, error = self.command(server, 'clients', '--json', *arguments)
        self.assertEqual((status, error), (0, ''))
        return json.loads(out)['clients']

    def test_filters(self):
        for loops in (1, 2, 8):
            with self.subTest(loops=loops):
                server = self.serve(loops)
                ann = [self.connect(server, '/ws?name=ann%20%26') for _ in range(3)]
                self.connect(server, '/ws?name=bob')
                self.connect(server, '/other')
                self.subscribe(ann[1], 'news')
                names = [client['identity'] for client in self.listed(server)]
                self.assertEqual(sorted(map(str, names)), ['None', 'ann &', 'ann &', 'ann &', 'bob'])
                self.assertEqual(len(self.listed(server, '--identity', 'ann &')), 3)
                self.assertEqual(len(self.listed(server, '--identity', 'ann &', '--limit', '2')), 2)
                port = ann[1].socket.getsockname()[1]
                self.assertEqual([client['port'] for client in self.listed(server, '--topic', 'news')],
                                 [port])
                self.assertEqual(len(self.listed(server, '--endpoint', '/other')), 1)
                self.assertEqual(self.listed(server, '--address', '192.0.2.0/24'), [])

    def test_sorted_over_all_loops(self):
        for loops in (1, 2, 8):
            with self.subTest(loops=loops):
                server = self.serve(loops)
                clients = [self.connect(server, f'/ws?name=n{i}') for i in range(12)]
                # Pongs go to who has pinged alone, and may be acknowledged later than they are read.
                for client, pings in ((clients[5], 40), (clients[7], 200)):
                    for _ in range(pings):
                        client.send_frame(PING, b'x' * 125)
                    for _ in range(pings):
                        self.assertEqual(client.read_frame()[0], PONG)
                names = [client['identity'] for client in self.listed(server, '--sort', 'bytes', '--limit', '2')]
                self.assertEqual(names, ['n7', 'n5'])
                for key in ('queue', 'age', 'messages', 'drops', 'last-heard'):
                    self.assertEqual({client['identity'] for client in self.listed(server, '--sort', key)},
                                     {f'n{i}' for i in range(12)})
        status, _, error = self.command(server, 'clients', '--sort', 'colour')
        self.assertEqual(status, 1)
        self.assertIn('queue, age, bytes, messages, drops or last-heard', error)

    def test_many_are_all_listed_once(self):
        server = self.serve(2)
        clients = [self.connect(server, '/other') for _ in range(MANY)]
        server.wait_for_metric(MANY, 'sluice_clients')
        self.assertEqual({client['port'] for client in self.listed(server)},
                         {client.socket.getsockname()[1] for client in clients})
        self.assertEqual(len(self.listed(server, '--endpoint', '/other')), MANY)


if __name__ == '__main__':
    unittest.main()
