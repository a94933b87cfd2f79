"""Who may come in: origin and address-filter in a running server."""

import asyncio
import http.server
import os
import threading
import unittest

from harness import (RawClient, Refused, ServedTest, Sluice, UpgradeRefused, connect, endpoint, patience,
                     refused_status, run_node, run_sluice, settings, stage, temporary_folder, visit)

PREFIXES = 100_000


def refusal(server, path, **how):
    """The status and the headers with which an upgrade is refused."""
    try:
        RawClient(server, path, **how)
    except Refused as refused:
        return refused.status, refused.headers
    raise AssertionError(f'{path} let {how} in')


class Origin(ServedTest):
    configuration = settings(
        endpoint('/pages', [stage('origin', allow=['https://*.example.com', 'https://example.org',
                                                   'http://[2001:db8::1]:8080'])]),
        endpoint('/apps', [stage('origin', allow=['https://example.org'], null='allow',
                                 absent='allow')]))

    def lets_in(self, path, *origins):
        for origin in origins:
            headers = [('Origin', origin)] if origin is not None else []
            with self.subTest(origin=origin), RawClient(self.server, path, headers=headers) as client:
                self.assertEqual(client.close(), 1000)

    def refuses(self, path, *origins, status=403):
        for origin in origins:
            headers = [('Origin', origin)] if origin is not None else []
            with self.subTest(origin=origin):
                self.assertEqual(refusal(self.server, path, headers=headers)[0], status)

    def test_what_is_listed(self):
        self.lets_in('/pages', 'https://a.example.com', 'HTTPS://A.EXAMPLE.COM:443',
                     'https://example.org', 'http://[2001:DB8:0:0::1]:8080')

    def test_what_only_looks_like_it(self):
        self.refuses('/pages', 'https://example.com', 'https://a.b.example.com',
                     'https://a.example.com.evil.test', 'https://evilexample.org',
                     'https://example.org.evil.test', 'https://example.org@evil.test',
                     'https://evil.test/https://example.org', 'https://evil.test#example.org',
                     'https://example.org:444', 'http://example.org', 'https://example.org.',
                     'https://example.org https://evil.test', 'https://example.org,https://evil.test',
                     'https://*.example.com', 'https://%65xample.org', 'https://example.org\x80',
                     'null', '', None)

    def test_null_and_absent_if_they_are_allowed(self):
        self.lets_in('/apps', 'null', None, 'https://example.org')
        self.refuses('/apps', '', 'Null', 'https://other.test')

    def test_a_second_origin_cannot_hide_behind_the_first(self):
        for order in (1, -1):
            headers = [('Origin', 'https://example.org'), ('Origin', 'https://evil.test')][::order]
            self.assertEqual(refusal(self.server, '/pages', headers=headers)[0], 400)
            self.assertEqual(refusal(self.server, '/apps', headers=headers)[0], 400)

    def test_node_and_python(self):
        self.assertEqual(visit(self.server.url + '/pages', origin='https://a.example.com', messages=0),
                         {'messages': [], 'close': [1000, '']})
        self.assertEqual(visit(self.server.url + '/pages', origin='https://evil.test'),
                         {'status': 403, 'retryAfter': None})

        async def client():
            async with connect(self.server.url + '/pages', origin='https://a.example.com'):
                pass
            with self.assertRaises(UpgradeRefused) as caught:
                async with connect(self.server.url + '/pages'):
                    pass
            self.assertEqual(refused_status(caught.exception), 403)
        asyncio.run(asyncio.wait_for(client(), patience(20)))

    def test_refusals_are_counted_by_why(self):
        def count(why):
            return self.server.metric(f'sluice_plugin_origin_refused_{why}_total', endpoint='/pages')
        before = {why: count(why) for why in ('foreign', 'null', 'absent', 'malformed')}
        self.refuses('/pages', 'https://evil.test', 'null', None, 'https://evil.test/', 'evil')
        self.assertEqual({why: count(why) - before[why] for why in before},
                         {'foreign': 1, 'null': 1, 'absent': 1, 'malformed': 2})


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'<!doctype html><title>a page</title><body></body>'
        self.send_response(200)
        self.send_header('Content-Type', 'text/html')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class OriginInABrowser(unittest.TestCase):
    """A browser says itself whose page it shows: nobody has to be believed."""

    def test_pages_of_two_origins_and_a_sandboxed_one(self):
        with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Page) as pages:
            threading.Thread(target=pages.serve_forever, daemon=True).start()
            port = pages.server_address[1]
            configuration = settings(
                endpoint('/ours', [stage('origin', allow=[f'http://localhost:{port}'])]),
                endpoint('/null', [stage('origin', null='allow')]))
            with Sluice(configuration) as server:
                urls = [server.url + '/ours', server.url + '/null']
                ours = run_node('browser.mjs', 'visit', f'http://localhost:{port}/', *urls, seconds=60)
                other = run_node('browser.mjs', 'visit', f'http://127.0.0.1:{port}/', *urls, seconds=60)
            pages.shutdown()
        self.assertEqual(ours, {'page': ['open', 1006], 'sandboxed': [1006, 'open']})
        self.assertEqual(other, {'page': [1006, 1006], 'sandboxed': [1006, 'open']})


class Address(ServedTest):
    configuration = settings(
        endpoint('/here', [stage('address-filter', allow=['127.0.0.0/8'], deny=['127.0.0.9'])]),
        endpoint('/deny', [stage('address-filter', deny=['127.0.0.0/8'])]),
        endpoint('/elsewhere', [stage('address-filter', allow=['192.0.2.0/24'])]))

    def test_the_longest_prefix_decides(self):
        with RawClient(self.server, '/here') as client:
            self.assertEqual(client.close(), 1000)
        self.assertEqual(refusal(self.server, '/here', source='127.0.0.9')[0], 403)
        self.assertEqual(refusal(self.server, '/elsewhere')[0], 403)
        self.assertEqual(refusal(self.server, '/deny')[0], 403)

    def test_nobody_is_believed_where_they_come_from(self):
        for name in ('X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'X-Client-IP', 'True-Client-IP'):
            value = 'for=192.0.2.7' if name == 'Forwarded' else '192.0.2.7'
            self.assertEqual(refusal(self.server, '/elsewhere', headers=[(name, value)])[0], 403)

    def test_node(self):
        self.assertEqual(visit(self.server.url + '/elsewhere'), {'status': 403, 'retryAfter': None})
        self.assertEqual(visit(self.server.url + '/here', send=['hi'], messages=1),
                         {'messages': ['hi'], 'close': [1000, '']})


class AddressFiles(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()
        self.addCleanup(self.folder.cleanup)
        self.file = os.path.join(self.folder.name, 'blocked')

    def put(self, text):
        """As another program should: a new file in place of the old one."""
        with open(self.file + '.new', 'w') as out:
            out.write(text)
        os.chmod(self.file + '.new', 0o600)
        os.rename(self.file + '.new', self.file)

    def settings(self, **options):
        return settings(endpoint('/ws', [
            stage('address-filter', deny_file=self.file, reread='50ms', **options)]))

    def test_a_changed_file_counts_and_a_broken_one_does_not(self):
        self.put('127.0.0.9\n')
        with Sluice(self.settings()) as server, RawClient(server, source='127.0.0.10') as client:
            self.assertEqual(refusal(server, '/ws', source='127.0.0.9')[0], 403)
            self.put('# nobody but these\n127.0.0.10\n127.0.0.11\n')
            server.wait_for_metric(2, 'sluice_plugin_address_filter_prefixes')
            self.assertEqual(refusal(server, '/ws', source='127.0.0.10')[0], 403)
            with RawClient(server, source='127.0.0.9') as other:
                self.assertEqual(other.close(), 1000)
            self.put('127.0.0.9\nnonsense\n')
            server.wait_for_metric(1, 'sluice_plugin_address_filter_reread_errors_total')
            server.wait_for_log('blocked:2: ')
            self.assertEqual(refusal(server, '/ws', source='127.0.0.11')[0], 403)
            os.unlink(self.file)
            server.wait_for_metric(2, 'sluice_plugin_address_filter_reread_errors_total')
            self.assertEqual(refusal(server, '/ws', source='127.0.0.11')[0], 403)
            client.text('who is in stays in')
            self.assertEqual(client.read_text(), 'who is in stays in')

    def test_a_hundred_thousand_prefixes(self):
        self.put(''.join(f'{1 + i // 32768}.{i // 128 % 256}.{i % 128 * 2}.0/24\n'
                         for i in range(PREFIXES)) + '127.0.0.9\n')
        with Sluice(self.settings()) as server:
            self.assertEqual(server.metric('sluice_plugin_address_filter_prefixes'), PREFIXES + 1)
            self.assertEqual(refusal(server, '/ws', source='127.0.0.9')[0], 403)
            with RawClient(server) as client:
                self.assertEqual(client.close(), 1000)

    def test_a_reload_with_a_broken_file_changes_nothing(self):
        self.put('127.0.0.9\n')
        with Sluice(self.settings()) as server, RawClient(server) as client:
            self.put('127.0.0.9/33\n')
            server.write(self.settings(max_prefixes=5))
            status, _, error = run_sluice('reload', '--admin', '%s:%d' % server.admin_address)
            self.assertEqual(status, 1)
            self.assertIn('blocked:1: ', error)
            self.assertEqual(refusal(server, '/ws', source='127.0.0.9')[0], 403)
            self.put('127.0.0.8\n')
            server.reload(self.settings(max_prefixes=5))
            self.assertEqual(refusal(server, '/ws', source='127.0.0.8')[0], 403)
            client.text('still here')
            self.assertEqual(client.read_text(), 'still here')
