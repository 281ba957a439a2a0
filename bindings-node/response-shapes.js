'use strict';

/*
 * Responses that every major of google-auth-library can read, and `fetch` for the major that has none. See
 * header-shapes.js for the reason.
 */

const { Readable } = require('node:stream');
const { plain, readableObject } = require('./header-shapes.js');

/** Statuses whose response has no body (fetch standard, "null body status"). */
const WITHOUT_BODY = new Set([101, 204, 205, 304]);

/** Lets a response's headers be read in both ways; what is no response is left alone. */
function readable(response) {
  const headers = response?.headers;
  if (typeof headers !== 'object' || headers === null) return response;
  if (typeof headers.forEach !== 'function') {
    response.headers = readableObject(headers);
    return response;
  }
  for (const [name, value] of headers.entries()) {
    // Not enumerable, so that printing a response shows no more than before.
    if (!(name in headers)) Object.defineProperty(headers, name, { value, writable: true, configurable: true });
  }
  return response;
}

/** `fetch` as the clients of majors 10 and 11 have it, by means of a client's `request`. */
async function fetchBy(client, input, init) {
  const isOptions = typeof input === 'object' && !(input instanceof URL);
  const options = { ...init, ...(isOptions ? input : undefined) };
  const isStream = options.responseType === 'stream';
  const answer = await client.request({
    ...options,
    url: String(isOptions ? input.url : input),
    headers: Object.fromEntries([...new Headers(isOptions ? input.headers : undefined), ...new Headers(init?.headers)]),
    responseType: isStream ? 'stream' : 'arraybuffer',
  });
  const { data, config, status, statusText } = answer;
  const body = isStream ? Readable.toWeb(data) : data;
  const known = { status, statusText, headers: plain(answer.headers) };
  const response = new Response(WITHOUT_BODY.has(status) ? null : body, known);
  return Object.assign(response, { config, data: isStream ? response.body : parsed(data, response.headers) });
}

/** A body as gaxios gives it where no type is asked for. */
function parsed(body, headers) {
  const text = Buffer.from(body).toString();
  if (!/\bjson\b/.test(headers.get('content-type') ?? '')) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

module.exports = { fetchBy, readable };
