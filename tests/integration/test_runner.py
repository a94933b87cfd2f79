"""sluice test-plugin: mistakes are found, and explained by a sentence; good plugins pass."""

import os
import unittest
import xml.etree.ElementTree

from harness import BUILD, ROOT, run_sluice, sanitized, temporary_folder


def broken(name):
    return os.path.join(BUILD, 'tests/plugins/broken', f'{name}.so')




def test_plugin(*arguments, **environment):
    return run_sluice('test-plugin', *arguments, seconds=600, environment=environment)


class Mistakes(unittest.TestCase):
    """Each of these plugins has one, and the sentence says what to change."""

    def explain(self, file, *sentences, arguments=()):
        status, output, error = test_plugin(file, '--format', 'tap', *arguments)
        self.assertEqual(status, 1, output + error)
        for sentence in sentences:
            self.assertIn(sentence, ' '.join(output.split()))

    def test_other_abi(self):
        self.explain(os.path.join(BUILD, 'tests/plugins/other-major.so'),
                     'built for plugin ABI 2.0', 'rebuild it')

    def test_missing_symbol(self):
        self.explain(os.path.join(BUILD, 'tests/plugins/no-symbol.so'),
                     'it does not export the symbol sluice_plugin')

    def test_bad_option_table(self):
        self.explain(os.path.join(BUILD, 'tests/plugins/bad-default.so'), 'option table')

    def test_keeps_a_borrowed_message(self):
        self.explain(broken('keeps-message'),
                     "on_message used the message's data after it was no longer lent",
                     'copy what must last')

    @unittest.skipIf(sanitized(), 'the sanitizer explains it itself')
    def test_frees_a_borrowed_message(self):
        self.explain(broken('frees-message'), 'on_message freed memory that is not its own')

    def test_completes_twice(self):
        self.explain(broken('completes-twice'), 'a ticket was completed twice')

    def test_completes_after_cancel(self):
        self.explain(broken('completes-after-cancel'),
                     'again and again after its deferral was cancelled')

    def test_blocks(self):
        self.explain(broken('blocks'), 'on_message did not return within 3000 ms',
                     'use host->offload', arguments=('--hook-timeout', '3000', '--only', 'contract/messages'))

    def test_leaks_client_state(self):
        self.explain(broken('leaks-clients'), 'each client leaves 1 allocations of host->allocate',
                     'release in on_close')

    @unittest.skipIf(sanitized(), 'a sanitizer has an allocator of its own, which cannot be asked')
    def test_leaks_from_the_heap(self):
        self.explain(broken('leaks-heap'), 'each client leaves about 112 bytes behind')

    def test_misreads_an_option(self):
        self.explain(broken('misreads-option'),
                     "the option 'interval' is a duration but was read with value_string",
                     'use value_integer')

    def test_reads_an_undeclared_option(self):
        self.explain(broken('unknown-option'),
                     "the option 'verbos' is read but is not in the plugin's option table")

    def test_crashes_on_an_empty_message(self):
        self.explain(broken('empty-message'), 'not ok', 'an empty text message')

    def test_impossible_verdict(self):
        self.explain(broken('bad-verdict'), 'on_message returned 4 (SL_DENY); it may return')

    def test_leaves_a_thread(self):
        self.explain(broken('outlives-destroy'), 'a thread of the plugin is still running when its last instance is gone',
                     "'left-over', in ", 'outlives-destroy.so+0x', 'pthread_join it in destroy',
                     arguments=('--only', 'contract/create'))

    def test_leaves_a_thread_as_create_fails(self):
        self.explain(broken('outlives-create'), 'a thread of the plugin is still running when create has failed',
                     arguments=('--only', 'contract/create'))

    def test_calls_the_host_on_a_wrong_thread(self):
        self.explain(broken('wrong-thread'), "host->client_identity was called on a thread of the plugin's own",
                     'only hooks may call', arguments=('--only', 'contract/messages'))

    def test_forgets_a_deferral(self):
        self.explain(broken('forgets-deferral'), 'what on_message deferred was forgotten', 'call host->complete with it',
                     arguments=('--only', 'contract/messages'))

    def test_forgets_to_open(self):
        self.explain(broken('forgets-to-open'), 'what on_open deferred was forgotten', 'call host->complete with it',
                     arguments=('--only', 'contract/lifecycle'))

    def test_messages_wait_for_what_on_open_defers(self):
        with temporary_folder() as folder:
            scenario = os.path.join(folder, 'early.yaml')
            with open(scenario, 'w') as file:
                file.write('steps:\n  - connect: {query: {a: hold}}\n  - send: {text: x}\n')
            self.explain(os.path.join(BUILD, 'tests/plugins/opener.so'), 'waits for what on_open has deferred',
                         'await it first', arguments=(scenario, '--only', 'scenario/*'))

    def test_defers_and_decides(self):
        self.explain(broken('defers-and-decides'), 'on_message called host->defer and then returned 0 (SL_CONTINUE)',
                     'return what host->defer returned', arguments=('--only', 'contract/messages'))

    def test_completes_with_what_is_refused(self):
        self.explain(broken('bad-identity'), 'what on_connect deferred stays undecided',
                     'its identity is not 1 to 255 bytes of UTF-8', arguments=('--only', 'contract/lifecycle'))

    @unittest.skipIf(sanitized(), 'the sanitizer explains it itself')
    def test_writes_to_a_message(self):
        self.explain(broken('writes-message'), "on_message wrote to the message's data", 'host->message_replace',
                     arguments=('--only', 'contract/messages'))

    def test_shares_globals_between_instances(self):
        self.explain(broken('shares-globals'),
                     'behaves differently when the plugin is in a pipeline twice',
                     'not in globals')

    @unittest.skipIf(sanitized(), 'the sanitizer explains it itself')
    def test_ignores_a_failed_allocation(self):
        self.explain(broken('ignores-no-memory'), 'create crashed with SIGSEGV',
                     'the 1. allocation through the host fails')

    def test_writes_behind_its_state(self):
        self.explain(broken('writes-too-far'),
                     'on_open wrote past the end of the client state (8 bytes)', 'client_size')

    def test_defers_without_defer(self):
        self.explain(broken('defers-nothing'), 'returned SL_DEFER without host->defer')

    def test_fails_silently(self):
        self.explain(broken('fails-silently'), 'create failed without saying why')

    def test_leaks_as_it_takes_over(self):
        self.explain(broken('leaks-at-handover'), 'contract/taking-over', 'after an on_handover, and both destroys, 1 allocations')

    def test_exits(self):
        self.explain(broken('exits'), 'a plugin must never exit')

    def test_keeps_a_client(self):
        self.explain(broken('keeps-client'), 'was given a client that is gone')

    def test_reads_past_the_end(self):
        self.explain(broken('not-terminated'), "past the end of the message's data",
                     'not zero-terminated')

    def test_says_once_that_there_is_no_instance(self):
        status, output, error = test_plugin(broken('outlives-create'), '--set', 'colour=red', '--format', 'tap')
        self.assertEqual(status, 1, error)
        self.assertEqual(output.count('not ok'), 1, output)
        self.assertEqual(output.count('has no option "colour"'), 1, output)
        self.assertIn('contract/leaks # SKIP there is no instance, see contract/create', output)

    def test_says_once_that_a_thread_is_left(self):
        status, output, error = test_plugin(broken('outlives-destroy'), '--format', 'tap')
        self.assertEqual((status, output.count('not ok'), output.count('still running')), (1, 1, 1), output + error)

    def test_says_once_that_a_file_cannot_be_loaded(self):
        status, output, error = test_plugin(os.path.join(BUILD, 'tests/plugins/other-major.so'), '--format', 'tap')
        self.assertEqual((status, output.count('not ok')), (1, 1), output + error)
        self.assertIn('contract/create # SKIP the plugin cannot be loaded, see contract/abi', output)

    def test_leaks_at_messages_of_the_scenario(self):
        with temporary_folder() as folder:
            scenario = os.path.join(folder, 'remember.yaml')
            with open(scenario, 'w') as file:
                file.write('steps:\n  - connect: {}\n  - send: {text: remember}\n')
            self.explain(broken('leaks-when-asked'), 'each client leaves 1 allocations of host->allocate behind',
                         '1 allocations of host->allocate were still there',
                         arguments=(scenario, '--only', 'contract/leaks', '--only', 'scenario/*'))

    def test_forgets_a_deferral_at_the_end_of_a_scenario(self):
        with temporary_folder() as folder:
            scenario = os.path.join(folder, 'wait.yaml')
            with open(scenario, 'w') as file:
                file.write('steps:\n  - connect: {}\n  - send: {text: x, expect: defer}\n')
            self.explain(broken('forgets-deferral'), 'what on_message deferred was forgotten',
                         'the end of the scenario', arguments=(scenario, '--only', 'scenario/*'))


class GoodPlugins(unittest.TestCase):
    def test_contract_checks_have_the_files_of_the_scenario(self):
        scenario = os.path.join(ROOT, 'plugins/validate/tests/schema.yaml')
        status, output, error = test_plugin(os.path.join(BUILD, 'plugins/validate.so'), scenario,
                                            '--only', 'contract/create', '--only', 'contract/empty-message')
        self.assertEqual((status, 'SKIP' in output), (0, False), output + error)

    def test_test_plugins(self):
        # An option of asked does what a hook may not do.
        for name, *arguments in (('later',), ('asked', '--skip', 'contract/options'), ('v1/version',)):
            with self.subTest(plugin=name):
                status, output, error = test_plugin(
                    os.path.join(BUILD, f'tests/plugins/{name}.so'), *arguments)
                self.assertEqual(status, 0, output + error)


class Scenarios(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()
        self.addCleanup(self.folder.cleanup)
        self.plugin = os.path.join(BUILD, 'tests/plugins/later.so')

    def run_scenario(self, text):
        file = os.path.join(self.folder.name, 'my.yaml')
        with open(file, 'w') as out:
            out.write(text)
        return test_plugin(self.plugin, file, '--only', 'scenario/*', '--format', 'tap')

    def passes(self, text):
        status, output, error = self.run_scenario(text)
        self.assertEqual(status, 0, output + error)

    def fails(self, text, *sentences):
        status, output, _ = self.run_scenario(text)
        self.assertEqual(status, 1, output)
        for sentence in sentences:
            self.assertIn(sentence, output)

    def test_a_mode_is_what_the_instance_is_told(self):
        self.plugin = os.path.join(BUILD, 'tests/plugins/asked.so')
        for mode in ('serve', 'shadow', 'check', 'replay', 'test'):
            self.passes(f"""
name: mode
mode: {mode}
steps:
  - expect_log: {{contains: "mode in create: {mode}"}}
  - connect: {{client: ada}}
  - send: {{client: ada, text: mode, expect: {{verdict: continue, unchanged: true}}}}
  - expect_log: {{contains: "mode in on_message: {mode}"}}
  - advance: 20ms
  - expect_log: {{contains: "mode in on_timer: {mode}"}}
""")
        self.fails('mode: production', 'mode: serve, shadow, check, replay or test')

    def test_other_plugins_subscribe_and_publish(self):
        self.plugin = os.path.join(BUILD, 'tests/plugins/asked.so')
        self.passes("""
name: topics
options: {stamp: "!"}
steps:
  - connect: {}
  - subscribe: {topic: news, expect: continue}
  - subscribe: {topic: north, expect: deny}
  - publish: {topic: news, text: hello, expect: {verdict: continue, text: "hello!"}}
  - publish: {topic: news, text: nothing, expect: deny}
  - publish: {client: null, topic: news, text: hello, expect: {text: "hello!"}}
  - expect_subscribed: {topic: news}
  - expect_not_subscribed: {topic: north}
""")
        self.fails('steps: [{connect: {}}, {expect_subscribed: {topic: north}}]', "the client is not subscribed to 'north'")
        self.fails('steps: [{connect: {}}, {publish: {topic: "", text: x}}]', 'publish needs a topic')
        self.fails('steps: [{connect: {}}, {subscribe: {topic: north, expect: continue}}]',
                   "verdict: expected 'continue', found 'deny'")
        self.fails('steps: [{connect: {}}, {subscribe: {}}]', 'subscribe needs a topic')

    def test_everything_that_happens_later(self):
        self.passes("""
name: later
options: {tag: mine}
steps:
  - connect: {client: ada, query: {name: ada}, expect: {verdict: continue, identity: ada}}
  - connect: {client: bob, query: {defer: deny}, expect: defer}
  - await: {client: bob, expect: {verdict: deny, status: 401, reason: as ordered}}
  - connect: {client: bob, address: 10.0.0.7, query: {defer: continue, name: bob}, expect: defer}
  - await: {client: bob, expect: {identity: bob}}
  - send: {client: ada, text: say hi, expect: {verdict: continue, unchanged: true, type: text}}
  - send: {client: ada, text: get tag, expect: handled}
  - expect_sent: {client: ada, text: mine}
  - send: {client: ada, text: defer continue other words, expect: defer}
  - await: {client: ada, expect: {verdict: continue, text: other words}}
  - send: {client: ada, text: defer never, expect: defer}
  - advance: 3s
  - await: {client: ada, expect: error}
  - send: {client: ada, text: timer 500, expect: handled}
  - expect_nothing_sent: {client: ada}
  - advance: 499ms
  - expect_nothing_sent: {client: ada}
  - advance: 1ms
  - expect_sent: {client: ada, text: tick}
  - send: {client: ada, text: topic news, expect: {topic: news}}
  - send: {client: ada, text: publish news hello, expect: handled}
  - expect_publish: {topic: news, text: hello}
  - reload: {options: {tag: yours}}
  - send: {client: bob, text: get tag}
  - expect_sent: {client: bob, contains: yours}
  - reload: {options: {refuse: true}, expect_error: told to refuse}
  - expect_metric: {name: commands_total, value: 8}
  - disconnect: {client: bob, code: 1001}
""")

    def test_a_deferred_message_is_compared_with_what_was_sent(self):
        self.passes("""
steps:
  - connect: {client: ada}
  - connect: {client: bob}
  - send: {client: ada, text: defer continue other words, expect: defer}
  - send: {client: bob, text: defer continue, expect: defer}
  - await: {client: ada, expect: {verdict: continue, unchanged: false}}
  - await: {client: bob, expect: {verdict: continue, unchanged: true, text: defer continue}}
""")

    def test_json_may_be_yaml(self):
        self.passes("""
steps:
  - connect: {}
  - send: {json: {say: [1, true, null, "2"]}, expect: {json: {say: [1, true, null, "2"]}, text: '{"say":[1,true,null,"2"]}'}}
  - send: {json: '{"a": 1}', expect: {text: '{"a": 1}', json: {a: 1}}}
""")
        self.fails('steps:\n  - connect: {}\n  - send: {text: \'{"a":1}\', expect: {json: {a: 2}}}\n',
                   'json: expected {"a":2}, found {"a":1}')

    def test_a_day_may_pass_while_timers_fire(self):
        self.passes("""
steps:
  - connect: {}
  - send: {text: timer 500, expect: handled}
  - advance: 24h
  - expect_sent: {text: tick}
""")

    def test_disconnect_while_deferred(self):
        self.passes("""
steps:
  - connect: {}
  - send: {text: defer continue, expect: defer}
  - disconnect: {}
  - run_offloaded: {}
  - connect: {}
  - send: {text: get cancelled, expect: handled}
  - expect_sent: {text: 1 0}
""")

    def test_errors_have_positions(self):
        self.fails('steps:\n  - connect: {}\n  - send: {text: say x, expect: drop}\n',
                   "my.yaml:3:33: verdict: expected 'drop', found 'continue'")
        self.fails('steps:\n  - conect: {}\n',
                   "unknown key 'conect'; did you mean 'connect'?", 'my.yaml:2:')
        self.fails('stepz: []\n', "unknown key 'stepz'; did you mean 'steps'?")
        self.fails('options: {tga: x}\n', 'create failed', "did you mean \"tag\"")
        self.fails('steps:\n  - send: {text: x}\n', "there is no client 'client' here")
        self.fails('steps: [\n', 'my.yaml:')

    def test_create_may_have_to_fail(self):
        self.passes('options: {refuse: true}\ncreate: {expect_error: told to refuse}\n')
        self.fails('create: {expect_error: something}\n', 'expected to fail, but it succeeded')

    def test_formats_and_exit_status(self):
        status, output, _ = test_plugin(self.plugin, '--only', 'contract/abi', '--format', 'junit')
        root = xml.etree.ElementTree.fromstring(output)
        self.assertEqual((status, root.get('tests'), root.get('failures')), (0, '1', '0'))
        status, output, _ = test_plugin(self.plugin, '--only', 'contract/abi', '--format', 'tap')
        self.assertEqual((status, output), (0, 'TAP version 14\n1..1\nok 1 - contract/abi\n'))
        status, output, _ = test_plugin(self.plugin, '--skip', '*', '--format', 'text')
        self.assertIn('0 passed, 0 failed', output)
        self.assertEqual(test_plugin()[0], 2)
        self.assertEqual(test_plugin('/nowhere.so')[0], 2)
        self.assertEqual(test_plugin(self.plugin, '--format', 'html')[0], 2)


if __name__ == '__main__':
    unittest.main()
