'use strict';

/*
 * `TokenSource` for JavaScript: core's, with its token kept in JavaScript and its failures thrown.
 */

const { inspect } = require('node:util');
const native = require('./native.js');
const { abortable } = require('./abortable.js');
const { errorFrom, guarded } = require('./errors.js');
const { tell } = require('./flights.js');
const { Supplier, questionHere } = require('./identity.js');
const environment = require('./snapshot.js');
const { shown } = require('./inspection.js');
const { bytes, idTokenOptions, list, path: pathOf, sourceOptions, text: textOf, waitOptions } = require('./options.js');

/** The wall clock, whatever a program's fake timers put in its place later: a token ends by the real one. */
const { now } = Date;

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

  [inspect.custom](depth, options) {
    return shown('Token', { expiresAt: this.expiresAt }, depth, options);
  }
}

/** What printing headers shows. `Object.prototype` is not above it, so that HTTP clients still see a plain object. */
const quietHeaders = Object.create(null, {
  [inspect.custom]: { value: () => '[headers with a token]' },
  toString: { value: () => '[object Object]' },
  hasOwnProperty: { value: Object.prototype.hasOwnProperty },
});

const NO_CLIENT =
  'a TokenSource is no client of Google’s libraries: pass createAuthClient({ keyFilename }) as authClient';

/** The token of a source that needs no asking, or undefined: for who keeps something made of it. */
let tokenAtHand;
/** The universe in which a source's tokens are good. */
let universeOf;
/** The provider to which a source shows the AWS identity. */
let audienceOf;
/** The error of a source whose signatures nobody could make, or undefined. Nothing is sent. */
let signingProblem;

/** How many sources of ID tokens are kept at hand; with one more they are made anew. Their tokens stay in core's cache. */
const MOST_AUDIENCES = 64;

/** Google access tokens for this AWS workload; see index.d.ts. */
class TokenSource {
  static {
    tokenAtHand = (source) => source.#atHand()?.token;
    universeOf = (source) => source.#native.universeDomain;
    audienceOf = (source) => source.#native.audience;
    signingProblem = (source) => source.#signingProblem();
  }

  #native;
  /** The last answer, used without a native call until it says to ask again. */
  #kept = null;
  /** What all callers wait for while a token is minted: a promise of an answer or a failure. */
  #flight = null;
  #scopes;
  #quotaProjectId;
  /** Who supplies the AWS identity, if the program does. */
  #supplier;
  /** Sources of ID tokens, by their audience and whether these hold an e-mail. */
  #idTokens = new Map();

  constructor(source, supplier) {
    if (!(source instanceof native.TokenSource)) {
      throw new TypeError('TokenSource is made by TokenSource.fromFile, fromJSON, fromAudience or fromEnv');
    }
    this.#native = source;
    this.#supplier = supplier;
    if (supplier !== undefined) supplier.audience = source.audience;
    this.#scopes = Object.freeze(source.scopes);
    this.#quotaProjectId = source.quotaProjectId ?? undefined;
  }

  static fromFile(path, options) {
    const name = pathOf('path', path);
    return built(options, (known, ask) => native.TokenSource.fromFile(name, known, environment.snapshot(), ask));
  }

  static fromJSON(json, options) {
    const text = typeof json === 'string' ? json : JSON.stringify(json ?? undefined);
    if (text === undefined)
      throw new TypeError('json must be a credential file’s text or the object that it stands for');
    return built(options, (known, ask) => native.TokenSource.fromJSON(text, known, environment.snapshot(), ask));
  }

  static fromAudience(audience, serviceAccount, options) {
    const provider = textOf('audience', audience);
    const account = serviceAccount === undefined ? undefined : textOf('serviceAccount', serviceAccount);
    return built(options, (known, ask) =>
      native.TokenSource.fromAudience(provider, account, known, environment.snapshot(), ask),
    );
  }

  static fromEnv(options) {
    return built(options, (known, ask) => native.TokenSource.fromEnv(known, environment.snapshot(), ask));
  }

  warm() {
    if (this.#atHand() === undefined) guarded(() => this.#native.warm(environment.snapshot()));
  }

  withScopes(scopes) {
    // To name none is a mistake here, and not a default.
    const named = list('scopes', scopes);
    return made(() => this.#native.withScopes(named), this.#supplier);
  }

  async token(options) {
    if (options !== undefined) return abortable(() => this.token(), waitOptions(options).signal);
    return (this.#atHand() ?? (await this.#ask())).token;
  }

  async headers(options) {
    if (options !== undefined) return abortable(() => this.headers(), waitOptions(options).signal);
    const kept = this.#atHand() ?? (await this.#ask());
    const headers = Object.create(quietHeaders);
    headers.authorization = kept.authorization;
    if (this.#quotaProjectId !== undefined) headers['x-goog-user-project'] = this.#quotaProjectId;
    return headers;
  }

  async idToken(audience, options) {
    const { includeEmail = true, signal } = idTokenOptions(options);
    if (typeof audience !== 'string') throw new TypeError('audience must be a string');
    return abortable(() => this.#forAudience(audience, includeEmail).token(), signal);
  }

  async sign(payload, options) {
    if (options !== undefined) return abortable(() => this.sign(payload), waitOptions(options).signal);
    const outcome = await this.#signature(bytes('payload', payload));
    // IAM may have refused the token that is at hand here; core knows.
    if (this.#kept !== null) this.#kept.refreshAfter = 0;
    tell(this.#native);
    if (outcome.keyId !== undefined) return outcome;
    throw errorFrom(outcome, this.#supplier?.causeOf(outcome));
  }

  invalidate(token) {
    if (typeof token?.value !== 'string') throw new TypeError('token must be one that this source gave');
    const kept = this.#kept;
    if (kept === null || kept.token.value !== token.value) return false;
    kept.refreshAfter = 0;
    return guarded(() => this.#native.invalidate(kept.answer, environment.snapshot()));
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

  [inspect.custom](depth, options) {
    const { serviceAccount, quotaProjectId, scopes } = this;
    return shown('TokenSource', { serviceAccount, quotaProjectId, scopes }, depth, options);
  }

  // What Google's libraries call on the client that they are given: a source in its place is told the right door.
  getAccessToken() {
    throw new TypeError(NO_CLIENT);
  }

  getRequestHeaders() {
    throw new TypeError(NO_CLIENT);
  }

  request() {
    throw new TypeError(NO_CLIENT);
  }

  #atHand() {
    const kept = this.#kept;
    if (kept === null) return undefined;
    const moment = now();
    // A clock that was set back says nothing of the token's age.
    return moment < kept.refreshAfter && moment >= kept.since ? kept : undefined;
  }

  /** Every caller throws an error of its own, whose stack names that caller. */
  async #ask() {
    const outcome = await this.#outcome(questionHere());
    tell(this.#native);
    if (outcome instanceof native.Answer) return this.#keep(outcome);
    throw errorFrom(outcome, this.#supplier?.causeOf(outcome));
  }

  /** An identity supplier that asks must not wait for a flight, which may be the one that waits for it. */
  #outcome(asker) {
    if (asker !== undefined) return this.#request(asker);
    this.#flight ??= this.#request().finally(() => {
      this.#flight = null;
    });
    return this.#flight;
  }

  #request(asker) {
    return new Promise((settle) => {
      const outcome = guarded(() => this.#native.request(environment.snapshot(), settle, asker));
      if (outcome !== null) settle(outcome);
    });
  }

  #forAudience(audience, includesEmail) {
    const key = `${includesEmail} ${audience}`;
    const known = this.#idTokens.get(key);
    if (known !== undefined) return known;
    const source = made(() => this.#native.idTokens(audience, includesEmail), this.#supplier);
    if (this.#idTokens.size >= MOST_AUDIENCES) this.#idTokens.clear();
    this.#idTokens.set(key, source);
    return source;
  }

  #signature(payload) {
    const asker = questionHere();
    return new Promise((settle) => {
      const outcome = guarded(() => this.#native.sign(payload, environment.snapshot(), settle, asker));
      if (outcome !== null) settle(outcome);
    });
  }

  /** Core answers at once where there is no account to sign as. */
  #signingProblem() {
    if (this.serviceAccount !== undefined) return undefined;
    const nobody = () => {};
    return errorFrom(guarded(() => this.#native.sign(Buffer.alloc(0), environment.snapshot(), nobody)));
  }

  #keep(answer) {
    if (this.#kept?.answer === answer) return this.#kept;
    const { value, expiresAt, refreshAfter } = answer;
    const before = this.#kept?.token;
    // IAM may answer the same text again with a later end.
    const isSame = before?.value === value && before.expiresAt.getTime() === expiresAt;
    const token = isSame ? before : new Token(value, expiresAt);
    const kept = { answer, token, authorization: `Bearer ${value}`, refreshAfter, since: now() };
    this.#kept = kept;
    return kept;
  }
}

function built(options, build) {
  const { identity, ...known } = sourceOptions(options);
  const supplier = identity === undefined ? undefined : new Supplier(identity);
  return made(() => build(known, supplier?.ask), supplier);
}

function made(make, supplier) {
  const source = guarded(make);
  if (source instanceof native.TokenSource) return new TokenSource(source, supplier);
  throw errorFrom(source);
}

module.exports = { TokenSource, audienceOf, signingProblem, tokenAtHand, universeOf };
