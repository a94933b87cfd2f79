"""docs/configuration.md: its tables have each key of core/config/config_schema.c, with its default, bounds and choices."""

import re
import unittest

from tree import text as source

PAGE = 'docs/configuration.md'
SCHEMA = 'core/config/config_schema.c'
PLACES = {'The server': '', '`listen`': 'listen.', '`endpoints`': 'endpoints.', '`pipeline`': 'endpoints.pipeline.'}
UNITS = {'US': 'us', 'MS': 'ms', 'SECOND': 's', 'HOUR': 'h', 'KIB': 'KiB', 'MIB': 'MiB', 'GIB': 'GiB'}
MACROS = {'CLIENTS_MOST': '10000000', 'FRAGMENTS_MOST': '100000000', 'QUEUE_MESSAGES_MOST': '10000000',
          'ADMIN_LISTENERS_MAX': '4', 'ADMIN_TOKENS_MAX': '16',
          'BANS_MOST': '10000000', 'STORED_MOST': '1000000'}


def part(entry, pattern):
    found = re.search(pattern, entry)
    return found.group(1) if found else None


def bound(text):
    """`10 * MS` as the page writes it, but without commas in counts."""
    number, _, unit = MACROS.get(text, text).partition(' * ')
    if number in UNITS:
        number, unit = '1', number
    return f'`{number}{UNITS[unit]}`' if unit else number


def keys(table='config', prefix=''):
    """Each key of a table and of those below it, with the text of its entry."""
    code = source(SCHEMA)
    rows = part(code, rf'(?s)struct field {table}_fields\[\] = {{\n(.*?)\n}};')
    for entry in re.split(r'(?m)^    (?={\.key)', rows)[1:]:
        key = prefix + part(entry, r'\.key = "(\w+)"')
        below = part(entry, r'&(\w+)_schema')
        if 'UNSUPPORTED' not in entry and 'FIELD_SECTION' not in entry:
            yield key, entry
        if below:
            yield from keys(below, key + '.')


def documented():
    """The rows of the page's tables of keys, by key: the default, and all that is said."""
    found = {}
    for section in re.split(r'(?m)^##+ ', source(PAGE))[1:]:
        title, _, text = section.partition('\n')
        for row in re.findall(r'^\| (`[^|]*\|.*) \|$', text, re.MULTILINE) if title in PLACES else ():
            cells = row.split(' | ')
            found[PLACES[title] + cells[0].strip('`')] = cells[2], row
    return found


class ConfigurationPage(unittest.TestCase):
    def test_has_each_key_and_no_other(self):
        self.assertGreater(len(list(keys())), 50)
        self.assertEqual(sorted(key for key, _ in keys()), sorted(documented()))

    def test_each_key_has_a_summary_for_editors(self):
        missing = [key for key, entry in keys() if '.summary =' not in entry]
        self.assertEqual(missing, [], 'has no .summary in core/config/config_schema.c: one sentence, for sluice schema')

    def test_says_defaults_bounds_and_choices_as_in_the_code(self):
        for key, entry in keys():
            default, row = documented()[key]
            row = re.sub(r'(\d),(?=\d{3})', r'\1', row)
            with self.subTest(key):
                fallback = part(entry, r'\.fallback = "([^"]*)"')
                if fallback:
                    self.assertEqual(default.replace('"', ''), f'`{fallback}`')
                ends = part(entry, r'\.bounds = {(.*)}')
                if ends:
                    low, high = map(bound, ends.split(', '))
                    ranges = [f'{low} to {high}', f'at most {high}']
                    if '.zero_allowed' in entry:
                        ranges.append(f'0 to {high}')
                    self.assertRegex(row, rf'(?<![\w,])(?:{"|".join(ranges)})(?![\w,]\d)')
                if '.zero_allowed' in entry:
                    self.assertRegex(row, r'`0`|\b0 to ')
                table = part(entry, r'\.choices = (\w+)')
                choices = part(source(SCHEMA), rf'(?s) {table}\[\] = {{(.*?)NULL')
                for name, value in re.findall(r'{"([^"]+)", (\w+)', choices or ''):
                    self.assertTrue(name in row or value == 'CHOICE_UNSUPPORTED', name)


if __name__ == '__main__':
    unittest.main()
