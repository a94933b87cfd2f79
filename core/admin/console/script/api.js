/* -- questions to the admin API, at paths below the page's own -- */

const PATIENCE = 15000; /* ms */
const TOKEN = 'sluice-token';

class Unauthorized extends Error {}

const session = {
    token: storage.get('sessionStorage', TOKEN),
    keep(token) {
        this.token = token;
        storage.set('sessionStorage', TOKEN, token);
    },
};

/* Returns {status, body}: JSON as what it means, everything else as text. Throws Unauthorized, or another error if the
 * server does not answer. */
async function ask(path, { method = 'GET', body } = {}) {
    const headers = {};
    if (session.token) headers.Authorization = `Bearer ${session.token}`;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body),
        cache: 'no-store', redirect: 'error', signal: AbortSignal.timeout(PATIENCE) });
    const isJson = (answer.headers.get('Content-Type') ?? '').startsWith('application/json');
    const content = isJson ? await answer.json() : await answer.text();
    if (answer.status === 401) throw new Unauthorized(content.detail ?? 'the token is not accepted');
    return { status: answer.status, body: content };
}

/* What went wrong, as a sentence. */
function complaint(answer) {
    return typeof answer.body === 'object' && answer.body !== null ? `${answer.body.error}: ${answer.body.detail}` : `HTTP status ${answer.status}`;
}

function query(fields) {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(fields)) if (value !== undefined && value !== '') search.set(name, value);
    const text = search.toString();
    return text === '' ? '' : `?${text}`;
}
