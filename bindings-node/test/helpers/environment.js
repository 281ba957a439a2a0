'use strict';

const names = require('../../native.js').environmentNames();

/**
 * Runs a function with exactly these of the variables that Rolebridge reads, and puts back what was there. Instance
 * metadata is off unless its endpoint is named, or a mode that is wrong.
 */
async function withEnvironment(variables, run) {
  const before = names.map((name) => [name, process.env[name]]);
  const { AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint, AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: mode } = variables;
  const isNear = endpoint || (mode && !/^ipv[46]$/i.test(mode));
  const set = isNear ? variables : { AWS_EC2_METADATA_DISABLED: 'true', ...variables };
  for (const name of names) delete process.env[name];
  Object.assign(process.env, set);
  try {
    return await run();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

module.exports = { withEnvironment };
