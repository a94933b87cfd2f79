// Node's ws with permessage-deflate, for test_compression.py: sends messages of many sizes, compressed and in
// fragments, and expects each back.
import { once } from 'node:events';
import WebSocket from 'ws';

const options = [{}, { serverMaxWindowBits: 10, clientMaxWindowBits: 9 }, { serverNoContextTakeover: true, clientNoContextTakeover: true }];
const sizes = [1, 100, 300, 1024, 5000, 70000, 300000];
let messages = 0;
let extensions = '';

for (const option of options) {
    const client = new WebSocket(process.argv[2], { perMessageDeflate: { threshold: 0, ...option } });
    await once(client, 'open');
    extensions = client.extensions;
    for (const size of sizes) {
        const text = JSON.stringify({ size, filler: 'ünï '.repeat(size) }).slice(0, size);
        if (messages % 2 === 0) {
            client.send(text);
        } else {
            client.send(text.slice(0, size / 2), { fin: false });
            client.send(text.slice(size / 2));
        }
        const [data] = await once(client, 'message');
        if (data.toString() !== text) throw new Error(`${size} characters came back as ${data.length} bytes`);
        messages += 1;
    }
    client.close();
    await once(client, 'close');
}
console.log(`${extensions}: ${messages} messages`);
