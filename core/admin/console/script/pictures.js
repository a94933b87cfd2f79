/* -- small pictures; each says in words what it shows -- */

const SPARK_WIDTH = 120;
const SPARK_HEIGHT = 28;
const SPARK_GAP = 10000; /* ms without a point: the line is broken */

function newSpark() {
    return svg('svg', { class: 'spark', viewBox: `0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': 'no history yet' },
        svg('line', { x1: 0, x2: SPARK_WIDTH, y1: SPARK_HEIGHT - 0.5, y2: SPARK_HEIGHT - 0.5 }), svg('path', { d: '' }));
}

/* Time runs to the right, and the newest point stands at the right end. */
function drawSpark(spark, points, now, format) {
    if (points.length < 2) return;
    const values = points.map((point) => point.value);
    const highest = Math.max(...values);
    const scale = highest > 0 ? (SPARK_HEIGHT - 4) / highest : 0;
    let path = '';
    points.forEach((point, index) => {
        const x = SPARK_WIDTH * (1 - (now - point.time) / (HISTORY_SECONDS * 1000));
        const isBroken = index === 0 || point.time - points[index - 1].time > SPARK_GAP;
        path += `${isBroken ? 'M' : 'L'}${x.toFixed(1)} ${(SPARK_HEIGHT - 2 - point.value * scale).toFixed(1)}`;
    });
    spark.lastChild.setAttribute('d', path);
    spark.setAttribute('aria-label', `last 3 minutes: between ${format(Math.min(...values))} and ${format(highest)}`);
}

const LATENCY_WIDTH = 240;
const LATENCY_HEIGHT = 60;

/* Bars of a histogram whose bounds grow by factors, from the first that has something to the last; bars whose calls
 * all took longer than the budget look different. */
function drawLatency(picture, buckets, budget) {
    const used = buckets.findIndex((bucket) => bucket.count > 0);
    const from = Math.max(0, used - 1);
    const to = buckets.findLastIndex((bucket) => bucket.count > 0) + 1;
    const shown = used < 0 ? [] : buckets.slice(from, Math.max(to, from + 8));
    const most = Math.max(1, ...shown.map((bucket) => bucket.count));
    const width = LATENCY_WIDTH / Math.max(1, shown.length);
    const bars = shown.map((bucket, index) => {
        const height = bucket.count > 0 ? Math.max(1.5, (bucket.count / most) * (LATENCY_HEIGHT - 4)) : 0;
        const lower = buckets[from + index - 1]?.below ?? 0;
        return svg('rect', { x: (index * width + 0.5).toFixed(1), y: (LATENCY_HEIGHT - 1 - height).toFixed(1), width: Math.max(0.5, width - 1).toFixed(1), height: height.toFixed(1),
            ...(budget !== undefined && lower >= budget ? { class: 'over' } : {}) });
    });
    picture.replaceChildren(svg('line', { x1: 0, x2: LATENCY_WIDTH, y1: LATENCY_HEIGHT - 0.5, y2: LATENCY_HEIGHT - 0.5 }), ...bars);
    return shown.length > 0 ? [buckets[from - 1]?.below ?? 0, shown.at(-1).below] : null;
}

function newLatency() {
    return svg('svg', { class: 'latency', viewBox: `0 0 ${LATENCY_WIDTH} ${LATENCY_HEIGHT}`, preserveAspectRatio: 'none', role: 'img' });
}
