'use strict';

/*
 * Google's client of Cloud Storage, 7 and 8, with clients of ours under the real host names: uploads, downloads, lists and
 * signed URLs. The emulator takes no token that it did not mint.
 */

const assert = require('node:assert/strict');
const { join } = require('node:path');
const test = require('node:test');
const { World } = require('./helpers/emulator.js');
const { LAYOUTS } = require('./helpers/layouts.js');
const { folder, run } = require('./helpers/program.js');

const PROGRAM = join(__dirname, 'programs/storage.js');
const REGISTER = ['--require', 'rolebridge/register'];

const REAL_HOSTS = {
  token_url: 'https://sts.googleapis.com/v1/token',
  service_account_impersonation_url:
    'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{service_account}:generateAccessToken',
};

/** Lets the workload's access tokens sign as the account that they are of. */
const MAY_SIGN = {
  bindings: [
    {
      role: 'roles/iam.serviceAccountTokenCreator',
      members: ['serviceAccount:bigquery-reader@my-project.iam.gserviceaccount.com'],
    },
  ],
};

/** What each client asks with its token, and what it asks after such an answer. */
const ASKED = [
  'iamcredentials.signBlob',
  'storage.download',
  'storage.insertObject',
  'storage.listObjects',
  'storage.object',
  'storage.startMultipart',
  'storage.startUpload',
];
const ASKED_NEXT = ['storage.completeMultipart', 'storage.resumeUpload', 'storage.uploadPart'];

/** What becomes of three signed URLs, which nobody shows a token with. */
const SIGNED = ['storage.download 200', 'storage.download 403', 'storage.insertObject 200'];

const operations = (requests) => [...new Set(requests.map(({ operation }) => operation))].sort();

for (const layout of Object.keys(LAYOUTS).filter((layout) => 'storage' in LAYOUTS[layout])) {
  test(`Cloud Storage of ${layout}`, async (t) => {
    const world = await World.make(MAY_SIGN);
    const cwd = folder({ 'ca.pem': world.info.ca_pem, 'credential.json': world.credential(REAL_HOSTS) });
    const env = world.proxied(join(cwd, 'ca.pem'));
    const { code, stdout, stderr } = await run([...REGISTER, PROGRAM, layout, cwd], { cwd, env });
    assert.equal(code, 0, stderr);
    const { nobody, ...clients } = JSON.parse(stdout);
    const requests = (await world.requests()).filter(({ operation }) => /^storage|signBlob$/.test(operation));
    for (const [client, endings] of Object.entries(clients)) {
      for (const [task, ending] of Object.entries(endings)) {
        await t.test(`${task}, client ${client}`, () => assert.equal(ending, 'done'));
      }
    }
    await t.test('what a token is for is refused without one', () => {
      assert.ok(!Object.values(nobody).includes('done'), JSON.stringify(nobody));
      const without = requests.filter(({ authorization }) => authorization === null);
      const [refused, signed] = [true, false].map((is) => without.filter(({ status }) => (status === 401) === is));
      assert.deepEqual(operations(refused), ASKED);
      const answers = signed.map(({ operation, status }) => `${operation} ${status}`);
      const expected = Object.keys(clients).flatMap(() => SIGNED);
      assert.deepEqual(answers.sort(), expected.sort());
    });
    await t.test('the token was on every other request, and one exchange is behind all', async () => {
      const shown = requests.filter(({ authorization }) => authorization === 'bearer');
      assert.deepEqual(operations(shown), [...ASKED, ...ASKED_NEXT].sort());
      for (const { operation, status } of shown) assert.ok(status < 400, `${operation} ${status}`);
      assert.equal((await world.requests('sts.token')).length, 1);
    });
  });
}
