'use strict';

/*
 * Rolebridge as a client of google-auth-library. Copies of several majors can live in one process, and differ in the
 * shape of headers and in what `instanceof` means, so each copy gets a class of its own: a subclass of its `AwsClient`
 * in which only the way to a token is replaced. What it gives and takes has a shape that the other majors know too.
 */

const { inspect } = require('node:util');
const { abortable } = require('./abortable.js');
const { STAND_IN, checkedMembers } = require('./client-options.js');
const { ClientToken } = require('./client-token.js');
const { loadHeaders, plain, shaped } = require('./header-shapes.js');
const { shown } = require('./inspection.js');
const { fetchBy, readable } = require('./response-shapes.js');
const { signingProblem, universeOf } = require('./token-source.js');

/** Where a client keeps its token: a private name of each copy's class would cost more from the second copy on. */
const TOKEN = Symbol('token');

/** One class for each loaded copy of google-auth-library, by the copy's own. */
const classes = new WeakMap();

function classFor({ AwsClient }) {
  if (!classes.has(AwsClient)) classes.set(AwsClient, makeClass(AwsClient));
  return classes.get(AwsClient);
}

function makeClass(AwsClient) {
  return class RolebridgeClient extends AwsClient {
    constructor(file, options, source, problem) {
      super(problem ? { ...STAND_IN } : { ...checkedMembers(file), ...options, universe_domain: universeOf(source) });
      Object.defineProperty(this, TOKEN, { value: new ClientToken(source, problem) });
      if (source?.quotaProjectId) this.quotaProjectId ??= source.quotaProjectId;
      if (source?.projectId) this.projectId ??= source.projectId;
    }

    async getRequestHeaders(url) {
      const kept = this[TOKEN].headers(this);
      if (kept !== undefined) return kept;
      const made = super.getRequestHeaders(url);
      // Majors from 10 on, which have a `fetch`, will make `Headers`. Loading these takes 20 ms: the token is awaited now.
      if (super.fetch !== undefined) loadHeaders();
      const headers = shaped(await made);
      this[TOKEN].keep(headers, this);
      return headers;
    }

    /** Starts the minting of a token, unless one is cached, and returns at once; see `TokenSource.warm`. */
    warm() {
      if (!this[TOKEN].problem) this[TOKEN].sourceFor(this).warm();
    }

    async getAccessToken() {
      const current = this[TOKEN].current(this);
      if (current !== undefined) return { token: current, res: null };
      if (this[TOKEN].isReplaced(this)) return super.getAccessToken();
      const { access_token: token } = await this[TOKEN].refresh(this);
      return { token, res: null };
    }

    /** Google's class calls it for a token that an API refused, and programs for a new one. */
    async refreshAccessTokenAsync() {
      this[TOKEN].invalidate();
      return this[TOKEN].refresh(this);
    }

    /** What `GoogleAuth.getIdTokenClient` asks for: an ID token of the service account, as text. */
    async fetchIdToken(audience) {
      return (await this[TOKEN].source.idToken(audience)).value;
    }

    /** Signs as a client of Google's class `Impersonated` does. */
    async sign(blob) {
      const { keyId, value } = await this[TOKEN].sourceFor(this).sign(Buffer.from(blob));
      return { keyId, signedBlob: value.toString('base64') };
    }

    /** `GoogleAuth.sign` asks for it before it signs; where there is none, it would look for a metadata server of Google. */
    getServiceAccountEmail() {
      const { source } = this[TOKEN];
      const problem = signingProblem(source);
      if (problem) throw problem;
      return source.serviceAccount;
    }

    /** Takes a request and gives a response in the shape of any major; Google's `request` calls it. */
    async requestAsync(options, isRetry) {
      // Google's class hands the signal to the request alone, which begins when the token is there.
      if (options?.signal) await abortable(() => this.getAccessToken(), options.signal);
      try {
        const mine = options?.headers === undefined ? options : { ...options, headers: plain(options.headers) };
        return readable(await super.requestAsync(mine, isRetry));
      } catch (error) {
        readable(error?.response);
        throw error;
      }
    }

    /** Major 9 has none, and clients that carry a later one call it. */
    fetch(...request) {
      return super.fetch === undefined ? fetchBy(this, ...request) : super.fetch(...request);
    }

    /** What a logger that writes JSON may see: Google's class holds the token and a client's secret in plain members. */
    toJSON() {
      return { serviceAccount: this[TOKEN].serviceAccount, scopes: this.getScopesArray() };
    }

    [inspect.custom](depth, options) {
      const { projectId, quotaProjectId } = this;
      const { problem } = this[TOKEN];
      const known = { serviceAccount: this[TOKEN].serviceAccount, scopes: this.getScopesArray() };
      const members = problem ? { problem } : { ...known, projectId, quotaProjectId };
      return shown('RolebridgeClient', members, depth, options);
    }
  };
}

module.exports = { classFor };
