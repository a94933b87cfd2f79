"""docs/security.md: every row of its tables names a test, and every test that it names is there."""

import os
import re
import unittest

from harness import INTEGRATION, ROOT

PAGE = os.path.join(ROOT, 'docs', 'security.md')
ROW = re.compile(r'^\|(.*)\|$', re.MULTILINE)
COLUMNS = 5
INTEGRATION_TEST = re.compile(r'`(test_\w+)\.(\w+)\.(test_\w+)`')
UNIT_TEST = re.compile(r'`((?:tests|plugins|plugin-sdk)/[\w./-]+\.(?:c|yaml)): ([^`]+)`')


def rows():
    """The cells of each row of the tables of attacks, without their heads."""
    with open(PAGE) as page:
        tables = page.read().partition('## What is tried, and what stops it')[2]
    cells = [[cell.strip() for cell in re.split(r'(?<!\\)\|', row)] for row in ROW.findall(tables)]
    return [row for row in cells if row[0] not in ('who and what', '---')]


def source(path):
    with open(path) as file:
        return file.read()


def is_integration_test(module, name, test):
    path = os.path.join(INTEGRATION, module + '.py')
    return os.path.exists(path) and re.search(rf'^class {name}\b', source(path), re.MULTILINE) \
        and re.search(rf'^    def {test}\(', source(path), re.MULTILINE)


class SecurityPage(unittest.TestCase):
    def test_no_row_is_there_twice(self):
        shown = [cells[-1] for cells in rows()]
        self.assertEqual([tests for tests in shown if shown.count(tests) > 1], [])

    def test_each_row_names_tests_that_exist(self):
        self.assertGreater(len(rows()), 20)
        for cells in rows():
            with self.subTest(cells[0]):
                self.assertEqual(len(cells), COLUMNS)
                shown = cells[-1]
                tests = INTEGRATION_TEST.findall(shown)
                units = UNIT_TEST.findall(shown)
                self.assertTrue(tests or units, 'this row names no test')
                self.assertEqual(len(tests) + len(units), shown.count('`') // 2, shown)
                for test in tests:
                    self.assertTrue(is_integration_test(*test), f'there is no {".".join(test)}')
                for path, name in units:
                    self.assertIn(name, source(os.path.join(ROOT, path)), path)
