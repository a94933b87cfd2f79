"""What is under way while a reload takes its place away: offloaded work, readers of options, timers and
threads, messages that wait, clients that would not be let in any more."""

import os
import unittest

from harness import (BUILD, TEXT, RawClient, Refused, Sluice, endpoint, frame, settings, stage,
                     temporary_folder, wait_until)

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


def served(*pipeline, **top):
    """A configuration with one endpoint."""
    return settings(endpoint('/ws', pipeline), plugins=PLUGINS, **top)


def carried(gate, tag='none', **how):
    return {'plugin': 'carried', 'options': {'gate': gate.path, 'tag': tag}, **how}


class ReloadTest(unittest.TestCase):
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


class UnderWay(ReloadTest):
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

    def test_removed_endpoint_destroys_its_instances(self):
        """With a client and without; their timers and threads end with them."""
        for count in (0, 1):
            with Sluice(settings(endpoint('/ws'), endpoint('/old', [carried(self.gate)]))) as server:
                clients = [RawClient(server, '/old') for _ in range(count)]
                self.says(server, 'timer: ticks')
                server.reload(settings(endpoint('/ws')))
                for client in clients:
                    self.assertEqual(client.expect_close(), (1001, b'the endpoint was removed'))
                self.says(server, 'instance: destroyed')
                server.reload(settings(endpoint('/ws'), endpoint('/old')))
                wait_until(lambda: self.echoes(server, '/old'), 'the endpoint is back')

    @staticmethod
    def echoes(server, path):
        try:
            with RawClient(server, path) as client:
                client.text('hi')
                return client.read_text() == 'hi'
        except Refused:
            return False


class NextMessage(ReloadTest):
    """A reload takes effect for the next message that is decoded, however busy the client is."""

    def test_a_shadow_stage_that_defers_does_not_hold_a_client(self):
        watching = {'plugin': 'later', 'mode': 'shadow', 'timeout': '60s'}
        with Sluice(served(watching, stage('version', tag='a'))) as server, \
                RawClient(server) as client:
            client.text('defer never')
            self.assertEqual(client.read_text(), 'defer never v1 a 1 1')
            for after in ([watching], []):  # the deferral goes on, or is cancelled
                server.reload(served(*after, stage('version', tag=f'b{len(after)}')))
                self.wait_for_answer(client, f'hi v1 b{len(after)}')
                server.wait_for_metric(len(after), 'sluice_deferrals')

    def test_what_waits_behind_a_delay_gets_the_new_pipeline(self):
        slow = stage('rate-limit', messages='2/s', burst=1, action='delay')
        with Sluice(served(slow, stage('version', tag='a'))) as server, \
                RawClient(server) as client:
            client.send(b''.join(frame(TEXT, b'm%d' % number) for number in range(19)))
            self.assertEqual(client.read_text(), 'm0 v1 a 1 1')
            server.reload(served(stage('version', tag='b')))
            answers = [client.read_text() for _ in range(18)]
        self.assertEqual([answer.split()[0] for answer in answers],
                         [f'm{number}' for number in range(1, 19)])
        self.assertLessEqual(len([answer for answer in answers if ' a ' in answer]), 2)

    def test_mode_and_pipeline_change_at_the_same_message(self):
        """A hook that runs while the configuration changes ends in the mode in which it began."""
        for before, after, answers in (('enforce', 'shadow', ['held', 'sent', 'end']),
                                       ('shadow', 'enforce', ['hold', 'end'])):
            gate = Gate(self)
            with Sluice(served(carried(gate, mode=before), loops=1)) as server, \
                    RawClient(server) as client:
                client.text('hold')
                gate.wait_for(server)
                server.reload(served(carried(gate, mode=after), loops=1))
                client.text('end')
                gate.open()
                self.assertEqual([client.read_text() for _ in answers], answers)


if __name__ == '__main__':
    unittest.main()
