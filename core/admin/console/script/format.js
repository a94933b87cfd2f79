/* -- numbers and times as people read them -- */

const DASH = '–';

const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

function count(value) {
    return isNumber(value) ? Math.round(value).toLocaleString('en-US') : DASH;
}

/* Three digits and a letter: 12.3k. */
function short(value) {
    if (!isNumber(value)) return DASH;
    const units = ['', 'k', 'M', 'G', 'T', 'P'];
    let unit = 0;
    let number = value;
    while (Math.abs(number) >= 999.5 && unit < units.length - 1) {
        number /= 1000;
        unit += 1;
    }
    return `${digits(number, unit === 0)}${units[unit]}`;
}

function digits(number, isWhole) {
    const size = Math.abs(number);
    if (size === 0 || (isWhole && Number.isInteger(number))) return number.toFixed(0);
    return number.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

function bytes(value) {
    if (!isNumber(value)) return DASH;
    const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
    let unit = 0;
    let number = value;
    while (Math.abs(number) >= 1023.5 && unit < units.length - 1) {
        number /= 1024;
        unit += 1;
    }
    return `${digits(number, true)} ${units[unit]}`;
}

function percent(share) {
    if (!isNumber(share)) return DASH;
    return `${(share * 100).toFixed(share > 0 && share < 0.0995 ? 1 : 0)} %`;
}

/* Seconds as two units: 3 h 20 min. */
function span(seconds) {
    if (!isNumber(seconds)) return DASH;
    if (seconds < 1e-6) return `${(seconds * 1e9).toFixed(0)} ns`;
    if (seconds < 1e-3) return `${digits(seconds * 1e6, true)} µs`;
    if (seconds < 1) return `${digits(seconds * 1e3, true)} ms`;
    const whole = Math.floor(seconds);
    if (whole < 60) return `${whole} s`;
    if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
    if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor(whole / 60) % 60} min`;
    return `${Math.floor(whole / 86400)} d ${Math.floor(whole / 3600) % 24} h`;
}

/* A time of the server's clock, which the browser shows in UTC, as the log does. */
function moment(seconds) {
    if (!isNumber(seconds) || seconds <= 0) return DASH;
    return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
