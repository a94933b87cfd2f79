"""Code and documentation use the words of the field: a listener's queue of accepted connections is the accept
queue, not a waiting room with guests."""

import re
import unittest

from tree import expect_exactly, files, text

WORDS = re.compile(r'(?<![a-z])(?:guests?|seats?|waiting[\s*_-]+rooms?|farewells?|entrances?|bygones?|'
                   r'(?<!on_)(?<!sl_)hand-?overs?|'
                   r'doomed|bur(?:y|ies|ied|ials?|ying))(?![a-z])', re.IGNORECASE)
FOLDERS = 'core', 'plugins', 'plugin-sdk', 'docs'
ENDINGS = '.c', '.h', '.cpp', '.rs', '.md', '.txt', '.cmake', '.in', '.yaml', '.1'

# on_handover and sl_handover are names of the contract with plugins.

# Files that have such words all the same. The table only shrinks.
NOT_YET = {
}


class Words(unittest.TestCase):
    def test_words_that_only_insiders_know_are_not_used(self):
        found = {}
        for path in files(*FOLDERS, endings=ENDINGS):
            word = WORDS.search(path) or WORDS.search(text(path))
            if word:
                found[path] = f'{path}: {word.group()}'
        expect_exactly(self, found, NOT_YET, 'NOT_YET')

    def test_finds_words_in_names_and_at_the_ends_of_lines(self):
        for line in ('struct guest *', 'waiting_room_poll', 'A waiting\n * room', 'Doomed', 'is_buried',
                     'handed to the seats.'):
            self.assertTrue(WORDS.search(line), line)
        for line in ('on_handover', 'struct sl_handover', 'shim_on_handover', 'suggest', 'seating', 'waiting for room', 'hand over', 'burst'):
            self.assertFalse(WORDS.search(line), line)


if __name__ == '__main__':
    unittest.main()
