"""sluice test-plugin: mistakes with on_subscribe and on_publish are found, and explained by a sentence."""

import os
import unittest

from harness import BUILD, run_sluice, sanitized

PLUGIN = os.path.join(BUILD, 'tests/plugins/broken/topics.so')


class Topics(unittest.TestCase):
    """The plugin makes the mistake that its option names."""

    def explain_topics(self, mistake, check, *sentences):
        status, output, error = run_sluice('test-plugin', PLUGIN, '--format', 'tap', '--set', f'mistake={mistake}', '--only', check,
                                           '--hook-timeout', '9000', seconds=180)
        self.assertEqual(status, 1, output + error)
        for sentence in sentences:
            self.assertIn(sentence, ' '.join(output.split()))

    def test_on_subscribe_does_what_it_may_not(self):
        check = 'contract/subscriptions'
        self.explain_topics('verdict', check, 'on_subscribe returned 1 (SL_DROP); it may return SL_CONTINUE, SL_DENY')
        self.explain_topics('subscribe', check, 'nobody can be subscribed in on_subscribe')

    def test_on_publish_does_what_it_may_not(self):
        check = 'contract/publications'
        self.explain_topics('publish', check, 'nothing can be published to topics in on_publish')
        self.explain_topics('defer', check, 'host->defer was called outside on_connect, on_open and on_message')
        self.explain_topics('close', check, 'host->close_with was called outside on_message')
        self.explain_topics('nobody', check, 'host->client_id was given NULL as the client', 'nobody')

    def test_on_publish_ignores_that_its_message_is_refused(self):
        check = 'contract/publications'
        self.explain_topics('utf8', check, 'host->message_replace, which returned -1, since it is no UTF-8', 'SL_CONTINUE')
        self.explain_topics('too-long', check, 'since it is longer than the largest message', '1 MiB')

    @unittest.skipIf(sanitized(), 'the sanitizer explains it itself')
    def test_topics_are_borrowed_and_end_without_a_zero(self):
        self.explain_topics('end', 'contract/subscriptions', 'on_subscribe read or wrote past the end of the topic')
        self.explain_topics('keep', 'contract/subscriptions', 'on_subscribe used the topic after it was no longer lent')

    @unittest.skipIf(sanitized(), 'the sanitizer explains it itself')
    def test_on_publish_ignores_a_failed_allocation(self):
        self.explain_topics('memory', 'contract/failing-allocations', 'on_publish crashed with SIGSEGV')

    def test_the_other_checks_ask_on_subscribe_and_on_publish(self):
        self.explain_topics('leak', 'contract/leaks', 'allocations of host->allocate behind')
        self.explain_topics('state', 'contract/two-instances', 'behaves differently when the plugin is in a pipeline twice')
