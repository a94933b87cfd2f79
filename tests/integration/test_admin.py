"""The admin listener: who may read what, and what it says while the server stops."""

import json
import os
import signal
import unittest

from harness import (RawClient, ServedTest, Sluice, http_get, run_sluice, settings,
                     temporary_folder, wait_until)

TOKEN = 'an-admin-token-0123456789'


class AdminTest(ServedTest):
    def get(self, target, **how):
        return http_get(self.server, target, address=self.server.admin_address, **how)


class Open(AdminTest):
    configuration = settings()

    def test_health_and_readiness(self):
        for target, word in (('/healthz', 'ok'), ('/readyz', 'ready')):
            status, fields, body = self.get(target)
            self.assertEqual((status, json.loads(body)['status']), (200, word))
            self.assertEqual(fields['content-type'], 'application/json')

    def test_metrics_are_prometheus_text(self):
        status, fields, body = self.get('/metrics')
        self.assertEqual(status, 200)
        self.assertTrue(fields['content-type'].startswith('text/plain; version=0.0.4'))
        for name in ('sluice_clients', 'sluice_messages_total', 'sluice_bytes_total',
                     'sluice_closes_total', 'sluice_drops_total', 'sluice_upgrades_refused_total'):
            self.assertIn(f'# TYPE {name} '.encode(), body)

    def test_unknown_path_and_method(self):
        self.assertEqual(self.get('/nowhere')[0], 404)
        status, fields, _ = self.get('/metrics', method='POST',
                                     headers=[('Content-Length', '0')])
        self.assertEqual(status, 405)
        self.assertIn('GET', fields['allow'])

    def test_no_upgrade_here(self):
        headers = [('Upgrade', 'websocket'), ('Connection', 'Upgrade'),
                   ('Sec-WebSocket-Version', '13'),
                   ('Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==')]
        self.assertEqual(self.get('/ws', headers=headers)[0], 404)


class Locked(AdminTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = temporary_folder()
        file = os.path.join(cls.folder.name, 'admin.token')
        with open(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600), 'w') as out:
            out.write(TOKEN + '\n')
        cls.configuration = settings(admin={'listen': '127.0.0.1:0', 'token_file': file})
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.folder.cleanup()

    def test_metrics_need_the_token(self):
        for value in (None, 'Bearer wrong', f'Bearer {TOKEN}x', f'Bearer {TOKEN[:-1]}', TOKEN,
                      'Bearer ', f'Basic {TOKEN}'):
            with self.subTest(value=value):
                headers = [('Authorization', value)] if value else []
                status, fields, _ = self.get('/metrics', headers=headers)
                self.assertEqual(status, 401)
                self.assertTrue(fields['www-authenticate'].startswith('Bearer'))

    def test_token_opens(self):
        self.assertEqual(self.get('/metrics', headers=[('Authorization', f'Bearer {TOKEN}')])[0],
                         200)

    def test_probes_need_no_token(self):
        self.assertEqual(self.get('/healthz')[0], 200)
        self.assertEqual(self.get('/readyz')[0], 200)

    def test_the_token_is_never_logged(self):
        self.get('/metrics', headers=[('Authorization', f'Bearer {TOKEN}')])
        self.assertNotIn(TOKEN, self.server.log())


class Stopping(unittest.TestCase):
    def test_not_ready_while_clients_are_let_go(self):
        server = Sluice(settings(shutdown={'grace': '20s'})).start()
        with RawClient(server) as client:
            server.wait_for_metric(1, 'sluice_clients')
            server.process.send_signal(signal.SIGTERM)
            wait_until(lambda: http_get(server, '/readyz',
                                        address=server.admin_address)[0] == 503,
                       'readiness goes to 503')
            self.assertEqual(http_get(server, '/healthz', address=server.admin_address)[0], 200)
            self.assertEqual(client.expect_close()[0], 1012)
        server.stop()


class Refused(unittest.TestCase):
    def refuse(self, wanted, **admin):
        with temporary_folder() as folder:
            file = os.path.join(folder, 'sluice.yaml')
            with open(file, 'w') as out:
                json.dump(settings(admin=admin), out, indent=2)
            for command in ('check', 'serve'):
                status, _, error = run_sluice(command, '-c', file)
                self.assertEqual(status, 1, error)
                self.assertRegex(error, r'sluice\.yaml:\d+:\d+: ')
                self.assertIn(wanted, error)

    def test_other_machines_need_a_token(self):
        self.refuse('token_file', listen='0.0.0.0:0')

    def test_token_file_that_is_missing(self):
        self.refuse('nowhere.token', listen='127.0.0.1:0', token_file='/nonexistent/nowhere.token')
