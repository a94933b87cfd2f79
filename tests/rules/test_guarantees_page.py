"""docs/guarantees.md: each row of its tables is a sentence, and names tests that exist."""

import re
import unittest

import named_tests
from tree import text

ROW = re.compile(r'^\|(.*)\|$', re.MULTILINE)


def rows():
    """(sentence, tests) of each row, without the heads of the tables."""
    cells = [[cell.strip() for cell in row.split('|')] for row in ROW.findall(text('docs/guarantees.md'))]
    return [row for row in cells if row[0] not in ('guaranteed', '---')]


class GuaranteesPage(unittest.TestCase):
    def test_each_row_is_a_sentence_and_names_tests_that_exist(self):
        self.assertGreater(len(rows()), 30)
        for cells in rows():
            with self.subTest(cells[0]):
                self.assertEqual(len(cells), 2)
                sentence, held = cells
                self.assertTrue(sentence.endswith('.'))
                self.assertTrue(named_tests.names(held), 'this row names no test')
                self.assertEqual(len(named_tests.names(held)), held.count('`') // 2, held)
                self.assertEqual(named_tests.missing(held), [])

    def test_the_pages_for_authors_lead_there(self):
        for page in ('README.md', 'docs/writing-a-plugin.md', 'docs/plugin-reference.md'):
            self.assertIn('guarantees.md', text(page), page)


if __name__ == '__main__':
    unittest.main()
