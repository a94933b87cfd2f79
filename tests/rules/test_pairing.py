"""Each core/X/y.c has its unit test tests/unit/X/test_y.c, and each unit test has what it is named after."""

import unittest

from tree import expect_exactly, files

# Files without logic of their own, or with logic that a unit test cannot reach: what tests them instead.
TESTED_ELSEWHERE = {
    'core/main.c': 'a table of sub-commands; tests/integration/test_cli.py runs each',
    'core/front/civetweb_detach.c': 'compiled as a part of CivetWeb; tests/integration/test_upgrade.py',
    'core/workbench/checks.c': "a table of the contract's checks; tests/integration/test_runner.py runs each against a broken plugin",
    'core/workbench/checks_deferral.c': 'tests/integration/test_runner.py: broken plugins that complete twice, again and again',
    'core/workbench/checks_instances.c': 'tests/integration/test_runner.py: a broken plugin whose instances share globals',
    'core/workbench/checks_memory.c': 'tests/integration/test_runner.py: broken plugins that leak or do not look at allocations',
    'core/workbench/checks_messages.c': 'tests/integration/test_runner.py: broken plugins that read too far or keep what is borrowed',
    'core/workbench/checks_options.c': 'tests/integration/test_runner.py: broken plugins that read options wrongly',
    'core/workbench/checks_topics.c': 'tests/integration/test_runner_topics.py: a broken plugin with a mistake for each value of its option',
    'core/workbench/checks_events.c': 'tests/integration/test_runner_events.py: a broken plugin with a mistake for each value of its option',
    'core/config/yaml_json.c': 'tests/unit/cli/test_config_json.c and tests/unit/workbench/test_scenario_expect.c compare what it makes',
    'core/workbench/fake_await.c': 'tests/unit/workbench/test_fake_deferral.c awaits each kind of end',
    'core/workbench/scenario_messages.c': 'tests/unit/workbench/test_scenario_steps.c sends each kind',
    'core/workbench/fake_threads.c': 'tests/integration/test_runner.py: broken plugins whose thread outlives destroy, or create',
    'core/workbench/replay.c': 'the command around the runs; tests/integration/test_replay.py runs it',
    'core/workbench/replay_run.c': 'needs configurations and built plugins; tests/integration/test_replay.py',
    'core/workbench/test_plugin.c': 'the command around the checks; tests/integration/test_runner.py runs it',
    'core/workbench/check_client.c': 'a client of the checks; tests/integration/test_runner.py',
    'core/base/crash_text.c': 'what crash reports are written with; tests/unit/base/test_crash_report.c reads them',
    'core/http/http_library.c': 'the addresses of libcurl; tests/unit/http/test_http_transfers.c calls each, and has loading fail',
    'core/http/http_thread.c': 'the thread behind http_client.h; tests/unit/http/test_http_client.c',
    'core/pipeline/storage_file_header.c': 'tests/unit/pipeline/test_storage_file.c opens a file of each kind',
    'core/pipeline/storage_kept.c': 'tests/unit/pipeline/test_storage_writer.c loads and writes each table through it',
    'core/config/schema_free.c': 'tests/unit/config/test_schema.c frees what it has read; AddressSanitizer sees the rest',
    'core/cli/serve_loop.c': 'what the main thread of a whole server waits for; tests/integration/test_late_create.py',
    'core/cli/serve_reload_order.c': 'who asks a whole server for reloads; tests/integration/test_late_create.py',
    'core/hub/reload_awaited.c': 'tests/unit/hub/test_reload_instances.c awaits instances that begin, fail and never do',
    'core/hub/reload_prepare.c': 'tests/unit/hub/test_reload.c prepares each kind of change',
    'core/cli/check.c': 'calls what others check with; tests/integration/test_cli.py',
    'core/cli/plugins.c': 'prints what pipeline/plugin.c has loaded; tests/integration/test_cli.py',
    'core/cli/serve.c': 'starts and stops the parts of a whole server; tests/integration/test_lifecycle.py',
    'core/cli/serve_log.c': 'directs the log of a whole server; tests/integration/test_log_file.py',
    'core/connect/session.c': 'joins a connection, standard input and output; tests/integration/test_connect.py',
    'core/cli/serve_reload.c': 'reloads the parts of a whole server; tests/integration/test_reload_command.py',
}

# Unit tests of what is not in core/.
TESTS_OF_OTHERS = {
    'tests/unit/sdk/test_abi.c',   # plugin-sdk/include/sluice/plugin.h
    'tests/unit/sdk/test_file.c',  # plugin-sdk/include/sluice/file.h
}


def test_of(path):
    """tests/unit/X/test_y.c for core/X/y.c."""
    folder, _, name = path.removeprefix('core/').rpartition('/')
    return f'tests/unit/{folder}/test_{name}'


def sources_of(path):
    """core/X/y.c and core/X/y.h for tests/unit/X/test_y.c, and for test_y_part.c: a long test is one in parts."""
    base = path.replace('tests/unit/', 'core/', 1).replace('/test_', '/', 1).removesuffix('.c')
    folder, _, name = base.rpartition('/')
    words = name.split('_')
    names = ['_'.join(words[:count]) for count in range(1, len(words) + 1)]
    return {f'{folder}/{name}{ending}' for name in names for ending in ('.c', '.h')}


class Pairing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sources = set(files('core'))
        cls.tests = {path for path in files('tests/unit') if '/test_' in path}

    def test_each_file_has_its_unit_test(self):
        untested = {path for path in self.sources if path.endswith('.c') and test_of(path) not in self.tests}
        expect_exactly(self, untested, set(TESTED_ELSEWHERE), 'TESTED_ELSEWHERE')

    def test_each_unit_test_has_what_it_is_named_after(self):
        alone = {path for path in self.tests if not sources_of(path) & self.sources}
        expect_exactly(self, alone, TESTS_OF_OTHERS, 'TESTS_OF_OTHERS')

    def test_an_exception_says_why(self):
        for path, reason in TESTED_ELSEWHERE.items():
            self.assertGreater(len(reason.split()), 2, path)

    def test_names_mirror(self):
        self.assertEqual(test_of('core/ws/frame.c'), 'tests/unit/ws/test_frame.c')
        self.assertEqual(sources_of('tests/unit/ws/test_frame.c'), {'core/ws/frame.c', 'core/ws/frame.h'})
        self.assertEqual(sources_of('tests/unit/ws/test_frame_text.c'),
                         {'core/ws/frame.c', 'core/ws/frame.h', 'core/ws/frame_text.c', 'core/ws/frame_text.h'})


if __name__ == '__main__':
    unittest.main()
