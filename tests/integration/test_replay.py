"""serve --record, and replay: what was recorded goes through pipelines offline."""

import json
import os
import stat
import unittest

from harness import RawClient, Sluice, endpoint, run_sluice, settings, temporary_folder


class Replay(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()
        self.addCleanup(self.folder.cleanup)
        self.file = os.path.join(self.folder.name, 'traffic.jsonl')

    def record(self, *arguments):
        with Sluice(settings(endpoint('/ws', [{'plugin': 'later'}]), loops=2),
                    arguments=['--record', self.file, *arguments]) as server:
            headers = [('Authorization', 'Bearer geheim'), ('Cookie', 'a=geheim'), ('X-Kind', 'x')]
            with RawClient(server, query='?name=ada&token=geheim&room=1',
                           headers=headers) as client:
                for text in ('say one', 'say heck', 'get tag', 'say two'):
                    client.text(text)
                client.send_frame(2, b'\0\xff')
                self.assertEqual([client.read_text() for _ in range(4)],
                                 ['say one', 'say heck', 'untagged', 'say two'])
                client.read_frame()
                client.close()
            return server

    def config(self, name, *pipeline):
        file = os.path.join(self.folder.name, name)
        with open(file, 'w', encoding='utf-8') as out:
            json.dump(settings(endpoint('/ws', list(pipeline))), out)
        return file

    def test_recording_holds_no_credentials(self):
        self.record()
        with open(self.file, encoding='utf-8') as file:
            text = file.read()
        events = [json.loads(line) for line in text.splitlines()]
        self.assertNotIn('geheim', text)
        self.assertEqual([event['event'] for event in events],
                         ['open'] + ['message'] * 5 + ['close'])
        self.assertEqual((events[0]['identity'], events[0]['query']['room'],
                          events[0]['headers']['X-Kind'], events[5]['base64'], events[6]['code']),
                         ('ada', '1', 'x', 'AP8=', 1000))
        self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode), 0o600)

    def test_recording_is_bounded_and_writes_over_nothing(self):
        server = self.record('--record-limit', '700')
        self.assertLessEqual(os.path.getsize(self.file), 700)
        server.wait_for_log('ends here')
        status, _, error = run_sluice('serve', '-c', self.config('x.yaml'), '--record', self.file)
        self.assertEqual(status, 1)
        self.assertIn('it must be a new file', error)

    def test_verdicts_and_what_another_configuration_changes(self):
        self.record()
        now = self.config('now.yaml', {'plugin': 'later'})
        then = self.config('then.yaml', {'plugin': 'profanity', 'options': {'words': ['heck']}},
                           {'plugin': 'later'})
        status, output, error = run_sluice('replay', self.file, '-c', now)
        self.assertEqual((status, error), (0, ''))
        self.assertRegex(output, r'line 2, client \d+, /ws, 7 bytes: continue\n')
        self.assertRegex(output, r'line 4, client \d+, /ws, 7 bytes: handled by later\n')
        self.assertIn('3 continue, 0 drop, 2 handled', output)
        status, output, _ = run_sluice('replay', self.file, '-c', now, '--against', then)
        self.assertEqual(status, 1)
        self.assertRegex(output, r'- line 3, .*: continue\n\+ line 3, .*, changed to say \*\*\*\*\n')
        self.assertIn('1 decided differently', output)
        self.assertEqual(run_sluice('replay', self.file, '-c', now, '--against', now)[0], 0)

    def test_mistakes(self):
        self.record()
        bad = self.config('bad.yaml', {'plugin': 'nowhere'})
        status, _, error = run_sluice('replay', self.file, '-c', bad)
        self.assertEqual(status, 1)
        self.assertRegex(error, r"bad\.yaml:\d+:\d+: there is no plugin 'nowhere'")
        self.assertEqual(run_sluice('replay', self.file)[0], 2)
        status, _, error = run_sluice('replay', '/nowhere', '-c', bad)
        self.assertIn('No such file', error)


if __name__ == '__main__':
    unittest.main()
