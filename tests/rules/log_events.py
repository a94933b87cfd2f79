"""The text of docs/log-events.md, made from core/base/event_table.h: python3 tests/rules/log_events.py > docs/log-events.md"""

import re

from tree import text

HEAD = '''# The log's events

Lines that programs read as well as people: each names what has happened, with fields that always mean the same. This page
is made from `core/base/event_table.h` by `tests/rules/log_events.py`, and a test compares them.

In JSON (`log.format: json`) an event has the members `time`, `level`, `module`, `message`, `event` (its name) and its fields; numbers are
numbers. In text the fields follow the message as `name=value`; a value with other characters than letters, digits and
`-._~:/@%+,;` is in double quotes, with `\\"` and `\\\\` inside. Control characters are escaped in both, so that
nothing that a peer sends can look like another line or field. A field without a value is left out. A value has 256
bytes at most and ends in `...` if it was longer; where a line would pass 4096 bytes its last fields are left out, and it ends in
a field `cut`.
'''

ACCESS = '''
## The access log

`log.access: refusals` writes `upgrade_refused`, and `all` also `client_closed`, at level `info`, whatever `log.level` says: one line a
connection. `log.sample: 1/100` takes every hundredth of them; which clients get a line is decided when they connect. The
events of level `debug` do not depend on it. While the access log is off and the level is not `debug`, nothing is kept of a
client for it; otherwise some 50 bytes and the request id.
'''

JSON = '''
## JSON means JSON

With `log.format: json` a server writes nothing else, from the first line on. What is wrong with a configuration is a `configuration_error`
with `file`, `line` and `column`, also at the start: the format is that of the file even where the rest of it is wrong, or of
`--set log.format=json`, which counts where the file is no YAML at all. (With `text` errors at the start are lines
`file:line:column: sentence`, and in the log their sentence begins so.) Wrong command lines are
answered in text, or with `sluice serve --json`, which sets `log.format=json` too, as JSON on standard output.

A crash is two lines, written at once by the thread that crashed. The first one is `crash` with `signal` (none: a plugin called `exit()`),
`fault` (the address), `plugin`, `version`, `hook`, `instance`, `endpoint`, `client` and `file`, where they apply (`file` may be one that was unloaded); the second one
`crash_backtrace` with a list of strings, `backtrace`. A value has 512 bytes at most, and a line 8192.
'''

FIELDS = '''
## Fields

| field | type | means |
| --- | --- | --- |
'''


def entries(table):
    """The arguments of each entry of a table, strings joined."""
    source = text('core/base/event_table.h').replace('\\\n', '\n')
    body = re.search(rf'(?ms)^#define {table}\(\w+\)(.*?)(?=^#|^/\*)', source).group(1)
    word = table[:-1].rpartition('_')[2]
    for entry in re.findall(rf'(?s)\b{word}\((.*?)\)(?=\s*(?:{word}\(|$))', body.strip()):
        upper, lower, third, rest = (part.strip() for part in entry.split(',', 3))
        strings = ''.join(re.findall(r'"([^"]*)"', rest))
        yield upper, lower, third, strings, re.findall(r'IN\((\w+)\)', rest)


def page():
    fields = list(entries('EVENT_FIELDS'))
    names = {upper: lower for upper, lower, *_ in fields}
    parts = [HEAD]
    for _, name, level, means, inside in entries('EVENTS'):
        listed = ', '.join(f'`{names[upper]}`' for upper in inside)
        parts.append(f'\n## `{name}`\n\n{means[0].upper()}{means[1:]}. Level `{level.lower()}`.\n\nFields: {listed}.\n')
    parts += [ACCESS, JSON, FIELDS]
    parts += [f'| `{name}` | {kind.lower()} | {means} |\n' for _, name, kind, means, _ in fields]
    return ''.join(parts)


if __name__ == '__main__':
    print(page(), end='')
