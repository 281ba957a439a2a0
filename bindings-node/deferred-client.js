'use strict';

/* A client of google-auth-library that finds out whose it is when it is first used. */

const { plain, shaped } = require('./header-shapes.js');
const { readable } = require('./response-shapes.js');

/** The class for one copy of the library; it is made with a `GoogleAuth` of that copy. */
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
      return shaped(await (await this.#auth.getClient()).getRequestHeaders(url));
    }

    async fetchIdToken(audience) {
      const { idTokenProvider } = await this.#auth.getIdTokenClient(audience);
      return idTokenProvider.fetchIdToken(audience);
    }

    async request(options) {
      const client = await this.#auth.getClient();
      return readable(await client.request({ ...options, headers: plain(options?.headers) }));
    }
  };
}

module.exports = { deferredClass };
