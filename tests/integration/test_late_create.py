"""An instance whose create finishes later: at the start, in a reload, and in `sluice check`."""

import json
import os
import signal
import threading
import unittest

from harness import RawClient, Sluice, endpoint, http_get, run_sluice, settings, temporary_folder, wait_until
from harness.admin import ask as admin_ask
from harness.ports import free_port

UPGRADE = [('Connection', 'Upgrade'), ('Upgrade', 'websocket'), ('Sec-WebSocket-Version', '13'),
           ('Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAA==')]


class Gate:
    """The file that a late create waits for."""

    def __init__(self, test, name='gate'):
        self.folder = temporary_folder()
        test.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, name)

    def open(self):
        with open(self.path, 'w'):
            pass

    def settings(self, plugins=None, **options):
        late = {'create': 'later', 'gate': self.path, **options}
        base = settings(endpoint('/ws', [{'plugin': 'renewed', 'options': late}]))
        base['plugins'].update(plugins or {})
        return base


def plain(**options):
    return settings(endpoint('/ws', [{'plugin': 'renewed', 'options': options}]))


def ask(client):
    client.text('?')
    return client.read_text()


def readiness(server):
    status, _, body = http_get(server, '/readyz', address=server.admin_address)
    return status, json.loads(body)


class Start(unittest.TestCase):
    def test_until_an_instance_can_begin_clients_are_told_to_come_back(self):
        gate = Gate(self)
        with Sluice(gate.settings()) as server:
            status, body = readiness(server)
            self.assertEqual((status, body['status']), (503, 'starting'))
            self.assertEqual(body['reasons'], [{'endpoint': '/ws', 'instance': 'renewed#1',
                                                'reason': 'its create has not finished yet'}])
            status, headers, body = http_get(server, '/ws', headers=UPGRADE)
            self.assertEqual((status, headers['retry-after']), (503, '5'))
            self.assertIn(b'starting', body)
            server.wait_for_metric(1, 'sluice_upgrades_refused_total', reason='starting')
            server.process.send_signal(signal.SIGHUP)  # comes when there is something to reload
            gate.open()
            server.wait_for_log('configuration 2 is in force')
            self.assertEqual(readiness(server)[0], 200)
            for event in ('"plugin_awaited"', '"plugin_ready"'):
                self.assertIn(event, server.log())
            with RawClient(server) as client:
                self.assertEqual(ask(client), 'a 1')

    def test_a_server_that_starts_can_be_stopped(self):
        with Sluice(Gate(self).settings()) as server:
            pass
        self.assertIn('destroyed, completing it says -2', server.log())

    def test_a_deadline_that_passes_ends_the_start(self):
        server = Sluice(Gate(self).settings({'create_timeout': '1ms'}))
        with open(server.file) as file:
            self.assertIn('create_timeout', file.read())
        status, _, error = run_sluice('serve', '-c', server.file)
        self.assertEqual(status, 1)
        self.assertIn('create of renewed#1 has not finished within 1 ms (plugins.create_timeout)', error)


class Reload(unittest.TestCase):
    def test_the_old_configuration_serves_until_the_new_instance_can_begin(self):
        gate = Gate(self)
        with Sluice(plain(tag='a')) as server, RawClient(server) as client:
            added = free_port()
            server.write({**gate.settings(tag='b', reload='replace'),
                          'listen': [{'address': '127.0.0.1:0'}, {'address': f'127.0.0.1:{added}'}]})
            server.process.send_signal(signal.SIGHUP)
            server.wait_for_log('plugin_awaited')
            self.assertEqual(ask(client), 'a 1')
            with self.assertRaises(ConnectionRefusedError):
                RawClient(server, address=('127.0.0.1', added))
            self.assertEqual(readiness(server)[0], 200)
            status, _, checks = http_get(server, '/readyz?verbose', address=server.admin_address)
            self.assertIn(b'ok     reload: waits for renewed#1 of /ws, whose create has not finished yet\n', checks)
            self.assertEqual((status, server.metric('sluice_awaited_instances')), (200, 1))
            self.assertEqual(json.loads(server.admin('/api/v1/pipeline'))['awaited'],
                             [{'endpoint': '/ws', 'instance': 'renewed#1'}])
            answers = []
            second = threading.Thread(
                target=lambda: answers.append(run_sluice('reload', '-c', server.file, '--admin',
                                                         '%s:%d' % server.admin_address)))
            second.start()  # waits for its turn
            gate.open()
            second.join()
            self.assertEqual(answers[0][0], 0, answers[0])
            self.assertIn('configuration 3 is in force', answers[0][1])
            self.assertEqual(ask(client)[0], 'b')
            self.assertEqual(server.metric('sluice_awaited_instances'), 0)
            RawClient(server, address=('127.0.0.1', added)).socket.close()

    def test_reloads_that_wait_hold_nobody_up(self):
        """Whether those who have asked for them stay or not; more than two have nothing to wait for."""
        gate = Gate(self)
        places = ['--set', 'admin.requests=64']  # all that ask at once find one, however slow the server is
        with Sluice(plain(tag='a'), arguments=places) as server, RawClient(server) as client:
            server.write(gate.settings(tag='b', reload='replace'))
            asking = [RawClient(server, upgrade=False, address=server.admin_address) for _ in range(12)]
            for one in asking:
                self.addCleanup(one.socket.close)
                one.send(b'POST /api/v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n')
            server.wait_for_log('plugin_awaited')
            wait_until(lambda: server.log().count('/api/v1/reload answered with 409') == 10, 'the others are refused')
            for one in asking:
                one.socket.close()
            self.assertEqual(admin_ask(server, 'POST', '/api/v1/kick', {'address': '192.0.2.1'})[0], 200)
            status, answer, _ = admin_ask(server, 'POST', '/api/v1/reload')
            self.assertEqual((status, answer['error']), (409, 'conflict'))
            self.assertEqual(readiness(server)[0], 200)
            gate.open()
            server.wait_for_log('configuration 3 is in force')
            wait_until(lambda: ask(client)[0] == 'b', 'the client has changed over')
            self.assertEqual(admin_ask(server, 'POST', '/api/v1/reload')[0], 200)

    def test_a_server_stops_while_a_reload_waits(self):
        with Sluice(plain(tag='a')) as server:
            server.write(Gate(self).settings(tag='b', reload='replace'))
            answers = []
            asking = threading.Thread(
                target=lambda: answers.append(run_sluice('reload', '--admin', '%s:%d' % server.admin_address)))
            asking.start()
            server.wait_for_log('plugin_awaited')
            server.process.send_signal(signal.SIGTERM)
            asking.join()
            self.assertEqual(answers[0][0], 1)  # the answer, or that there was no time for one
        self.assertIn('"reason":"the server is stopping"', server.log())

    def test_a_reload_whose_instance_never_begins_fails(self):
        with Sluice(plain(tag='a')) as server, RawClient(server) as client:
            server.write(Gate(self).settings({'create_timeout': '20ms'}, tag='b', reload='replace'))
            status, _, error = run_sluice('reload', '--admin', '%s:%d' % server.admin_address)
            self.assertEqual(status, 1)
            self.assertIn('create of renewed#1 has not finished within 20 ms', error)
            self.assertEqual(ask(client), 'a 1')
            wait_until(lambda: 'completing it says -2' in server.log(), 'the new one is destroyed')


class Check(unittest.TestCase):
    def test_check_waits_for_it(self):
        gate, wrong = Gate(self), Gate(self, 'nothing')
        server = Sluice(gate.settings())
        gate.open()
        self.assertEqual(run_sluice('check', '-c', server.file)[0], 0)
        wrong.open()
        server.write(wrong.settings())
        status, _, error = run_sluice('check', '-c', server.file)
        self.assertEqual(status, 1)
        self.assertIn('nothing is behind the gate', error)
        server.write(Gate(self).settings({'create_timeout': '1ms'}))
        status, _, error = run_sluice('check', '-c', server.file)
        self.assertEqual(status, 1)
        self.assertIn('has not finished within 1 ms', error)


if __name__ == '__main__':
    unittest.main()
