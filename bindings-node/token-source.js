'use strict';

/*
 * `TokenSource` for JavaScript: core's, with its token kept at hand and its failures thrown.
 */

const { inspect } = require('node:util');
const native = require('./native.js');
const { errorFrom } = require('./errors.js');
const environment = require('./environment.js');

/** A Google access token. Printing one shows when it ends and nothing else. */
class Token {
  #value;
  #expiresAt;

  constructor(value, expiresAt) {
    this.#value = value;
    this.#expiresAt = expiresAt;
    Object.freeze(this);
  }

  get value() {
    return this.#value;
  }

  get expiresAt() {
    return new Date(this.#expiresAt);
  }

  [inspect.custom](_depth, options) {
    return `Token { expiresAt: ${inspect(this.expiresAt, options)} }`;
  }
}

/** What printing headers shows. `Object.prototype` is not above it, so that HTTP clients still see a plain object. */
const quietHeaders = Object.create(null, {
  [inspect.custom]: { value: () => '[headers with a token]' },
  toString: { value: () => '[object Object]' },
  hasOwnProperty: { value: Object.prototype.hasOwnProperty },
});

/** The token of a source that needs no asking, or undefined: for who keeps something made of it. */
let tokenAtHand;
/** The universe in which a source's tokens are good. */
let universeOf;

/** Google access tokens for this AWS workload; see index.d.ts. */
class TokenSource {
  static {
    tokenAtHand = (source) => source.#atHand()?.token;
    universeOf = (source) => source.#native.universeDomain;
  }

  #native;
  /** The last answer, used without a native call until it says to ask again. */
  #kept = null;
  /** What all callers wait for while a token is minted: a promise of an answer or a failure. */
  #flight = null;
  #scopes;
  #quotaProjectId;

  constructor(source) {
    if (!(source instanceof native.TokenSource)) {
      throw new TypeError('TokenSource is made by TokenSource.fromFile, fromJSON or fromEnv');
    }
    this.#native = source;
    this.#scopes = Object.freeze(source.scopes);
    this.#quotaProjectId = source.quotaProjectId ?? undefined;
  }

  static fromFile(path, options) {
    if (typeof path !== 'string') throw new TypeError('path must be a string');
    return made(native.TokenSource.fromFile(path, checked(options), environment.snapshot()));
  }

  static fromJSON(json, options) {
    const text = typeof json === 'string' ? json : (JSON.stringify(json) ?? '');
    return made(native.TokenSource.fromJSON(text, checked(options), environment.snapshot()));
  }

  static fromEnv(options) {
    return made(native.TokenSource.fromEnv(checked(options), environment.snapshot()));
  }

  warm() {
    if (this.#atHand() === undefined) this.#native.warm(environment.snapshot());
  }

  withScopes(scopes) {
    // To name none is a mistake here, and not a default.
    return new TokenSource(this.#native.withScopes(checked({ scopes: scopes ?? null }).scopes));
  }

  async token() {
    return (this.#atHand() ?? (await this.#ask())).token;
  }

  async headers() {
    const kept = this.#atHand() ?? (await this.#ask());
    const headers = Object.create(quietHeaders);
    headers.authorization = kept.authorization;
    if (this.#quotaProjectId !== undefined) headers['x-goog-user-project'] = this.#quotaProjectId;
    return headers;
  }

  refused(token) {
    const kept = this.#kept;
    if (kept === null || kept.token.value !== token.value) return;
    kept.askAgainAt = 0;
    this.#native.refused(kept.answer, environment.snapshot());
  }

  get serviceAccount() {
    return this.#native.serviceAccount ?? undefined;
  }

  get projectId() {
    return this.#native.projectId ?? undefined;
  }

  get quotaProjectId() {
    return this.#quotaProjectId;
  }

  get scopes() {
    return this.#scopes;
  }

  [inspect.custom](_depth, options) {
    const { serviceAccount, scopes } = this;
    return `TokenSource ${inspect({ serviceAccount, scopes }, options)}`;
  }

  #atHand() {
    const kept = this.#kept;
    if (kept === null) return undefined;
    const now = Date.now();
    // A clock that was set back says nothing of the token's age.
    return now < kept.askAgainAt && now >= kept.since ? kept : undefined;
  }

  /** Every caller throws an error of its own, whose stack names that caller. */
  async #ask() {
    this.#flight ??= this.#fly();
    const outcome = await this.#flight;
    if (outcome instanceof native.Answer) return this.#keep(outcome);
    throw errorFrom(outcome);
  }

  async #fly() {
    try {
      return await new Promise((settle) => {
        const outcome = this.#native.request(environment.snapshot(), settle);
        if (outcome !== null) settle(outcome);
      });
    } finally {
      this.#flight = null;
    }
  }

  #keep(answer) {
    if (this.#kept?.answer === answer) return this.#kept;
    const { value, expiresAt, askAgainAt } = answer;
    const token = this.#kept?.token.value === value ? this.#kept.token : new Token(value, expiresAt);
    const kept = { answer, token, authorization: `Bearer ${value}`, askAgainAt, since: Date.now() };
    this.#kept = kept;
    return kept;
  }
}

/** Options in which the lists are lists of strings: native code would complain of them in its own terms. */
function checked(options) {
  for (const name of ['scopes', 'allowEndpoints']) {
    const list = options?.[name];
    if (list !== undefined && !(Array.isArray(list) && list.every((item) => typeof item === 'string'))) {
      throw new TypeError(`${name} must be an array of strings`);
    }
  }
  return options ?? {};
}

function made(source) {
  if (source instanceof native.TokenSource) return new TokenSource(source);
  throw errorFrom(source);
}

module.exports = { TokenSource, tokenAtHand, universeOf };
