'use strict';

/*
 * Rolebridge as a client of google-auth-library. Copies of several majors can live in one process, and differ in the
 * shape of headers and in what `instanceof` means, so each copy gets a class of its own: a subclass of its `AwsClient`
 * in which only the way to a token is replaced.
 */

const { readFileSync } = require('node:fs');
const { dirname } = require('node:path');
const { inspect } = require('node:util');
const native = require('./native.js');
const { STAND_IN, checkedMembers, harmlessOptions, isLive } = require('./client-options.js');
const environment = require('./environment.js');
const { errorFrom } = require('./errors.js');
const { copyOf, shaped } = require('./kept-headers.js');
const { TokenSource, tokenAtHand, universeOf } = require('./token-source.js');

/** One class for each loaded copy of google-auth-library. */
const classes = new WeakMap();

function classFor(library) {
  if (!classes.has(library)) classes.set(library, makeClass(library));
  return classes.get(library);
}

function makeClass(library) {
  return class RolebridgeClient extends library.AwsClient {
    #source;
    /** The scopes of that source, as they were asked for. */
    #wanted;
    /** Why there is no source. It is thrown when a token is asked for: GoogleAuth swallows what is thrown earlier. */
    #problem;
    /** The token handed out last. */
    #token;
    /** How Google's class holds it. */
    #credential;
    /** What that class made of it: headers to copy, and all that they were made of. */
    #headers;

    constructor(file, options, source, problem) {
      super(problem ? { ...STAND_IN } : { ...checkedMembers(file), ...options, universe_domain: universeOf(source) });
      this.#source = source;
      this.#wanted = source?.scopes.join(' ');
      this.#problem = problem;
      if (source?.quotaProjectId) this.quotaProjectId ??= source.quotaProjectId;
      if (source?.projectId) this.projectId ??= source.projectId;
    }

    async getRequestHeaders(url) {
      const kept = this.#headers;
      if (kept !== undefined && this.#areCurrent(kept)) return copyOf(kept.headers, kept.names);
      const headers = shaped(await super.getRequestHeaders(url));
      const { quotaProjectId, scopes, cachedAccessToken } = this;
      // While they were made, another call may have changed the scopes, and with them the token.
      const authorization = headers.Authorization ?? headers.get?.('authorization');
      const areOfToken = authorization === `Bearer ${this.#credential?.access_token}`;
      if (areOfToken && cachedAccessToken === this.#credential) {
        const names = Object.keys(headers);
        this.#headers = { headers: copyOf(headers, names), names, token: this.#token, quotaProjectId, scopes };
      }
      return headers;
    }

    #areCurrent({ token, quotaProjectId, scopes }) {
      return (
        quotaProjectId === this.quotaProjectId &&
        scopes === this.scopes &&
        this.cachedAccessToken === this.#credential &&
        tokenAtHand(this.#source) === token
      );
    }

    /** Starts the minting of a token, unless one is at hand, and returns at once; see `TokenSource.warm`. */
    warm() {
      if (this.#source) this.#scoped().warm();
    }

    async getAccessToken() {
      // Credentials that the program set itself are used up first, as Google's class does.
      const set = this.cachedAccessToken;
      if (set && set !== this.#credential && !this.isExpired(set)) return super.getAccessToken();
      const { access_token: token } = await this.#refresh();
      return { token, res: null };
    }

    /** Google's class calls it for a token that an API refused, and programs for a new one. */
    async refreshAccessTokenAsync() {
      if (this.#token) this.#source?.refused(this.#token);
      return this.#refresh();
    }

    async #refresh() {
      if (this.#problem) throw this.#problem;
      const token = await this.#scoped().token();
      const isNew = token !== this.#token;
      if (isNew) {
        this.#token = token;
        this.#credential = { access_token: token.value, expiry_date: token.expiresAt.getTime(), res: null };
      }
      this.cachedAccessToken = this.#credential;
      if (isNew) {
        const { access_token, expiry_date } = this.#credential;
        this.credentials = { access_token, expiry_date };
        this.emit('tokens', { refresh_token: null, expiry_date, access_token, token_type: 'Bearer', id_token: null });
      }
      return this.#credential;
    }

    /** GoogleAuth sets the scopes after it has made the client. */
    #scoped() {
      const scopes = this.getScopesArray();
      const wanted = scopes.join(' ');
      if (wanted !== this.#wanted) {
        this.#source = this.#source.withScopes(scopes);
        this.#wanted = wanted;
      }
      return this.#source;
    }

    /** What a logger that writes JSON may see: Google's class holds the token and a client's secret in plain members. */
    toJSON() {
      return { serviceAccount: this.#source?.serviceAccount, scopes: this.getScopesArray() };
    }

    [inspect.custom](_depth, options) {
      return `RolebridgeClient ${inspect(this.#source ?? this.#problem, options)}`;
    }
  };
}

/**
 * The client for an AWS `external_account`, or undefined for anything else. What is wrong with the file is thrown when a
 * token is asked for. `file` may have been merged with options; `additional` ones are the program's own.
 */
function clientFor(library, file, additional) {
  const text = JSON.stringify(file, (_name, value) => (isLive(value) ? undefined : value));
  if (!native.reads(text)) return undefined;
  const Client = classFor(library);
  let source;
  try {
    source = TokenSource.fromJSON(text);
  } catch (problem) {
    return new Client(undefined, undefined, undefined, problem);
  }
  return new Client(file, { ...harmlessOptions(file), ...additional }, source);
}

/** See index.d.ts. */
function createAuthClient({ keyFilename, credentials, scopes, library = resolveLibrary() } = {}) {
  const text = credentials ? JSON.stringify(credentials) : keyFilename ? read(keyFilename) : textOfEnvironment();
  if (text !== undefined && native.reads(text)) {
    // No text is no scope, as in Google's class.
    const source = TokenSource.fromJSON(text, { scopes: scopes ? [scopes].flat() : undefined });
    const Client = classFor(library);
    return new Client(JSON.parse(text), { scopes: source.scopes }, source);
  }
  return googleClient(library, text, { keyFilename, scopes });
}

/** What the environment names. A damaged text is nobody's: looking elsewhere would find another identity. */
function textOfEnvironment() {
  const text = native.textNamedBy(environment.snapshot()) ?? undefined;
  if (text !== undefined && typeof text !== 'string') throw errorFrom(text);
  if (text !== undefined && parsed(text) === undefined) TokenSource.fromJSON(text);
  return text;
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    // What cannot be read is refused in the same words everywhere.
    TokenSource.fromFile(path);
    throw cause;
  }
}

/** Google's own client for what is not ours to read. */
function googleClient(library, text, { keyFilename, scopes }) {
  const file = parsed(text);
  if (file) return new library.GoogleAuth({ scopes }).fromJSON(file);
  // A key file of another format, or none: where Google's library looks by itself takes asking.
  return new (deferredClass(library))(new library.GoogleAuth({ keyFilename, scopes }));
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A client that finds out whose it is when it is first used. */
function deferredClass(library) {
  return class DeferredClient extends library.AuthClient {
    #auth;

    constructor(auth) {
      super();
      this.#auth = auth;
    }

    async getAccessToken() {
      return (await this.#auth.getClient()).getAccessToken();
    }

    async getRequestHeaders(url) {
      return (await this.#auth.getClient()).getRequestHeaders(url);
    }

    async request(options) {
      return (await this.#auth.getClient()).request(options);
    }
  };
}

/** The copy of google-auth-library that the application itself would load. */
function resolveLibrary() {
  const main = require.main?.filename ?? process.argv[1];
  const paths = main ? [dirname(main), process.cwd()] : [process.cwd()];
  try {
    return require(require.resolve('google-auth-library', { paths }));
  } catch (cause) {
    const message = 'google-auth-library is not installed beside this program: install it, or pass it as `library`';
    throw new Error(message, { cause });
  }
}

module.exports = { clientFor, createAuthClient };
