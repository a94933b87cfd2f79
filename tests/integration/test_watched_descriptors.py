"""Descriptors that a plugin has watched on its instance's loop: the example datagrams."""

import os
import socket
import unittest

from harness import RawClient, Sluice, endpoint, settings, temporary_folder, wait_until
from harness.loops import OnEachNumberOfLoops

MESSAGES = 200


class Datagrams(OnEachNumberOfLoops, unittest.TestCase):
    def settings(self, name='a.sock', topic='news', **top):
        options = {'socket': os.path.join(self.folder.name, name), 'topic': topic}
        return settings(endpoint('/ws', [{'plugin': 'datagrams', 'options': options}]), **top)

    def setUp(self):
        self.folder = temporary_folder()
        self.addCleanup(self.folder.cleanup)
        self.sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.sender.close)

    def send(self, text, name='a.sock'):
        """Blocks while the socket's queue is full."""
        self.sender.sendto(text.encode(), os.path.join(self.folder.name, name))

    def check(self, loops):
        with Sluice(self.settings(loops=loops)) as server:
            clients = [RawClient(server) for _ in range(4)]
            for number in range(MESSAGES):
                self.send(f'{number}')
            for client in clients:
                self.assertEqual([client.read_text() for _ in range(MESSAGES)],
                                 [f'{number}' for number in range(MESSAGES)])
            self.assertEqual(server.metric('sluice_plugin_watched_descriptors'), 1)
            # A reload that keeps the instance keeps the watch; another instance has its own.
            server.reload(self.settings(loops=loops, demo_page=True))
            self.send('after a reload')
            self.assertEqual({client.read_text() for client in clients}, {'after a reload'})
            server.reload(self.settings('b.sock', loops=loops))
            self.send('to another instance', 'b.sock')
            self.assertEqual({client.read_text() for client in clients}, {'to another instance'})
            for client in clients:
                client.socket.close()

    def test_its_file_goes_with_the_socket_and_not_with_the_one_that_it_replaces(self):
        with Sluice(self.settings()) as server, RawClient(server) as client:
            server.wait_for_metric(1, 'sluice_clients')
            server.reload(self.settings(topic='sports'))
            wait_until(lambda: server.metric('sluice_plugin_watched_descriptors') == 1, 'the first instance is gone')
            self.send('to the second')
            self.assertEqual(client.read_text(), 'to the second')
            server.reload(self.settings('b.sock'))
            wait_until(lambda: os.listdir(self.folder.name) == ['b.sock'], 'the second instance is gone, and its file')
        self.assertEqual(os.listdir(self.folder.name), [])
