'use strict';

/* Loaded before a program: its fetch goes through HTTPS_PROXY, which Node 20's own cannot. */

const { HttpsProxyAgent } = require('https-proxy-agent');

const agent = new HttpsProxyAgent(process.env.HTTPS_PROXY);
const loaded = import('node-fetch');

globalThis.fetch = async (url, init) => (await loaded).default(url, { ...init, agent });
