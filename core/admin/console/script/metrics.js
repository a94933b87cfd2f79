/* -- what /metrics says, and how it changes from one answer to the next -- */

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES = { '\\n': '\n', '\\"': '"', '\\\\': '\\' };
const HISTORY_SECONDS = 180;

function readLabels(text) {
    const labels = {};
    for (const [, name, value] of (text ?? '').matchAll(LABEL)) labels[name] = value.replace(/\\[n"\\]/g, (escape) => ESCAPES[escape]);
    return labels;
}

const readNumber = (text) => ({ '+Inf': Infinity, '-Inf': -Infinity }[text] ?? Number(text));

/* By name, the samples: their labels and value. */
function readMetrics(text) {
    const metrics = new Map();
    for (const line of text.split('\n')) {
        const found = line.startsWith('#') ? null : SAMPLE.exec(line);
        if (!found) continue;
        if (!metrics.has(found[1])) metrics.set(found[1], []);
        metrics.get(found[1]).push({ labels: readLabels(found[2]), value: readNumber(found[3]) });
    }
    return metrics;
}

const has = (sample, labels) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value);

/* Two answers of /metrics that follow each other. */
class Measured {
    constructor(text, time, before) {
        this.metrics = readMetrics(text);
        this.time = time;
        this.before = before && { metrics: before.metrics, time: before.time };
    }

    samples(name) { return this.metrics.get(name) ?? []; }

    /* The sum over all samples that have these labels; undefined if there are none. */
    value(name, labels = {}) { return this.#sum(this.metrics, name, labels); }

    #sum(metrics, name, labels) {
        const found = (metrics.get(name) ?? []).filter((sample) => has(sample, labels));
        return found.length > 0 ? found.reduce((sum, sample) => sum + sample.value, 0) : undefined;
    }

    /* What a counter grew by; it begins at 0 again when the server does. */
    growth(name, labels = {}) {
        if (!this.before) return undefined;
        const now = this.#sum(this.metrics, name, labels);
        const then = this.#sum(this.before.metrics, name, labels) ?? 0;
        return now === undefined ? undefined : now >= then ? now - then : now;
    }

    get seconds() { return this.before ? (this.time - this.before.time) / 1000 : 0; }

    /* Of a counter, a second. */
    rate(name, labels = {}) {
        const growth = this.growth(name, labels);
        return growth === undefined || this.seconds <= 0 ? undefined : growth / this.seconds;
    }

    /* The counts of a histogram's buckets: [{below, count}], not cumulative. With `isRecent` those since the answer before. */
    buckets(name, labels, isRecent = false) {
        const now = Measured.#cumulative(this.metrics, name, labels);
        const then = isRecent && this.before ? Measured.#cumulative(this.before.metrics, name, labels) : new Map();
        let below = 0;
        return [...now.keys()].sort((one, other) => one - other).map((bound) => {
            const until = now.get(bound) - (then.get(bound) ?? 0);
            const own = Math.max(0, until - below);
            below = until;
            return { below: bound, count: own };
        });
    }

    static #cumulative(metrics, name, labels) {
        const counts = new Map();
        for (const sample of metrics.get(`${name}_bucket`) ?? []) {
            if (!has(sample, labels)) continue;
            const bound = readNumber(sample.labels.le);
            counts.set(bound, (counts.get(bound) ?? 0) + sample.value);
        }
        return counts;
    }
}

/* The value that a share of a histogram is below, as far as its buckets tell. */
function quantile(buckets, share) {
    const total = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
    let seen = 0;
    let from = 0;
    for (const bucket of buckets) {
        if (total > 0 && bucket.count > 0 && seen + bucket.count >= share * total)
            return bucket.below === Infinity ? from : from + (bucket.below - from) * ((share * total - seen) / bucket.count);
        seen += bucket.count;
        from = bucket.below;
    }
    return undefined;
}

/* The last minutes of some numbers, by name. */
class History {
    #points = new Map();

    put(name, time, value) {
        const points = this.#points.get(name) ?? [];
        points.push({ time, value });
        while (points.length > 0 && time - points[0].time > HISTORY_SECONDS * 1000) points.shift();
        this.#points.set(name, points);
    }

    points(name) { return (this.#points.get(name) ?? []).filter((point) => isNumber(point.value)); }
}
