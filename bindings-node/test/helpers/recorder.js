'use strict';

/* Servers on loopback that answer Google's clients with as little as those need, and remember what arrived. */

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

/** The REST side: Cloud Storage's and Vertex AI's. `requests` holds method, path and the Authorization header. */
async function restServer() {
  const requests = [];
  const server = createServer((request, response) => {
    const { method, url, headers } = request;
    requests.push({ method, path: url.split('?')[0], authorization: headers.authorization });
    request.resume().on('end', () => {
      const isStart = method === 'POST' && url.includes('uploadType=resumable');
      const location = isStart ? { location: `http://${headers.host}/session` } : {};
      response.writeHead(200, { 'content-type': 'application/json', ...location }).end('{"name":"answered"}');
    });
  });
  const port = await listening(server);
  return { origin: `http://127.0.0.1:${port}`, port, requests };
}

/** The gRPC side: it says that nothing is there (status 5), after it has seen the headers. */
async function grpcServer({ key, cert }) {
  const requests = [];
  const server = createSecureServer({ key, cert });
  server.on('stream', (stream, headers) => {
    requests.push({ path: headers[':path'], authorization: headers.authorization });
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' }, { endStream: true });
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
