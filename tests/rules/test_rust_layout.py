"""The crate of wrappers for Rust has the structs of sluice/plugin.h as they are: what its own test says about where a member
lies is what tests/unit/sdk/test_abi.c asserts of the header, and it says so of each member that the crate has."""

import re
import unittest

from tree import text

ABI = text('tests/unit/sdk/test_abi.c')
CRATE = text('plugin-sdk/rust/sluice/src/sys.rs')
TEST = text('plugin-sdk/rust/sluice/tests/layout.rs').replace('r#', '')


def members():
    """Each member of each struct in the crate."""
    for name, body in re.findall(r'(?ms)^pub struct (sl_\w+) {$(.*?)^}$', CRATE):
        for member in re.findall(r'(?m)^    pub (?:r#)?(\w+):', body):
            yield name, member


class RustLayout(unittest.TestCase):
    def test_says_of_each_member_what_the_header_is_tested_for(self):
        of_header = set(re.findall(r'(?m)^LAYOUT\((\w+), (\w+), (\d+), (\d+)\);', ABI))
        of_crate = re.findall(r'(?m)^    (sl_\w+), (\w+), (\d+), (\d+);', TEST)
        self.assertEqual([line for line in of_crate if line not in of_header], [])
        self.assertEqual(sorted(line[:2] for line in of_crate), sorted(members()))
        self.assertGreater(len(of_crate), 150)

    def test_says_of_each_constant_what_the_header_is_tested_for(self):
        of_header = set(re.findall(r'(?m)^VALUE\((\w+), (-?\d+)\);', ABI))
        of_crate = re.findall(r'(?m)^    (SL_\w+), (-?\d+);', TEST)
        self.assertEqual([line for line in of_crate if line not in of_header], [])
        constants = set(re.findall(r'(?m)^pub const (SL_\w+):', CRATE)) - {'SL_MAGIC', 'SL_ABI_MAJOR', 'SL_ABI_MINOR'}
        self.assertEqual({name for name, _ in of_crate}, constants)


if __name__ == '__main__':
    unittest.main()
