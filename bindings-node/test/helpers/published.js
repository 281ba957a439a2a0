'use strict';

/* The keys that a world publishes, and whether they signed what a service account is said to have given. */

const assert = require('node:assert/strict');
const { createPublicKey, verify } = require('node:crypto');

async function verifySignature(world, { keyId, value }, payload) {
  const key = await published(world, `service_accounts/v1/jwk/${world.info.service_account}`, keyId);
  assert.ok(verify('RSA-SHA256', payload, key, value), 'not the account’s signature');
}

/** The claims of an ID token that one of Google's keys has signed. */
async function claimsOf(world, token) {
  const [header, claims, signature] = token.split('.');
  const { alg, kid } = decoded(header);
  assert.equal(alg, 'RS256');
  const key = await published(world, 'oauth2/v3/certs', kid);
  const signed = Buffer.from(`${header}.${claims}`);
  assert.ok(verify('RSA-SHA256', signed, key, Buffer.from(signature, 'base64url')), 'not Google’s signature');
  return decoded(claims);
}

function decoded(part) {
  return JSON.parse(Buffer.from(part, 'base64url'));
}

async function published(world, path, id) {
  const { keys } = await (await fetch(`${world.info.google}/${path}`)).json();
  const key = keys.find(({ kid }) => kid === id);
  assert.ok(key, 'the key is not published');
  return createPublicKey({ key, format: 'jwk' });
}

module.exports = { claimsOf, verifySignature };
