"""docs/security.md: every row of its tables names a test, and every test that it names exists."""

import re
import unittest

import named_tests
from tree import text

ROW = re.compile(r'^\|(.*)\|$', re.MULTILINE)
COLUMNS = 5


def rows():
    """The cells of each row of the tables of attacks, without their heads."""
    tables = text('docs/security.md').partition('## Attacks and defences')[2]
    cells = [[cell.strip() for cell in re.split(r'(?<!\\)\|', row)] for row in ROW.findall(tables)]
    return [row for row in cells if row[0] not in ('attack', '---')]


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
                self.assertTrue(named_tests.names(shown), 'this row names no test')
                self.assertEqual(len(named_tests.names(shown)), shown.count('`') // 2, shown)
                self.assertEqual(named_tests.missing(shown), [])


if __name__ == '__main__':
    unittest.main()
