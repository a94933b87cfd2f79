"""What sluice/plugin.h declares is there wherever it has to be: host functions in the server, in the fake host, in the
reference and in the test of the ABI; values of enums in the last two."""

import re
import unittest

from tree import files, text

HEADER = 'plugin-sdk/include/sluice/plugin.h'
REFERENCE = 'docs/plugin-reference.md'
ABI = 'tests/unit/sdk/test_abi.c'


def body(start):
    """The text between the braces that open behind `start`."""
    found = re.search(re.escape(start) + r' {\s(.*?)\s};', text(HEADER), re.DOTALL)
    return re.sub(r'/\*.*?\*/', '', found.group(1), flags=re.DOTALL)


def host_functions():
    return re.findall(r'\(\*(\w+)\)\(', re.sub(r'void \(\*(work|done|ready)\)', '', body('struct sl_host')))


def values(enum):
    return re.findall(r'\b(SL_\w+) =', body(f'enum {enum}'))


class PluginHeader(unittest.TestCase):
    def assert_has(self, path, names, form):
        self.assertEqual([name for name in names if form.format(name) not in text(path)], [], path)

    def test_host_functions_are_in_both_hosts(self):
        self.assertGreater(len(host_functions()), 50)
        for host in ('core/host/host', 'core/workbench/fake'):
            code = ''.join(text(path) for path in files('core') if path.startswith(host))
            set_ = set(re.findall(r'(?:\.|->)(\w+) = ', code))
            self.assertEqual([name for name in host_functions() if name not in set_], [], host)

    def test_host_functions_are_in_the_reference_and_in_the_test_of_the_abi(self):
        self.assert_has(REFERENCE, host_functions(), '`{}')
        self.assert_has(ABI, host_functions(), 'LAYOUT(sl_host, {},')

    def test_values_are_in_the_test_of_the_abi(self):
        for enum in re.findall(r'^enum (\w+) {', text(HEADER), re.MULTILINE):
            self.assertGreater(len(values(enum)), 0, enum)
            self.assert_has(ABI, [name for name in values(enum) if name != 'SL_GONE'], 'VALUE({},')

    def test_option_types_are_in_the_table_of_the_unit_tests(self):
        self.assert_has('tests/unit/config/option_rows.h', values('sl_option_type'), '{},')


if __name__ == '__main__':
    unittest.main()
