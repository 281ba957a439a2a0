'use strict';

/*
 * Rolebridge as a client of google-auth-library. Copies of several majors can live in one process, and differ in the
 * shape of headers and in what `instanceof` means, so each copy gets a class of its own: a subclass of its `AwsClient`
 * in which only the way to a token is replaced. What it gives and takes has a shape that the other majors know too.
 */

const { inspect } = require('node:util');
const { STAND_IN, checkedMembers } = require('./client-options.js');
const { copyOf, plain, shaped } = require('./header-shapes.js');
const { shown } = require('./inspection.js');
const { fetchBy, readable } = require('./response-shapes.js');
const { signingProblem, tokenAtHand, universeOf } = require('./token-source.js');

/** One class for each loaded copy of google-auth-library, by the copy's own. */
const classes = new WeakMap();

function classFor({ AwsClient }) {
  if (!classes.has(AwsClient)) classes.set(AwsClient, makeClass(AwsClient));
  return classes.get(AwsClient);
}

function makeClass(AwsClient) {
  return class RolebridgeClient extends AwsClient {
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

    /** Starts the minting of a token, unless one is cached, and returns at once; see `TokenSource.warm`. */
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
      if (this.#token) this.#source?.invalidate(this.#token);
      return this.#refresh();
    }

    /** What `GoogleAuth.getIdTokenClient` asks for: an ID token of the service account, as text. */
    async fetchIdToken(audience) {
      if (this.#problem) throw this.#problem;
      return (await this.#source.idToken(audience)).value;
    }

    /** Signs as a client of Google's class `Impersonated` does. */
    async sign(blob) {
      if (this.#problem) throw this.#problem;
      const { keyId, value } = await this.#scoped().sign(Buffer.from(blob));
      return { keyId, signedBlob: value.toString('base64') };
    }

    /** `GoogleAuth.sign` asks for it before it signs; where there is none, it would look for a metadata server of Google. */
    getServiceAccountEmail() {
      const problem = this.#problem ?? signingProblem(this.#source);
      if (problem) throw problem;
      return this.#source.serviceAccount;
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

    /** Takes a request and gives a response in the shape of any major; Google's `request` calls it. */
    async requestAsync(options, isRetry) {
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
      return { serviceAccount: this.#source?.serviceAccount, scopes: this.getScopesArray() };
    }

    [inspect.custom](depth, options) {
      const { projectId, quotaProjectId } = this;
      const known = { serviceAccount: this.#source?.serviceAccount, scopes: this.getScopesArray() };
      const members = this.#problem ? { problem: this.#problem } : { ...known, projectId, quotaProjectId };
      return shown('RolebridgeClient', members, depth, options);
    }
  };
}

module.exports = { classFor };
