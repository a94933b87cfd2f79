"""YAML as Sluice and editors read it: the core schema of YAML 1.2, in which `off` and `0600` are no surprise."""

import re

import yaml


class Loader(yaml.SafeLoader):
    """PyYAML's, which reads YAML 1.1, with the rules of 1.2 for what stands without quotes."""
    yaml_implicit_resolvers = {}


def integer(loader, node):
    text = node.value
    return int(text, 0) if text[:2] in ('0x', '0o') else int(text)


for tag, pattern, first in (('null', r'~|null|Null|NULL|', ['~', 'n', 'N', '']),
                            ('bool', r'true|True|TRUE|false|False|FALSE', list('tTfF')),
                            ('int', r'[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+', list('-+0123456789')),
                            ('float', r'[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?', list('-+.0123456789'))):
    Loader.add_implicit_resolver(f'tag:yaml.org,2002:{tag}', re.compile(f'^(?:{pattern})$'), first)
Loader.add_constructor('tag:yaml.org,2002:int', integer)


def load(text):
    return yaml.load(text, Loader)
