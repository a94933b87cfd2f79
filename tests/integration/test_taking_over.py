"""What an instance knows goes to the one that replaces it: in its state, by on_handover, and in the server's storage."""

import os
import shutil
import threading
import unittest

from harness import BUILD, RawClient, Sluice, endpoint, patience, settings, temporary_folder, wait_until

CLIENTS = 8
MESSAGES = 200  # of each client


class Heirs:
    """A server with the plugin heir, whose file can be built anew."""

    def __init__(self, test, loops):
        self.folder = temporary_folder()
        test.addCleanup(self.folder.cleanup)
        self.loops = loops
        self.put(1)
        self.server = Sluice(self.settings())

    def put(self, version):
        source = os.path.join(BUILD, f'tests/plugins/v{version}/heir.so')
        shutil.copy(source, os.path.join(self.folder.name, 'heir.so'))

    def settings(self, tag='a'):
        return settings(endpoint('/ws', [{'plugin': 'heir', 'options': {'tag': tag}}]),
                        plugins={'path': [self.folder.name]}, loops=self.loops)

    def takeovers(self):
        return [line.split('took over from ')[1].split('"')[0].strip()
                for line in self.server.log().splitlines() if 'took over from ' in line]


def count(client):
    """The answer comes behind what was late, which everybody gets."""
    client.text('count')
    answer = client.read_text()
    while answer == 'late':
        answer = client.read_text()
    number, version = answer.split()
    return int(number), version


class TakingOver(unittest.TestCase):
    def test_nothing_of_the_old_instance_runs_and_no_message_is_lost(self):
        for loops in (1, 2, 8):
            with self.subTest(loops=loops):
                self.replace_under_load(loops)

    def replace_under_load(self, loops):
        heirs = Heirs(self, loops)
        with heirs.server as server:
            clients = [RawClient(server) for _ in range(CLIENTS)]
            threads = [threading.Thread(target=self.send_all, args=(client,)) for client in clients]
            for thread in threads:
                thread.start()
            heirs.put(2)
            server.reload(heirs.settings())
            server.reload(heirs.settings('b'))
            for thread in threads:
                thread.join(patience(60))
                self.assertFalse(thread.is_alive())
            wait_until(lambda: len(heirs.takeovers()) == 2, 'both have been handed over')
            for found in heirs.takeovers():
                self.assertTrue(found.endswith('running 0, clients 0'), found)
            self.assertEqual([found.split(',')[0] for found in heirs.takeovers()],
                             ['1.0.0', '2.0.0'])
            self.assertEqual(count(clients[0]), (CLIENTS * MESSAGES, 'v2'))
            for client in clients:
                client.socket.close()

    @staticmethod
    def send_all(client):
        """Every message has been counted when the last one is answered."""
        for number in range(MESSAGES):
            client.text('late' if number == MESSAGES // 2 else 'one')
        count(client)

    def test_a_crowd_of_replaced_instances_ends_with_the_server(self):
        """Each hands over to the next; the first one has a client whose verdict is awaited."""
        heirs = Heirs(self, 2)
        with heirs.server as server, RawClient(server) as client:
            client.text('late')
            for tag in 'bcdefg':
                server.reload(heirs.settings(tag))
        self.assertEqual(len(heirs.takeovers()), 6)

    def test_an_instance_that_asks_for_a_new_one_hands_over_to_it(self):
        def renewed(**options):
            return settings(endpoint('/ws', [{'plugin': 'renewed', 'options': options}]))

        with Sluice(renewed(tag='a')) as server, RawClient(server) as client:
            client.text('?')
            self.assertEqual(client.read_text(), 'a 1')
            server.reload(renewed(tag='b', reload='replace'))
            server.wait_for_log('took over from tag a')
            self.assertIn('"replaced":1', server.log())
            client.text('?')
            self.assertEqual(client.read_text(), 'b 2')


if __name__ == '__main__':
    unittest.main()
