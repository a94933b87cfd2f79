// The benchmark's Bun peer: Bun's own server, which is uWebSockets, with its publish and subscribe. /ws is one topic
// for all, /topic?topic=NAME one of many, /echo answers the sender only.
//
// usage: bun peer_bun.mjs [--compress] [CERTIFICATE KEY]
const words = process.argv.slice(2);
const compress = words[0] === '--compress';
const [certificate, key] = words.slice(compress ? 1 : 0);

function serve(scheme, tls) {
    const server = Bun.serve({
        hostname: '127.0.0.1',
        port: 0,
        tls,
        fetch(request, self) {
            const url = new URL(request.url);
            const topic = url.pathname === '/echo' ? null : url.searchParams.get('topic') ?? 'all';
            return self.upgrade(request, { data: { topic } }) ? undefined : new Response('', { status: 400 });
        },
        websocket: {
            perMessageDeflate: compress ? { compress: 'shared', decompress: 'shared' } : false,
            idleTimeout: 0,
            open(client) {
                if (client.data.topic !== null)
                    client.subscribe(client.data.topic);
            },
            message(client, message) {
                if (client.data.topic === null)
                    client.send(message, compress);
                else
                    server.publish(client.data.topic, message, compress);
            },
        },
    });
    console.log(`${scheme}://127.0.0.1:${server.port}`);
}

serve('ws');
if (certificate)
    serve('wss', { cert: Bun.file(certificate), key: Bun.file(key) });
