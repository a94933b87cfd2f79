"""An installation: what `cmake --install` lays out is enough to serve and to build a plugin with."""

import os
import re
import shutil
import unittest

from harness import ROOT, InstalledTest, run, sanitized

CONFIGURATION = '''\
listen: [{address: "127.0.0.1:0"}]
plugins: {path: ["%s"]}
endpoints: [{path: /ws, pipeline: [{plugin: echo}]}]
'''

# A plugin with a symbol that g++ makes unique in the process, unless the flags of plugins keep it inside.
UNIQUE = '''\
#include <sluice/plugin.h>
struct shared { static inline int count; };
static sl_verdict on_message(sl_instance *, sl_client *, const sl_message *)
{
    return ++shared::count > 0 ? SL_CONTINUE : SL_DROP;
}
SL_EXPORT const sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER, .name = "unique", .version = "1", .summary = "Counts", .license = "MIT",
    .on_message = on_message,
};
'''

LINK = re.compile(r'\]\(([^)\s]+)\)')


def pages(folder):
    """The pages below a folder, links between folders followed, without their blocks of code."""
    for path, _, names in os.walk(folder, followlinks=True):
        for name in names:
            if name.endswith('.md'):
                with open(os.path.join(path, name), encoding='utf-8') as file:
                    yield os.path.join(path, name), re.sub(r'(?ms)^ *```.*?^ *```', '', file.read())


def anchors(page):
    """What a page's headings are called in links."""
    titles = [re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', title) for title in re.findall(r'(?m)^#+ +(.+?) *$', page)]
    return {re.sub(r'[^\w\- ]', '', title.lower()).replace(' ', '-') for title in titles}


@unittest.skipIf(sanitized(), 'the same files as without a sanitizer')
class Install(InstalledTest):
    def sluice(self, *arguments):
        return run(self.installed('bin', 'sluice'), *arguments, cwd=self.folder).stdout

    def build_outside_the_tree(self):
        """Builds the installed echo example against the prefix only; returns the folder of the plugin."""
        project = os.path.join(self.folder, 'mine')
        shutil.copytree(self.installed('share', 'doc', 'sluice-dev', 'examples', 'echo'), project)
        build = os.path.join(project, 'build')
        run('cmake', '-S', project, '-B', build, f'-DCMAKE_PREFIX_PATH={self.prefix}')
        run('cmake', '--build', build)
        return os.path.join(build, 'plugins')

    def test_finds_its_own_configuration_and_plugins(self):
        said = self.sluice('check')
        self.assertIn(self.installed('etc', 'sluice', 'sluice.yaml'), said)
        self.assertIn('rate-limit -> validate -> broadcast', said)

    def test_completions_are_where_shells_look(self):
        for shell, where in (('bash', ('bash-completion', 'completions', 'sluice')),
                             ('zsh', ('zsh', 'site-functions', '_sluice')),
                             ('fish', ('fish', 'vendor_completions.d', 'sluice.fish'))):
            with open(self.installed('share', *where), encoding='utf-8') as file:
                self.assertEqual(file.read(), self.sluice('completion', shell))

    def test_the_schema_for_editors_has_the_plugins_that_ship(self):
        with open(self.installed('share', 'sluice', 'sluice.schema.json'), encoding='utf-8') as file:
            self.assertEqual(file.read(), self.sluice('schema'))

    def test_each_command_has_a_man_page_that_renders(self):
        listed = re.findall(r'(?m)^  ([a-z][a-z-]*) .*', self.sluice('help').partition('Options:')[0])
        self.assertGreater(len(listed), 15)
        for name in listed:
            with self.subTest(name):
                page = self.installed('share', 'man', 'man1', f'sluice-{name}.1')
                shown = run('man', '--warnings=w', '-l', page, cwd=self.folder, env={**os.environ, 'LC_ALL': 'C.UTF-8'})
                self.assertEqual(shown.stderr, '')
                self.assertIn(f'sluice-{name} - ', ' '.join(re.sub('[\u2010-\u2212]', '-', shown.stdout).split()))

    def test_every_plugin_that_ships_is_installed(self):
        said = self.sluice('plugins')
        for name in os.listdir(os.path.join(ROOT, 'plugins')):
            if os.path.isdir(os.path.join(ROOT, 'plugins', name)):
                self.assertRegex(said, rf'(?m)^{name} ')

    def test_cmake_package_builds_a_plugin(self):
        plugins = self.build_outside_the_tree()
        with open(os.path.join(self.folder, 'mine.yaml'), 'w', encoding='utf-8') as file:
            file.write(CONFIGURATION % plugins)
        self.assertIn('/ws: echo -> broadcast', self.sluice('check', '-c', 'mine.yaml'))

    def test_links_between_pages_lead_somewhere(self):
        texts = dict(pages(self.installed('share', 'doc')))
        self.assertGreater(len(texts), 20)
        lost = []
        for path, page in texts.items():
            for link in LINK.findall(page):
                file, _, anchor = link.partition('#')
                target = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
                if '://' not in link and (not os.path.exists(target) or
                                          (anchor and target in texts and anchor not in anchors(texts[target]))):
                    lost.append(f'{os.path.relpath(path, self.prefix)}: {link}')
        self.assertEqual(lost, [])

    def test_pkg_config_knows_the_header(self):
        environment = dict(os.environ, PKG_CONFIG_PATH=self.installed('share', 'pkgconfig'))
        flags = [flag for asked in ('--cflags', '--variable=plugin_cflags', '--variable=plugin_ldflags')
                 for flag in run('pkg-config', asked, 'sluice', env=environment).stdout.split()]
        source, built = os.path.join(self.folder, 'unique.cpp'), os.path.join(self.folder, 'unique.so')
        with open(source, 'w', encoding='utf-8') as file:
            file.write(UNIQUE)
        run('c++', '-std=c++20', *flags, source, '-o', built)
        exported = run('nm', '-D', '--defined-only', '--format=posix', built).stdout.splitlines()
        self.assertEqual([line.split()[0] for line in exported], ['sluice_plugin'])

    def test_service_unit_names_the_installed_binary(self):
        unit = self.installed('lib', 'systemd', 'system', 'sluice.service')
        with open(unit, encoding='utf-8') as file:
            self.assertIn(f'ExecStart={self.prefix}/bin/sluice serve\n', file.read())


if __name__ == '__main__':
    unittest.main()
