// An HTTP/2 service that names everybody after the token, and ends its session after each answer:
// clients that keep connections find this one closed. `node h2service.mjs CERTIFICATE KEY`; prints its
// port, then a line for each answer.
import fs from 'node:fs';
import http2 from 'node:http2';

const server = http2.createSecureServer({
  cert: fs.readFileSync(process.argv[2]), key: fs.readFileSync(process.argv[3])});
const answered = new WeakSet();
server.on('stream', (stream, headers) => {
  const session = stream.session;
  if (answered.has(session)) {
    session.destroy(); // Whoever asks again on the same connection gets no answer.
    return;
  }
  answered.add(session);
  console.log('answered');
  stream.respond({':status': 200});
  stream.end(JSON.stringify({identity: headers.authorization.replace('Bearer ', '')}));
});
server.on('sessionError', () => {});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit()).resume();
