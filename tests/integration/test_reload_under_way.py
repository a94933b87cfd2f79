"""What is under way while a reload takes its place away: offloaded work, readers of options, timers and
threads, messages that wait, clients that would not be let in any more."""

import os
import unittest

from harness import (BUILD, RawClient, Sluice, endpoint, settings, stage, temporary_folder,
                     wait_until)

PLUGINS = {'path': [os.path.join(BUILD, folder)
                    for folder in ('plugins', 'tests/plugins', 'tests/plugins/v1')]}


class Gate:
    """A FIFO that plugins wait at."""

    def __init__(self, test):
        folder = temporary_folder()
        test.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, 'gate')
        os.mkfifo(self.path)

    def wait_for(self, server, times=1):
        wait_until(lambda: server.log().count('at the gate') >= times, 'somebody is at the gate')

    def open(self):
        with open(self.path, 'w'):
            pass


def served(*pipeline, **how):
    """A configuration with one endpoint."""
    return settings(endpoint('/ws', pipeline, **how), plugins=PLUGINS)


def carried(gate, tag='none', **how):
    return {'plugin': 'carried', 'options': {'gate': gate.path, 'tag': tag}, **how}


class UnderWay(unittest.TestCase):
    def setUp(self):
        self.gate = Gate(self)

    def says(self, server, text):
        wait_until(lambda: text in server.log(), f'the log says: {text}')

    def wait_for_answer(self, client, expected):
        """Until the client's loop has changed over."""
        def is_there():
            client.text('hi')
            return client.read_text().startswith(expected)
        wait_until(is_there, f'the answer {expected}')

    def test_work_of_a_replaced_instance_gets_no_client(self):
        """Its state block would be the new instance's, or lie past the end of all of them."""
        for before in ([], [stage('version', tag='a')]):
            with Sluice(served(*before, carried(self.gate))) as server, \
                    RawClient(server) as client:
                client.text('work')
                self.gate.wait_for(server)
                server.reload(served(stage('version', tag='b')))
                self.wait_for_answer(client, 'hi v1 b')
                self.gate.open()
                self.says(server, 'done: without a client')
                self.wait_for_answer(client, 'hi v1 b')

    def test_work_of_an_instance_that_stays_keeps_its_client(self):
        with Sluice(served(carried(self.gate))) as server, \
                RawClient(server) as client:
            client.text('work')
            self.gate.wait_for(server)
            server.reload(served(stage('version'), carried(self.gate)))
            self.wait_for_answer(client, 'hi v1')
            self.gate.open()
            self.says(server, 'done: with its client')

    def read_over_a_reload(self, command, expected):
        def running(tag):
            return served(carried(self.gate, tag))
        with Sluice(running('the-first-tag')) as server, RawClient(server) as client:
            client.text(command)
            self.gate.wait_for(server)
            for number in range(3):  # what was given up is given to others
                server.reload(running(f'another-tag-{number}'))
                client.text('moved')
                client.read_text()
            self.gate.open()
            self.says(server, f'tag before: the-first-tag, tag after: {expected}')

    def test_options_stay_for_work_that_reads_them(self):
        self.read_over_a_reload('read', 'the-first-tag')

    def test_options_stay_for_a_thread_that_reads_them(self):
        self.read_over_a_reload('own', 'another-tag-2')


if __name__ == '__main__':
    unittest.main()
