'use strict';

/*
 * An AWS identity that the program supplies, as the native side asks it: by a question, which is answered once.
 */

const { AsyncLocalStorage, AsyncResource } = require('node:async_hooks');

/** The questions that are being answered, by who asks in their course. */
const asking = new AsyncLocalStorage();

/** Runs a function in the context in which this package was loaded: a supplier serves everybody, and is asked for nobody. */
const outside = AsyncResource.bind((run) => run());

/** The question in whose course this code runs, or undefined: a token that needs its answer would wait for itself. */
function questionHere() {
  const store = asking.getStore();
  return store?.isOpen ? store.question : undefined;
}

/** What was given is no identity: the end of a sentence that says so. */
class Unusable extends Error {}

/** A program's `identity`: a function, or a supplier of google-auth-library. */
class Supplier {
  #given;
  /** What it threw last, by the number that crosses in its place. */
  #thrown = { number: 0, value: undefined };
  /** The question that was put last: without it, one that is never answered would be collected as garbage. */
  // biome-ignore lint/correctness/noUnusedPrivateClassMembers: it is kept, and not read.
  #question;
  /** What google-auth-library tells its suppliers; the audience is known once the source is made. */
  #context = { audience: '', subjectTokenType: 'urn:ietf:params:aws:token-type:aws4_request' };

  constructor(given) {
    this.#given = given;
  }

  set audience(audience) {
    this.#context.audience = audience;
  }

  /** Called by the native side, which hears of nothing that is thrown. */
  ask = (question) => {
    this.#question = question;
    // What the supplier starts may go on after its answer, and is then nobody's question any more.
    const store = { question, isOpen: true };
    outside(() => asking.run(store, () => this.#supplied()))
      .finally(() => {
        store.isOpen = false;
      })
      .then((supplied) => void question.supply(supplied))
      .catch((thrown) => this.#fail(question, thrown));
  };

  /** What is the cause of a failure that the native side tells: what was thrown, as it is. */
  causeOf({ thrown }) {
    const { number, value } = this.#thrown;
    return thrown !== undefined && thrown === number ? { value } : undefined;
  }

  async #supplied() {
    const given = this.#given;
    if (typeof given === 'function') return partsOf(await given());
    const credentials = await given.getAwsSecurityCredentials(this.#context);
    const parts = partsOf({ ...credentials, sessionToken: credentials?.token });
    return { ...parts, region: textOf('region', await given.getAwsRegion(this.#context)) };
  }

  #fail(question, value) {
    if (value instanceof Unusable) {
      question.refuse(value.message);
      return;
    }
    const number = (this.#thrown.number + 1) % 2 ** 32;
    if (question.fail(wordsOf(value), number)) this.#thrown = { number, value };
  }
}

/** The parts of an identity, checked by type; what they mean is core's to judge. */
function partsOf(given) {
  if (typeof given !== 'object' || given === null)
    throw new Unusable(`${given == null ? given : `a value of type ${typeof given}`} in place of credentials`);
  const parts = {
    accessKeyId: textOf('accessKeyId', given.accessKeyId),
    secretAccessKey: textOf('secretAccessKey', given.secretAccessKey),
    sessionToken: textOf('sessionToken', given.sessionToken),
    expiresAt: endOf(given.expiration),
    region: textOf('region', given.region),
  };
  for (const name of ['accessKeyId', 'secretAccessKey']) {
    if (parts[name] === undefined) throw new Unusable(`no \`${name}\``);
  }
  return parts;
}

function textOf(name, value) {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw new Unusable(`a \`${name}\` that is ${kindOf(value)}, and not a string`);
}

/** Milliseconds since 1970. A date may be of another realm, as under Jest. */
function endOf(value) {
  if (value === undefined || value === null) return undefined;
  const end = typeof value.getTime === 'function' ? value.getTime() : undefined;
  if (typeof end === 'number' && !Number.isNaN(end)) return end;
  throw new Unusable(`an \`expiration\` that is ${kindOf(value)}, and not a valid Date`);
}

/** A value's type. (The value itself may be a secret.) */
function kindOf(value) {
  if (value === undefined || value === null) return String(value);
  return `of type ${typeof value}`;
}

function wordsOf(value) {
  try {
    return String(value);
  } catch {
    return 'something without words';
  }
}

module.exports = { Supplier, questionHere };
