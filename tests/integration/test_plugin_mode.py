"""host->mode: an instance knows what it is there for, in every hook and thread, also after a reload."""

import os
import unittest

from harness import RawClient, Sluice, endpoint, run_sluice, settings, temporary_folder, wait_until

EVERYWHERE = ('on_message', 'on_timer', 'work', 'done')


def asked(turn=0, **stage):
    return endpoint('/ws', [{'plugin': 'asked', 'options': {'turn': turn}, **stage}])


class Mode(unittest.TestCase):
    def test_check_says_that_it_checks(self):
        with temporary_folder() as folder:
            file = os.path.join(folder, 'sluice.yaml')
            Sluice(settings(asked()), file=file).write(settings(asked()))
            status, _, error = run_sluice('check', '--config', file)
        self.assertEqual(status, 0, error)
        self.assertIn('mode in create: check', error)

    def ask(self, server, client, mode):
        """Until the answers are `mode` in every hook and on every thread."""
        def answers():
            before = len(server.log())
            client.text('mode')
            self.assertEqual(client.read_text(), 'mode')
            wait_until(lambda: all(f'mode in {where}: ' in server.log()[before:] for where in EVERYWHERE),
                       'the answers')
            return server.log()[before:]
        wait_until(lambda: all(f'mode in {where}: {mode}' in answers() for where in EVERYWHERE), mode)

    def test_a_reload_between_shadow_and_enforce_is_told(self):
        with Sluice(settings(asked(), loops=2)) as server, RawClient(server) as client:
            server.wait_for_log('mode in create: serve')
            self.ask(server, client, 'serve')
            server.reload(settings(asked(1, mode='shadow'), loops=2))
            server.wait_for_log('mode in on_reload: shadow')
            self.ask(server, client, 'shadow')
            before = len(server.log())
            server.reload(settings(asked(1), loops=2))
            wait_until(lambda: 'mode in on_reload: serve' in server.log()[before:], 'on_reload')
            self.ask(server, client, 'serve')

    def test_an_instance_is_created_in_shadow(self):
        with Sluice(settings(asked(mode='shadow'))) as server, RawClient(server) as client:
            server.wait_for_log('mode in create: shadow')
            self.ask(server, client, 'shadow')
