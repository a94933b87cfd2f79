"""sluice test-plugin: mistakes with on_event are found, and explained by a sentence."""

import os
import unittest

from harness import BUILD, run_sluice, sanitized

PLUGIN = os.path.join(BUILD, 'tests/plugins/broken/events.so')


class Events(unittest.TestCase):
    """The plugin makes the mistake that its option names."""

    def run_events(self, mistake, check, hook_timeout='9000'):
        status, output, error = run_sluice('test-plugin', PLUGIN, '--format', 'tap', '--set', f'mistake={mistake}', '--only', check,
                                           '--hook-timeout', hook_timeout, seconds=180)
        return status, ' '.join(output.split()), error

    def explain_events(self, mistake, *sentences, check='contract/events', **more):
        status, output, error = self.run_events(mistake, check, **more)
        self.assertEqual(status, 1, output + error)
        for sentence in sentences:
            self.assertIn(sentence, output)

    def test_without_a_mistake_it_passes(self):
        for check in ('events', 'borrowed', 'two-instances', 'failing-allocations', 'random-messages'):
            with self.subTest(check=check):
                self.passes_check(check)

    def test_without_a_mistake_it_leaves_nothing_behind(self):
        self.passes_check('leaks')

    def passes_check(self, check):
        status, output, error = self.run_events('none', f'contract/{check}', hook_timeout='30000')
        self.assertEqual(status, 0, output + error)
        self.assertNotIn('SKIP', output)

    def test_a_plugin_that_hears_nothing_is_skipped(self):
        status, output, error = self.run_events('silent', 'contract/events')
        self.assertEqual(status, 0, error)
        self.assertIn('# SKIP with these options it listens to no event', output)

    @unittest.skipIf(sanitized(), 'the sanitizer explains it itself')
    def test_what_is_lent_is_kept(self):
        self.explain_events('event', 'on_event used the event after it was no longer lent', 'copy what must last')
        self.explain_events('name', "on_event used the event's name after it was no longer lent")
        self.explain_events('payload', "on_event used the event's payload after it was no longer lent")
        self.explain_events('emitter', "on_event used the name of the event's emitter after it was no longer lent")

    @unittest.skipIf(sanitized(), 'the sanitizer explains it itself')
    def test_payloads_have_a_length_and_are_only_to_be_read(self):
        self.explain_events('end', "on_event read or wrote past the end of the event's payload", 'a word', 'not zero-terminated')
        self.explain_events('empty', "on_event read or wrote past the end of the event's payload", 'its payload is empty')
        self.explain_events('write', "on_event wrote to the event's payload")

    @unittest.skipIf(sanitized(), 'the sanitizer explains it itself')
    def test_a_buffer_is_too_small_for_the_longest_payload(self):
        # It crashes, or its C library notices first.
        self.explain_events('small', 'message: | on_event ', 'its payload is 64 KiB of x')

    def test_a_buffer_is_too_small_for_the_longest_name(self):
        self.explain_events('room', "on_event wrote past the end of the instance state (128 bytes)")

    def test_there_need_be_no_client(self):
        self.explain_events('client', 'host->client_id was given NULL as the client', 'an event about none')

    def test_on_event_does_what_it_may_not(self):
        self.explain_events('emit', 'on_event called host->event_emit', 'no event can be emitted while one is heard')
        self.explain_events('defer', 'host->defer was called outside on_connect, on_open and on_message')
        self.explain_events('late', 'host->event_listen was called outside create')
        self.explain_events('blocks', 'on_event did not return within 3000 ms', '64 KiB', hook_timeout='3000')

    def test_each_event_leaves_something_behind(self):
        self.explain_events('leak', 'each event about nobody leaves 1 allocations of host->allocate', 'release in on_event',
                            check='contract/leaks')

    def test_each_client_of_which_events_tell_leaves_something_behind(self):
        self.explain_events('forget', 'each client leaves 2 allocations of host->allocate behind', check='contract/leaks')

    def test_instances_share_what_they_have_heard(self):
        self.explain_events('state', 'behaves differently when the plugin is in a pipeline twice', check='contract/two-instances')

    @unittest.skipIf(sanitized(), 'the sanitizer explains it itself')
    def test_on_event_ignores_a_failed_allocation(self):
        self.explain_events('memory', 'on_event crashed with SIGSEGV', check='contract/failing-allocations')


if __name__ == '__main__':
    unittest.main()
