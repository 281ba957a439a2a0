'use strict';

/* The token of one client of google-auth-library: when it is asked for, and what of it Google's class holds and sends. */

const { copyOf } = require('./header-shapes.js');
const { tokenAtHand } = require('./token-source.js');

/**
 * One class for the clients of every copy of the library: the engine compiles it once, where members of each copy's own
 * class would be slower from the second copy on.
 */
class ClientToken {
  #source;
  /** The scopes of that source, as they were asked for. */
  #wanted;
  /** Why there is no source. It is thrown when a token is asked for: GoogleAuth swallows what is thrown earlier. */
  #problem;
  /** The token handed out last. */
  #token;
  /** What the client's `scopes` were when it was asked for. */
  #scopes;
  /** How Google's class holds it. */
  #credential;
  /** What that class made of it: headers to copy, and all that they were made of. */
  #headers;

  constructor(source, problem) {
    this.#source = source;
    this.#wanted = source?.scopes.join(' ');
    this.#problem = problem;
  }

  get serviceAccount() {
    return this.#source?.serviceAccount;
  }

  get problem() {
    return this.#problem;
  }

  /** For the account of the client, whatever its scopes. */
  get source() {
    if (this.#problem) throw this.#problem;
    return this.#source;
  }

  /** With the scopes of the client: GoogleAuth sets them after it has made one. */
  sourceFor(client) {
    const { source } = this;
    const scopes = client.getScopesArray();
    const wanted = scopes.join(' ');
    if (wanted === this.#wanted) return source;
    this.#wanted = wanted;
    this.#source = source.withScopes(scopes);
    return this.#source;
  }

  /** The token handed out last, as text; undefined if it is not fresh, or the client has other credentials or scopes now. */
  current(client) {
    const credential = this.#credential;
    const isCurrent =
      credential !== undefined &&
      client.cachedAccessToken === credential &&
      client.scopes === this.#scopes &&
      tokenAtHand(this.#source) === this.#token;
    return isCurrent ? credential.access_token : undefined;
  }

  /** Credentials that the program set itself are used up first, as Google's class does. */
  isReplaced(client) {
    const held = client.cachedAccessToken;
    return Boolean(held) && held !== this.#credential && !client.isExpired(held);
  }

  async refresh(client) {
    const { scopes } = client;
    const token = await this.sourceFor(client).token();
    const isNew = token !== this.#token;
    this.#scopes = scopes;
    if (isNew) {
      this.#token = token;
      this.#credential = { access_token: token.value, expiry_date: token.expiresAt.getTime(), res: null };
    }
    client.cachedAccessToken = this.#credential;
    if (isNew) {
      const { access_token, expiry_date } = this.#credential;
      client.credentials = { access_token, expiry_date };
      client.emit('tokens', { refresh_token: null, expiry_date, access_token, token_type: 'Bearer', id_token: null });
    }
    return this.#credential;
  }

  /** An API has refused the token handed out last. */
  invalidate() {
    if (this.#token) this.#source.invalidate(this.#token);
  }

  /** A copy of the headers that hold the current token, for the client's project; undefined if they are to be made. */
  headers(client) {
    const kept = this.#headers;
    if (kept === undefined || kept.quotaProjectId !== client.quotaProjectId) return undefined;
    return this.current(client) === kept.token ? copyOf(kept.headers, kept.names) : undefined;
  }

  keep(headers, { quotaProjectId }) {
    const token = this.#credential?.access_token;
    // While they were made, another call may have changed the scopes, and with them the token.
    if ((headers.Authorization ?? headers.get?.('authorization')) !== `Bearer ${token}`) return;
    const names = Object.keys(headers);
    this.#headers = { headers: copyOf(headers, names), names, token, quotaProjectId };
  }
}

module.exports = { ClientToken };
