// What Node's ws package sees of validate: prints one line of JSON. See test_validate.py.
import { once } from 'node:events';
import WebSocket from 'ws';

const base = process.argv[2];
const seen = {};

async function connect(path) {
    const client = new WebSocket(base + path);
    await once(client, 'open');
    return client;
}

async function next(client) {
    return (await once(client, 'message'))[0].toString();
}

const sender = await connect('/clean');
const reader = await connect('/clean');
const received = Promise.all([next(sender), next(reader)]);
sender.send(JSON.stringify({ body: '<b>"Tom"\u0007 & \'Ann\'</b>', nick: 'a\u202eb', n: 1 }));
seen.cleaned = (await received).map((text) => JSON.parse(text));

sender.send(JSON.stringify({ body: '<scr\u0000ipt>' }));
seen.denied = JSON.parse(await next(sender));

const typed = await connect('/typed');
typed.send('{"type":"move","x":11}');
seen.typed = JSON.parse(await next(typed));

const closed = await connect('/schema');
closed.send('{"n":11}');
const [code, reason] = await once(closed, 'close');
seen.close = [code, reason.toString()];

for (const client of [sender, reader, typed])
    client.close();
console.log(JSON.stringify(seen));
