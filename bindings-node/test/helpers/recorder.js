'use strict';

/* Servers on loopback that give Google's clients as little as those need, if they accept the token, and remember what arrived. */

const { createServer } = require('node:http');
const { createSecureServer } = require('node:http2');
const { after } = require('node:test');
const forge = require('node-forge');

const servers = [];

after(() => {
  for (const server of servers) server.close();
  for (const server of servers) server.closeAllConnections?.();
});

function listening(server) {
  servers.push(server);
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
}

/** As Google's APIs say it. */
const REFUSAL = [401, { error: { code: 401, status: 'UNAUTHENTICATED', message: 'no token of this world' } }];

/**
 * The REST side: Cloud Storage's, Drive's, Vertex AI's and Firebase's. `requests` holds method, path and the Authorization
 * header; who is not accepted by it is refused.
 */
async function restServer(accepts) {
  const requests = [];
  const server = createServer((request, response) => {
    const { method, url, headers } = request;
    requests.push({ method, path: url.split('?')[0], authorization: headers.authorization });
    request.resume().on('end', async () => {
      const isStart = method === 'POST' && url.includes('uploadType=resumable');
      const location = isStart ? { location: `http://${headers.host}/session` } : {};
      const [status, answer] = (await accepts(headers.authorization)) ? [200, { name: 'answered' }] : REFUSAL;
      response.writeHead(status, { 'content-type': 'application/json', ...location }).end(JSON.stringify(answer));
    });
  });
  const port = await listening(server);
  return { origin: `http://127.0.0.1:${port}`, port, requests };
}

/** A message of gRPC, uncompressed, whose first member is the text `answered`: a name in most of Google's. */
const ANSWERED = Buffer.from('\0\0\0\0\x0a\x0a\x08answered');
/** Statuses of gRPC: OK and UNAUTHENTICATED. */
const [OK, UNAUTHENTICATED] = ['0', '16'];

/** The gRPC side, over TLS. It keeps and refuses as the REST side does. */
async function grpcServer({ key, cert }, accepts) {
  const requests = [];
  const server = createSecureServer({ key, cert });
  server.on('stream', async (stream, { ':path': path, authorization }) => {
    requests.push({ path, authorization });
    const isAccepted = await accepts(authorization);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': isAccepted ? OK : UNAUTHENTICATED }));
    stream.end(isAccepted ? ANSWERED : undefined);
  });
  server.on('session', (session) => session.unref());
  return { port: await listening(server), requests };
}

/** A key and a certificate for 127.0.0.1 that vouches for itself, good for an hour. */
function certificate() {
  const { privateKey, publicKey } = forge.pki.rsa.generateKeyPair(2048);
  const made = forge.pki.createCertificate();
  made.publicKey = publicKey;
  made.serialNumber = '01';
  made.validity.notBefore = new Date(Date.now() - 60_000);
  made.validity.notAfter = new Date(Date.now() + 3_600_000);
  const name = [{ name: 'commonName', value: 'loopback' }];
  made.setSubject(name);
  made.setIssuer(name);
  made.setExtensions([
    { name: 'basicConstraints', cA: true },
    { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
  ]);
  made.sign(privateKey, forge.md.sha256.create());
  return { key: forge.pki.privateKeyToPem(privateKey), cert: forge.pki.certificateToPem(made) };
}

module.exports = { certificate, grpcServer, restServer };
