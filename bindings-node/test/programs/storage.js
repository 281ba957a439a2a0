'use strict';

/*
 * What programs do with Cloud Storage, by Google's client of one layout. All at once in this process: with clients of ours
 * of each copy of google-auth-library, with a credential file alone where `rolebridge/register` was loaded, and without a
 * token. Prints how each task ended.
 */

const assert = require('node:assert/strict');
const { mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { createAuthClient } = require('rolebridge');
const { LIBRARIES, carrier, layout } = require('../helpers/layouts.js');
require('../helpers/proxied-fetch.js');

const [name, local] = process.argv.slice(2);
const keyFilename = join(local, 'credential.json');
const { Storage, TransferManager } = layout(name)('@google-cloud/storage');

/** The least that Cloud Storage takes as a piece of a resumable upload, and as a part of an upload in parts. */
const [PIECE, PART] = [256 * 1024, 5 * 1024 * 1024];

/** Contents of which no two pieces are alike, by the names of their files. */
const CONTENTS = Object.fromEntries(
  Object.entries({ small: 6, pieces: 2 * PIECE + 1, parts: PART + 1 }).map(([file, length]) => [
    file,
    Buffer.from(Uint32Array.from({ length: Math.ceil(length / 4) }, (_, at) => at).buffer, 0, length),
  ]),
);

/** What is done in a folder of the bucket. */
const TASKS = {
  async upload({ file }) {
    await file('small').save(CONTENTS.small, { resumable: false });
  },
  async 'resumable upload'({ file }) {
    await file('pieces').save(CONTENTS.pieces, { resumable: true, chunkSize: PIECE });
  },
  async download({ file }) {
    isContent('pieces', await downloaded(file('pieces')));
  },
  async list({ bucket, path }) {
    const [files] = await bucket.getFiles({ prefix: path('') });
    assert.deepEqual(files.map((file) => file.name).sort(), [path('pieces'), path('small')]);
  },
  async 'upload of many files'({ manager, file, path }) {
    const files = ['small', 'pieces'].map((file) => join(local, file));
    const customDestinationBuilder = (file) => path(`many-${file.slice(local.length + 1)}`);
    await manager.uploadManyFiles(files, { customDestinationBuilder });
    isContent('pieces', await downloaded(file('many-pieces')));
  },
  async 'download of many files'({ manager, path }) {
    const passthroughOptions = { destination: local };
    const results = await manager.downloadManyFiles([path('small'), path('pieces')], { passthroughOptions });
    // Later releases do not throw.
    for (const { error } of results) if (error) throw error;
    for (const file of ['small', 'pieces']) isContent(file, readFileSync(join(local, path(file))));
  },
  async 'upload in parts'({ manager, file, path }) {
    await manager.uploadFileInChunks(join(local, 'parts'), { uploadName: path('parts'), chunkSizeBytes: PART });
    isContent('parts', await downloaded(file('parts')));
  },
  async 'download in parts'({ manager, file, path }) {
    const options = { chunkSizeBytes: PIECE, destination: join(local, path('in-parts')) };
    await manager.downloadFileInChunks(file('pieces'), options);
    isContent('pieces', readFileSync(options.destination));
  },
  async 'signed URL to read'({ file }) {
    const response = await fetch(await signedUrl(file('small'), 'read'));
    assert.equal(response.status, 200);
    isContent('small', Buffer.from(await response.arrayBuffer()));
  },
  async 'signed URL to write'({ file }) {
    const response = await fetch(await signedUrl(file('written'), 'write'), { method: 'PUT', body: 'by a stranger' });
    assert.equal(response.status, 200);
    assert.equal(String(await downloaded(file('written'))), 'by a stranger');
  },
  async 'signed URL of another object'({ file, path }) {
    const url = await signedUrl(file('small'), 'read');
    const response = await fetch(url.replace(path('small'), path('pieces')));
    assert.equal(response.status, 403);
  },
};

async function downloaded(file) {
  return (await file.download())[0];
}

/** A comparison that prints no megabytes where it fails. */
function isContent(file, bytes) {
  assert.ok(CONTENTS[file].equals(bytes), `not the bytes of ${file}`);
}

async function signedUrl(file, action) {
  const [url] = await file.getSignedUrl({ version: 'v4', action, expires: Date.now() + 60_000 });
  return url;
}

async function endings(folder, options) {
  mkdirSync(join(local, folder));
  const bucket = new Storage({ projectId: 'my-project', ...options }).bucket('my-bucket');
  const path = (file) => `${folder}/${file}`;
  const setting = { bucket, path, file: (file) => bucket.file(path(file)), manager: new TransferManager(bucket) };
  const ended = {};
  for (const [task, run] of Object.entries(TASKS)) {
    ended[task] = await run(setting).then(
      () => 'done',
      (error) => String(error),
    );
  }
  return [folder, ended];
}

async function main() {
  for (const [file, content] of Object.entries(CONTENTS)) writeFileSync(join(local, file), content);
  const own = carrier(name, 'storage')('google-auth-library');
  // Of clients of other copies than its own, Storage takes the account's name from the program alone.
  const foreign = (library) => {
    const authClient = createAuthClient({ library, keyFilename });
    return { authClient, credentials: { client_email: authClient.getServiceAccountEmail() } };
  };
  const clients = {
    nobody: { authClient: new own.PassThroughClient(), credentials: { client_email: 'nobody' } },
    unchanged: { keyFilename },
    own: { authClient: createAuthClient({ library: own, keyFilename }) },
  };
  for (const [release, library] of Object.entries(LIBRARIES)) clients[release] = foreign(library);
  const all = Object.entries(clients).map(([folder, options]) => endings(folder, options));
  console.log(JSON.stringify(Object.fromEntries(await Promise.all(all))));
}

main();
